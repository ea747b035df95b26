import { strict as assert } from "node:assert";
import fc from "fast-check";
import { isUnsettled, nextStep, noted, type Direction, type RunSeen } from "../../../core/migrations/step";
import { note } from "./support";

const ACT = { at: "2026-11-21T20:00:00.000Z", by: "ann@build-7 (pid 4711)" };

const seen = (run: number, state: RunSeen["state"], direction: Direction = "up"): RunSeen => ({
  job: `web-${direction}-abc-${run}`,
  run,
  state,
  direction,
});

describe("the next step of a migration", () => {
  const first = seen(1, "active");
  const cases = [
    ["nothing is known: it begins", undefined, [], "up", { kind: "start", run: 1 }],
    ["it was about to begin, and its mover died: it begins", ["begun", 0], [], "up", { kind: "start", run: 1 }],
    ["it runs, whoever began it: it is waited for", ["begun", 0], [first], "up", { kind: "wait", seen: first }],
    [
      "it has ended and nobody wrote that down: its Job is the proof",
      ["begun", 0],
      [seen(1, "complete")],
      "up",
      { kind: "note", seen: seen(1, "complete") },
    ],
    ["it has run: nothing", ["up", 1], [seen(1, "complete")], "up", { kind: "done" }],
    ["it has run and its Job is long gone: nothing", ["up", 1], [], "up", { kind: "done" }],
    [
      "the notes are gone and its Job is there: that is enough",
      undefined,
      [seen(1, "complete")],
      "up",
      { kind: "note", seen: seen(1, "complete") },
    ],
    ["it failed: another run", ["up failed", 1], [seen(1, "failed")], "up", { kind: "start", run: 2 }],
    ["it was taken back: it runs again", ["down", 2], [], "up", { kind: "start", run: 3 }],
    [
      "taking it back failed: it runs again, for nobody knows what is left",
      ["down failed", 2],
      [],
      "up",
      { kind: "start", run: 3 },
    ],
    ["it is to be taken back", ["up", 1], [seen(1, "complete")], "down", { kind: "start", run: 2 }],
    [
      "it is being taken back and is wanted again: first that ends",
      ["up", 1],
      [seen(1, "complete"), seen(2, "active", "down")],
      "up",
      { kind: "wait", seen: seen(2, "active", "down") },
    ],
    ["taken back is taken back", ["down", 2], [seen(2, "complete", "down")], "down", { kind: "done" }],
  ] as const;
  for (const [name, known, runs, wanted, step] of cases)
    it(name, () => {
      assert.deepEqual(nextStep(known && { state: known[0], run: known[1] }, runs, wanted), step);
    });

  it("tells which ends nobody has written down", () => {
    assert.equal(isUnsettled({ run: 1 }, [seen(1, "complete")]), false);
    assert.equal(isUnsettled({ run: 1 }, [seen(1, "complete"), seen(2, "active", "down")]), true);
  });

  it("writes down how a run ended", () => {
    const state = (one: RunSeen) => noted(note(), one, ACT).state;
    assert.deepEqual(
      [seen(2, "complete"), seen(2, "failed"), seen(2, "complete", "down"), seen(2, "failed", "down")].map(state),
      ["up", "up failed", "down", "down failed"],
    );
  });
});

/** A cluster of which only what matters is left, and a mover that may die between any two of its acts. */
class World {
  known: ReturnType<typeof note> | undefined;
  readonly jobs = new Map<number, RunSeen>();
  readonly ended: { direction: Direction; ok: boolean }[] = [];
  private waited: number | undefined;

  die(): void {
    this.waited = undefined;
  }

  /** A noted Job has a time to live; one that is not noted has none. */
  collectGarbage(): void {
    for (const run of this.jobs.keys()) if (run <= (this.known?.run ?? 0)) this.jobs.delete(run);
  }

  /** One act of a mover. @returns whether it is done or has given up. */
  act(wanted: Direction, ok: boolean): "goes on" | "done" | "failed" {
    const step = nextStep(this.known, [...this.jobs.values()], wanted);
    if (step.kind === "done") return "done";
    if (step.kind === "wait") {
      this.jobs.set(step.seen.run, { ...step.seen, state: ok ? "complete" : "failed" });
      this.ended.push({ direction: step.seen.direction, ok });
      this.waited = step.seen.run;
    } else if (step.kind === "note") {
      this.known = noted(this.known ?? note({ state: "begun", run: 0 }), step.seen, ACT);
      if (step.seen.state === "failed" && this.waited === step.seen.run) return "failed";
    } else if (this.known === undefined) this.known = note({ state: "begun", run: 0 });
    else {
      assert.ok(![...this.jobs.values()].some(({ state }) => state === "active"), "two runs at once");
      this.jobs.set(step.run, seen(step.run, "active", wanted));
    }
    return "goes on";
  }
}

describe("a mover that is killed anywhere, again and again", () => {
  const act = fc.record({ dies: fc.boolean(), collects: fc.boolean(), ok: fc.boolean() });

  it("runs up to its success once, then never again", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const world = new World();
        for (const { dies, collects, ok } of acts) {
          world.act("up", ok);
          if (dies) world.die();
          if (collects) world.collectGarbage();
        }
        const successes = world.ended.filter(({ ok }) => ok).length;
        assert.ok(successes <= 1);
        while (world.act("up", true) !== "done");
        assert.equal(world.ended.filter(({ ok }) => ok).length, 1);
      }),
    );
  });

  it("has in the end what is wanted last, and never runs one direction twice in a row", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(act, fc.constantFrom<Direction>("up", "down")), { maxLength: 60 }), (acts) => {
        const world = new World();
        for (const [{ dies, collects }, wanted] of acts) {
          world.act(wanted, true);
          if (dies) world.die();
          if (collects) world.collectGarbage();
        }
        while (world.act("up", true) !== "done");
        const directions = world.ended.map(({ direction }) => direction);
        assert.equal(directions.at(-1), "up");
        directions.forEach((one, index) => {
          assert.notEqual(one, directions[index + 1]);
        });
      }),
    );
  });
});
