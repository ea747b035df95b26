import { strict as assert } from "node:assert";
import fc from "fast-check";
import { isPromotable } from "../../../cli/unfinished";
import { weightsFor } from "../../../core/rollout/color";
import { boundariesOf, boundariesOfMove } from "../../../core/rollout/journal";
import type { ActualRollout } from "../../../core/rollout/plan";
import {
  asRollback,
  emptyRecord,
  parseRecord,
  unfinishedRollback,
  withDeployment,
  withMove,
  withParked,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { statusText } from "../../../core/rollout/status";
import { ALL_AT_ONCE, stepsAfter, stepsFrom } from "../../../core/rollout/strategy";
import { bound, fact, release } from "./support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "x", reason: "because" };
const one = withDeployment(emptyRecord(), "blue", bound("r1"), act);
const two = withDeployment(one, "green", bound("r2"), act);
const forward = withMove(one, "green", release("r2").id, 0, weightsFor("green", 50));
const back = asRollback(withMove(two, "blue", release("r1").id, 0, weightsFor("blue")));

const world = (record: RolloutRecord): ActualRollout => ({
  live: record.live,
  weights: record.weights,
  foreign: null,
  colors: { blue: fact("r1"), green: fact("r2") },
  record,
});

describe("an interrupted rollback", () => {
  it("is known by its record, with the release that it was on its way to, until it is done or undone", () => {
    assert.equal(unfinishedRollback(back)?.release.id, release("r1").id);
    assert.equal(unfinishedRollback(parseRecord(JSON.stringify(back), "here"))?.order, 1);
    for (const record of [two, forward, withRollback(back, "blue", bound("r1"), act), withStop(back, bound("r1"), act)])
      assert.equal(unfinishedRollback(record), undefined);
  });

  it("is no promotion's business, and status says how to end it", () => {
    assert.equal(isPromotable(world(back), null), false);
    const seen = { name: "svc", target: "c", url: "u", actual: world(back), mover: null };
    assert.match(
      statusText([seen]).join("\n"),
      /a rollback was left unfinished: 100 % .* hms-deploy rollback again, or/,
    );
  });
});

describe("a promotion", () => {
  const mover = { user: "bob", host: "h", pid: 1, id: "1-1" };

  it("goes on with what is parked, and with what a dead mover left, but not with what somebody moves", () => {
    const parked = withParked(forward, release("r2"), { until: act.at, evidence: [] }, act);
    assert.deepEqual(
      [isPromotable(world(parked), null), isPromotable(world(parked), mover)],
      [true, true],
      "who holds a lease beside a parked move is refused by the lease",
    );
    assert.deepEqual([isPromotable(world(forward), null), isPromotable(world(forward), mover)], [true, false]);
    assert.equal(isPromotable(world(one), null), false);
  });

  it("goes through the step again that a move was left in, and ends with all the traffic", () => {
    const strategy = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })
      .map((weights) =>
        [...weights.sort((a, b) => a - b), 100].map((weight) => ({ weight, holdSeconds: 0, gates: [] })),
      );
    fc.assert(
      fc.property(strategy, fc.nat(5), (steps, index) => {
        const left = steps[Math.min(index, steps.length - 1)];
        assert.ok(left);
        assert.deepEqual(stepsFrom(steps, left.weight), [left, ...stepsAfter(steps, left.weight)]);
      }),
    );
    assert.deepEqual(stepsFrom(ALL_AT_ONCE, 50), ALL_AT_ONCE);
  });
});

describe("the boundaries of a move whose release stands proven", () => {
  it("are those of a new release but what makes and proves its color", () => {
    const move = boundariesOfMove(2);
    assert.deepEqual([move[0], move[1], move.at(-1)], ["lease-taken", "armed", "lease-returning"]);
    assert.deepEqual(
      boundariesOf(2).filter((boundary) => !move.includes(boundary)),
      ["color-emptied", "workload-up", "verification-passed", "proven"],
    );
  });
});
