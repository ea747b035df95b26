import { strict as assert } from "node:assert";
import fc from "fast-check";
import { StepWatch } from "../../../core/gates/stepWatch";
import type { Verdict } from "../../../core/gates/verdict";
import { look, shareGate } from "./support";

const GATE = shareGate({ name: "a", everySeconds: 5, withinSeconds: 60, consecutive: 3 });

/** A watch that has looked every 5 s and found these verdicts. */
function watched(verdicts: readonly Verdict[], hold = 0, gate = GATE): { watch: StepWatch; now: number } {
  let watch = new StepWatch([gate], hold);
  let now = 0;
  for (const verdict of verdicts) {
    now += gate.everySeconds;
    watch = watch.with([look(gate.name, verdict)], now);
  }
  return { watch, now };
}

const outcome = (verdicts: readonly Verdict[], hold = 0, gate = GATE) => {
  const { watch, now } = watched(verdicts, hold, gate);
  return watch.outcome(now).kind;
};

describe("StepWatch", () => {
  for (const [verdicts, expected] of [
    [[], "watching"],
    [["pass", "pass"], "watching"],
    [["pass", "pass", "pass"], "passed"],
    [["pass", "pass", "inconclusive", "pass"], "watching"],
    [["pass", "pass", "inconclusive", "pass", "pass", "pass"], "passed"],
    [["fail"], "failed"],
    [["pass", "pass", "pass", "fail"], "failed"],
  ] as const) {
    it(`is ${expected} after ${verdicts.length === 0 ? "no look" : verdicts.join(", ")}`, () => {
      assert.equal(outcome(verdicts), expected);
    });
  }

  it("passes at once without gates, and not before the hold is over", () => {
    assert.equal(new StepWatch([], 0).outcome(0).kind, "passed");
    assert.equal(new StepWatch([], 10).outcome(9.9).kind, "watching");
    assert.equal(new StepWatch([], 10).outcome(10).kind, "passed");
    assert.equal(outcome(["pass", "pass", "pass"], 16), "watching");
    assert.equal(outcome(["pass", "pass", "pass", "pass"], 16), "passed");
  });

  it("waits for every gate, and lets one that fails win over all others", () => {
    const other = { ...GATE, name: "b" };
    let watch = new StepWatch([GATE, other], 0);
    for (const now of [5, 10, 15]) watch = watch.with([look("a", "pass")], now);
    assert.equal(watch.outcome(15).kind, "watching");
    const failed = watch.with([look("b", "fail")], 15).outcome(15);
    assert.ok(failed.kind === "failed");
    assert.equal(failed.evidence.gate, "b");
    // Even after its deadline: what failed is not called unproven.
    assert.equal(watch.with([look("b", "fail")], 100).outcome(100).kind, "failed");
  });

  it("gives up at the deadline, and names the gates that are missing with what they last said", () => {
    const { watch } = watched(Array<Verdict>(12).fill("inconclusive"));
    assert.equal(watch.outcome(60).kind, "watching");
    const late = watch.outcome(60.1);
    assert.ok(late.kind === "inconclusive");
    assert.deepEqual(late.missing, ["a"]);
    assert.deepEqual(
      late.evidence.map(({ verdict }) => verdict),
      ["inconclusive"],
    );
  });

  it("gives up on a gate that was never looked at", () => {
    const late = new StepWatch([GATE], 0).outcome(61);
    assert.ok(late.kind === "inconclusive");
    assert.deepEqual([late.missing, late.evidence], [["a"], []]);
  });

  it("leaves time for one more run when a look at the end of a long hold cannot tell", () => {
    const passes = Array<Verdict>(19).fill("pass");
    const { watch, now } = watched([...passes, "inconclusive"], 100);
    assert.equal(now, 100);
    assert.equal(watch.outcome(101).kind, "watching");
    let mended = watch;
    for (const at of [105, 110, 115]) mended = mended.with([look("a", "pass")], at);
    assert.equal(mended.outcome(115).kind, "passed");
    assert.equal(watch.outcome(121).kind, "inconclusive");
  });

  it("is due every so often, counted from the last look, and says how long to wait", () => {
    const first = new StepWatch([GATE], 0);
    assert.deepEqual(first.due(4.9), []);
    assert.equal(first.waitSeconds(1), 4);
    assert.deepEqual(first.due(5), [GATE]);
    const second = first.with([look("a", "pass")], 6);
    assert.deepEqual(second.due(10.9), []);
    assert.deepEqual(second.due(11), [GATE]);
    assert.equal(new StepWatch([], 30).waitSeconds(10), 20);
    assert.equal(first.waitSeconds(7), 0.1);
  });

  it("describes each gate and how far it is", () => {
    const watch = new StepWatch([GATE, { ...GATE, name: "b" }], 0).with([look("a", "pass")], 5);
    assert.equal(watch.describe(), "a 1 (1 requests): pass, 1 of 3; b: not looked at yet");
  });

  it("passes exactly when the last looks are passes in a row, as many as asked, and none ever failed before", () => {
    const verdict = fc.constantFrom<Verdict>("pass", "inconclusive");
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (verdicts, consecutive) => {
        const run = verdicts.slice(verdicts.length - consecutive);
        const expected = verdicts.length >= consecutive && run.every((one) => one === "pass");
        assert.equal(outcome(verdicts, 0, { ...GATE, consecutive }) === "passed", expected);
      }),
    );
  });
});
