import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  boundariesOf,
  isIntent,
  KEPT_ENTRIES,
  parseJournal,
  stepBoundary,
  withEntry,
  type Journal,
  type JournalEntry,
} from "../../../core/rollout/journal";

const entry = (boundary: string, token = 1): JournalEntry => ({
  at: "2026-01-01T00:00:00.000Z",
  boundary,
  token,
  release: "r1",
});

describe("the journal of a rollout", () => {
  it("knows every boundary of a move in order, each once, from the lease to the lease", () => {
    const two = boundariesOf(2);
    assert.deepEqual(new Set(two).size, two.length);
    assert.deepEqual([two[0], two.at(-1)], ["lease-taken", "lease-returning"]);
    const order = ["proven", "step-1-begun", "step-1-passed", "step-2-begun", "step-2-passed", "committed"] as const;
    const places = order.map((boundary) => two.indexOf(boundary));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      places.join(", "),
    );
  });

  it("adds the same boundaries for each further step", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (steps) => {
        const more = boundariesOf(steps + 1).filter((boundary) => !boundariesOf(steps).includes(boundary));
        assert.deepEqual(
          more,
          (["begun", "written", "in-force", "passed"] as const).map((phase) => stepBoundary(steps, phase)),
        );
      }),
    );
  });

  it("must be able to note what moves traffic next, and nothing else", () => {
    assert.deepEqual(boundariesOf(2).filter(isIntent), ["step-1-begun", "step-2-begun"]);
  });

  it("keeps the newest entries and stays small enough for an annotation", () => {
    let journal: Journal = [];
    for (let i = 0; i < 3 * KEPT_ENTRIES; i++) journal = withEntry(journal, entry(stepBoundary(i, "in-force"), i));
    assert.equal(journal.length, KEPT_ENTRIES);
    assert.equal(journal.at(-1)?.token, 3 * KEPT_ENTRIES - 1);
    assert.ok(JSON.stringify(journal).length < 16 * 1024);
  });

  it("reads back what it wrote, and takes anything else for an empty journal", () => {
    const journal = [entry("lease-taken"), entry("armed", 2)];
    assert.deepEqual(parseJournal(JSON.stringify(journal)), journal);
    for (const text of [undefined, "", "{}", "[1]", '[{"boundary":"armed"}]']) assert.deepEqual(parseJournal(text), []);
  });
});
