import { strict as assert } from "node:assert";
import fc from "fast-check";
import { stepsOf, strategySchema } from "../../../core/service/strategy";
import { weightsFor } from "../../../core/rollout/color";
import { actualRollout } from "../../../core/rollout/observe";
import { planRollout, type ActualRollout } from "../../../core/rollout/plan";
import {
  emptyRecord,
  findHold,
  parseRecord,
  withDeployment,
  withFailure,
  withGivenUp,
  withMove,
  withParked,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { replicasOf } from "../../../core/rollout/size";
import { parkedText, serviceStatus, statusText } from "../../../core/rollout/status";
import { ALL_AT_ONCE, PARKED_SECONDS, parkedFirst, stepsAfter, strategyProblems } from "../../../core/rollout/strategy";
import { bound, fact, release } from "./support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "x" };
const until = "2026-01-02T00:00:00.000Z";
const evidence = [{ gate: "p95-latency", value: 0.0123, samples: 400 }];
const live = withDeployment(emptyRecord(), "blue", bound("r1"), act);
const moving = withMove(live, "green", release("r2").id, 0, weightsFor("green", 1));
const parked = withParked(moving, release("r2"), { until, evidence }, act);

const world = (record: RolloutRecord): ActualRollout => ({
  live: "blue",
  weights: record.weights,
  foreign: null,
  colors: { blue: fact("r1"), green: fact("r2") },
  record,
});

describe("a parked move", () => {
  it("plans nothing for the release that is parked", () => {
    const plan = planRollout(world(parked), { release: release("r2"), retry: false });
    assert.equal(plan.kind, "parked");
    assert.deepEqual([plan.live, plan.from, plan.changes, plan.parkedShare], ["blue", "blue", null, 1]);
    assert.match(plan.why, /parked on green with 1 % of the traffic until 2026-01-02/);
  });

  it("keeps its pods, however long ago the last move was", () => {
    const actual = world(parked);
    const plan = planRollout(actual, { release: release("r2"), retry: false });
    const late = new Date("2027-01-01T00:00:00.000Z");
    assert.equal(replicasOf("green", plan, actual, { replicas: 3, retainSeconds: 60 }, late), 3);
  });

  it("is given up for another release, and for the live one", () => {
    const other = planRollout(world(parked), { release: release("r3"), retry: false });
    assert.deepEqual([other.kind, other.changes], ["deploy", "green"]);
    const back = planRollout(world(parked), { release: release("r1"), retry: false });
    assert.deepEqual([back.kind, back.parkedShare], ["settled", undefined]);
  });

  it("is not parked while it is moving, nor when another release stands on its color", () => {
    assert.equal(planRollout(world(moving), { release: release("r2"), retry: false }).kind, "switch");
    const replaced = { ...world(parked), colors: { blue: fact("r1"), green: fact("r9") } };
    assert.equal(planRollout(replaced, { release: release("r2"), retry: false }).kind, "deploy");
  });

  it("keeps the color it left as the live one, by the route's weights", () => {
    const workloads = { blue: undefined, green: undefined };
    const seen = actualRollout({
      route: { weights: parked.weights, writer: "hms", record: parked },
      copy: undefined,
      workloads,
    });
    assert.deepEqual([seen.live, seen.foreign], ["blue", null]);
  });

  it("survives being written and read", () => {
    assert.deepEqual(parseRecord(JSON.stringify(parked), "here"), parked);
  });

  it("reads records written before there was parking", () => {
    const { move, ...rest } = moving;
    const old = { ...rest, move: { from: move?.from, to: move?.to, release: move?.release, step: 0 } };
    assert.equal(parseRecord(JSON.stringify(old), "here").move?.parked, null);
  });

  it("shows in status, with what its gates said", () => {
    const seen = { name: "svc", target: "c", url: "u", actual: world(parked), mover: null };
    assert.equal(serviceStatus(seen).phase, "parked");
    assert.match(
      statusText([seen]).join("\n"),
      /parked since 2026-01-01\S+: 1 % of the traffic is on green, until 2026-01-02/,
    );
    assert.equal(parkedText(world(parked)), "1% traffic healthy (p95=12 ms)");
    assert.equal(parkedText(world(live)), undefined);
    const blind = withParked(moving, release("r2"), { until, evidence: [] }, act);
    assert.equal(parkedText(world(blind)), "1% traffic, no gates");
  });

  it("says of a move that was left unfinished how to end it", () => {
    const seen = { name: "svc", target: "c", url: "u", actual: world(moving), mover: null };
    assert.match(
      statusText([seen]).join("\n"),
      /left unfinished: 1 % of the traffic is on green; deploy again, or hms-deploy abort/,
    );
  });

  for (const [name, end, held] of [
    ["a failed gate", withFailure, "failed"],
    ["a person", withGivenUp, "rolledBack"],
    ["a dead mover", withStop, undefined],
  ] as const) {
    it(`goes back whole after ${name}`, () => {
      for (const before of [moving, parked]) {
        const record = end(before, release("r2"), { ...act, reason: "because" });
        assert.deepEqual([record.live, record.weights, record.move], ["blue", weightsFor("blue"), null]);
        assert.equal(findHold(record, release("r2").id)?.kind, held);
        assert.equal(record.events.at(-1)?.kind, "restore");
        assert.ok(record.sequence > before.sequence);
      }
    });
  }

  it("cannot be parked without a move", () => {
    assert.throws(() => withParked(live, release("r2"), { until, evidence }, act), /only a move that is under way/);
  });
});

describe("strategy of a service", () => {
  const gates = ["error-share", "p95-latency"];
  const steps = (value: unknown) => stepsOf(strategySchema.parse(value), gates);

  it("names every gate unless told otherwise, and fills in what is left out", () => {
    assert.deepEqual(
      steps([
        { weight: "1%", hold: "2m", pause: true },
        { weight: 25, gates: ["error-share"] },
        { weight: 100, hold: "5m", gates: "none" },
      ]),
      [
        { weight: 1, holdSeconds: 120, gates, pauseSeconds: PARKED_SECONDS },
        { weight: 25, holdSeconds: 0, gates: ["error-share"] },
        { weight: 100, holdSeconds: 300, gates: [] },
      ],
    );
  });

  const bad: readonly (readonly [string, unknown])[] = [
    ["no list", { weight: 1 }],
    ["no step", []],
    ["falling weights", [{ weight: 50 }, { weight: 20 }, { weight: 100 }]],
    ["an end below 100", [{ weight: 50 }]],
    ["half a percent", [{ weight: 0.5 }, { weight: 100 }]],
    ["nothing", [{ weight: 0 }, { weight: 100 }]],
    ["more than all", [{ weight: 101 }]],
    ["a pause after everything has moved", [{ weight: 100, pause: true }]],
    ["a pause of no time", [{ weight: 1, pause: "0s" }, { weight: 100 }]],
    ["a pause that says no", [{ weight: 1, pause: false }, { weight: 100 }]],
    ["a hold without a unit", [{ weight: 1, hold: 120 }, { weight: 100 }]],
    ["an unknown key", [{ weight: 1, wait: "2m" }, { weight: 100 }]],
    ["gates by a wrong word", [{ weight: 1, gates: "some" }, { weight: 100 }]],
  ];
  for (const [name, value] of bad) {
    it(`refuses ${name}`, () => {
      assert.equal(strategySchema.safeParse(value).success, false);
    });
  }

  it("refuses a step that names a gate nobody has", () => {
    const problems = strategyProblems([{ weight: 100, holdSeconds: 0, gates: ["eror-share"] }], gates);
    assert.match(problems.join(), /steps\[0\].gates names eror-share, .* known are error-share, p95-latency/);
  });
});

describe("parts of a strategy", () => {
  const weights = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 6 })
    .map((some) => [...some.sort((a, b) => a - b), 100]);
  const strategy = weights.map((some) => some.map((weight) => ({ weight, holdSeconds: 0, gates: ["g"] })));
  const share = fc.integer({ min: 1, max: 99 });

  it("parks first at the share asked for, and goes on with the steps above it", () => {
    fc.assert(
      fc.property(strategy, share, (steps, weight) => {
        const [first, ...rest] = parkedFirst(steps, weight, ["g"]);
        assert.equal(first?.weight, weight);
        assert.equal(first?.pauseSeconds, PARKED_SECONDS);
        assert.deepEqual(rest, stepsAfter(steps, weight));
        assert.deepEqual(strategyProblems([first, ...rest]), []);
      }),
    );
  });

  it("leaves the last step to every promotion", () => {
    fc.assert(
      fc.property(strategy, share, (steps, weight) => {
        assert.equal(stepsAfter(steps, weight).at(-1)?.weight, 100);
      }),
    );
    assert.deepEqual(stepsAfter(ALL_AT_ONCE, 1), ALL_AT_ONCE);
  });
});
