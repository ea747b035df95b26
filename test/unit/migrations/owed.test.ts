import { strict as assert } from "node:assert";
import { describeOwed, isInUse, owedDowns } from "../../../core/migrations/owed";
import type { MigrationNote } from "../../../core/migrations/note";
import { weightsFor, type Color } from "../../../core/rollout/color";
import type { ActualRollout } from "../../../core/rollout/plan";
import {
  emptyRecord,
  withDeployment,
  withFailure,
  withMove,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { withScheduled } from "../../../core/rollout/scheduled";
import { statusText } from "../../../core/rollout/status";
import { bound, fact, release } from "../rollout/support";
import { note, work } from "./support";

const act = { at: "2026-11-21T20:00:00.000Z", by: "someone", reason: "so" };
const deployed = (record: RolloutRecord, color: Color, name: string) => withDeployment(record, color, bound(name), act);
const a = deployed(emptyRecord(), "blue", "a");
const ab = deployed(a, "green", "b");
const abc = deployed(ab, "blue", "c");

const SCHEDULE = {
  at: "2027-01-01T08:00:00.000Z",
  zone: "UTC",
  text: "2027-01-01 08:00 UTC",
  color: "green",
  onFreeze: "fire",
  expiresAfterSeconds: 3600,
  graceSeconds: 60,
} as const;

/** Live is what the record says; the other color runs `idle`. */
const actual = (record: RolloutRecord, idle: string | null, share = 0): ActualRollout => {
  const live = record.live ?? "blue";
  const name = record.colors[live]?.tag.toLowerCase() ?? "a";
  const [mine, other] = [fact(name), idle === null ? null : fact(idle)];
  return {
    live: record.live,
    weights: weightsFor(live, 100 - share),
    foreign: null,
    colors: live === "blue" ? { blue: mine, green: other } : { blue: other, green: mine },
    record,
  };
};
const id = (name: string) => release(name).id;
const notes = (all: Readonly<Record<string, Partial<MigrationNote>>>) =>
  new Map(Object.entries(all).map(([name, change], index) => [id(name), note({ serial: index + 1, ...change })]));
const names = (ids: readonly string[]) => ids.map((one) => ["a", "b", "c", "d"].find((name) => id(name) === one));
const owed = (of: ReturnType<typeof notes>, world: ActualRollout, wanted?: string) =>
  names(owedDowns(of, world, wanted === undefined ? undefined : id(wanted)));

const failed = (record: RolloutRecord, name: string) => withFailure(record, release(name), act);
const moving = withMove(a, "green", id("b"), 0, weightsFor("green", 50));

describe("a release owes its down", () => {
  const b = notes({ b: { since: 1 } });

  it("when it failed, before traffic or after some", () => {
    assert.deepEqual(owed(b, actual(failed(a, "b"), "b")), ["b"]);
    assert.deepEqual(owed(b, actual(failed(moving, "b"), "b")), ["b"]);
  });

  it("when somebody went back from it", () => {
    assert.deepEqual(owed(b, actual(withRollback(ab, "blue", bound("a"), act), "b")), ["b"]);
  });

  it("the last one first, when somebody went back further", () => {
    const both = notes({ b: { since: 1 }, c: { since: 2 } });
    const back = withRollback(abc, "green", bound("a"), act);
    assert.deepEqual(owed(both, actual(back, "c")), ["c", "b"]);
  });

  it("also when running it failed before", () => {
    assert.deepEqual(owed(notes({ b: { state: "down failed" } }), actual(failed(a, "b"), "b")), ["b"]);
  });

  it("when it was stopped and another one is wanted; not while nothing is, and not when it is", () => {
    const stopped = actual(withStop(moving, release("b"), act), "b");
    assert.deepEqual(owed(b, stopped), []);
    assert.deepEqual(owed(b, stopped, "b"), []);
    assert.deepEqual(owed(b, stopped, "c"), ["b"]);
    assert.deepEqual(owed(b, stopped, "a"), ["b"]);
  });

  it("and hms status says so", () => {
    const world = actual(failed(a, "b"), "b");
    const seen = { name: "web", target: "t", url: "http://web", actual: world, mover: null };
    const lines = statusText([{ ...seen, owed: describeOwed(b, world) }]);
    assert.equal(
      lines.at(-1),
      `  down of v2 (${id("b")}) is owed; hms-deploy abort runs it, and so does the next update`,
    );
  });

  it("not when it is tried again", () => {
    assert.deepEqual(owed(b, actual(failed(a, "b"), "b"), "b"), []);
  });
});

describe("a release owes no down", () => {
  const held = actual(failed(a, "b"), "b");

  for (const state of ["begun", "up failed", "down"] as const)
    it(`when its note says ${state}`, () => {
      assert.deepEqual(owed(notes({ b: { state } }), held, "c"), []);
    });

  it("when it did not ask for it, or has none", () => {
    const { down: _none, ...upOnly } = work();
    assert.deepEqual(owed(notes({ b: { work: work({ downOnRestore: false }) } }), held, "c"), []);
    assert.deepEqual(owed(notes({ b: { work: upOnly } }), held, "c"), []);
  });

  it("while it is live, has a share of the traffic, is on its way, or is scheduled", () => {
    const b = notes({ b: { since: 1 } });
    const waits = withScheduled(a, { ...SCHEDULE, release: id("b"), tag: "B", image: "i" }, 7, act);
    const cases = [
      actual(waits, "b"),
      actual(ab, "a"),
      actual(failed(a, "b"), "b", 1),
      actual(moving, "b", 50),
      actual(moving, "b"),
    ];
    for (const world of cases) {
      assert.ok(isInUse(world, id("b")));
      assert.deepEqual(owed(b, world, "c"), []);
    }
  });

  it("when the live one was deployed after it, and may build on it", () => {
    const old = notes({ b: { since: 1 } });
    // Somebody wanted the older one again, on top of what is live, and it failed its gates.
    assert.deepEqual(owed(old, actual(failed(abc, "b"), "b")), []);
    assert.deepEqual(owed(old, actual(failed(abc, "b"), "b"), "d"), []);
  });

  it("when it was live and was followed by another one", () => {
    assert.deepEqual(owed(notes({ a: { since: 0 }, b: { since: 1 } }), actual(abc, "b"), "d"), []);
  });
});
