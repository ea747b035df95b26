import { strict as assert } from "node:assert";
import fc from "fast-check";
import { defaultGates } from "../../../core/gates/defaults";
import type { Gate } from "../../../core/gates/gate";
import { deadlineOf, StepWatch } from "../../../core/gates/stepWatch";
import { samplesToExclude, tooThin, wasTooThin, type Looks } from "../../../core/gates/thinTraffic";
import { latencyGate, look, shareGate } from "./support";

const [ERRORS] = defaultGates();
assert.ok(ERRORS);
const errors: Gate = ERRORS;
const step = (weight: number, change: Partial<Looks> = {}): Looks => ({ weight, holdSeconds: 0, ...change });

describe("tooThin", () => {
  for (const [name, gate, at, perSecond] of [
    ["the requests come in time", errors, step(1), 150],
    ["the hold is long enough for them", errors, step(1, { holdSeconds: 3600 }), 10],
    ["synthetic requests are enough", errors, step(1, { syntheticPerSecond: 20 }), 0],
  ] as const) {
    it(`is silent when ${name}`, () => {
      assert.equal(tooThin(gate, at, perSecond), undefined);
    });
  }

  for (const [name, gate, at, perSecond, message] of [
    [
      "thin traffic",
      errors,
      step(1),
      10,
      "gate error-share needs 300 requests (rule of three) at 1 %; at 10 requests/s in all that takes about 51 min, and " +
        "the step gives up after 5 min; what would do: weight: 12, or hold: 51m, or synthetic: 20/s",
    ],
    [
      "requests that would come just in time, and leave none for the looks in a row",
      errors,
      step(1),
      100,
      "gate error-share needs 300 requests (rule of three) at 1 %; at 100 requests/s in all that takes about 6 min, and " +
        "the step gives up after 5 min; what would do: weight: 2, or hold: 6m, or synthetic: 20/s",
    ],
    [
      "a limit that needs more than the least number",
      shareGate({ limit: 0.001 }),
      step(5),
      100,
      "gate errors passes with 300 requests at 5 %, but only 3000 without an error exclude a share above 0.001 (rule of " +
        "three); at 100 requests/s in all that takes about 11 min, and the step gives up after 5 min; what would do: " +
        "weight: 12, or hold: 11m, or within: 11m of the KPI",
    ],
    [
      "no traffic",
      errors,
      step(50),
      0,
      "gate error-share needs 300 requests (rule of three) at 50 %; at 0 requests/s in all that takes forever, and the " +
        "step gives up after 5 min; what would do: synthetic: 20/s",
    ],
    [
      "no traffic for a gate that users alone can judge",
      latencyGate(),
      step(50, { syntheticPerSecond: 20 }),
      0,
      "gate latency needs 300 requests at 50 %; at 0 requests/s in all (synthetic load does not count for this gate) that " +
        "takes forever, and the step gives up after 5 min; no weight and no hold is enough; judge it by other gates, or " +
        "pause the step",
    ],
    [
      "hours",
      latencyGate(),
      step(5),
      0.3,
      "gate latency needs 300 requests at 5 %; at 0.3 requests/s in all that takes about 6 h, and the step gives up after " +
        "5 min; what would do: hold: 6h, or within: 6h of the KPI",
    ],
    [
      "a hold that is not long enough",
      errors,
      step(1, { holdSeconds: 600 }),
      10,
      "gate error-share needs 300 requests (rule of three) at 1 %; at 10 requests/s in all that takes about 51 min, and " +
        "the step gives up after 12 min; what would do: weight: 5, or hold: 51m, or synthetic: 20/s",
    ],
    [
      "synthetic load that is too thin itself",
      errors,
      step(1, { syntheticPerSecond: 1 }),
      0,
      "gate error-share needs 300 requests (rule of three) at 1 %; at 0 requests/s in all and 1 synthetic ones that takes " +
        "about 6 min, and the step gives up after 5 min; what would do: hold: 6m, or synthetic: 20/s",
    ],
  ] as const) {
    it(`says how long ${name} would take, and what to do`, () => {
      assert.equal(tooThin(gate, at, perSecond), message);
    });
  }

  it("follows the rule of three", () => {
    assert.deepEqual([0.01, 0.001, 0.05].map(samplesToExclude), [300, 3000, 60]);
  });

  const gates = fc
    .record({ every: fc.integer({ min: 1, max: 30 }), consecutive: fc.integer({ min: 1, max: 6 }) })
    .chain(({ every, consecutive }) =>
      fc.record({
        everySeconds: fc.constant(every),
        consecutive: fc.constant(consecutive),
        withinSeconds: fc.integer({ min: every * consecutive, max: every * consecutive + 200 }),
        minSamples: fc.integer({ min: 300, max: 2000 }),
      }),
    )
    .map((change): Gate => ({ ...errors, ...change }));
  const steps = fc.record({
    weight: fc.integer({ min: 1, max: 99 }),
    holdSeconds: fc.integer({ min: 0, max: 400 }),
  });

  it("is silent exactly when looks that pass once the requests are there end the step in time", () => {
    fc.assert(
      fc.property(gates, steps, fc.integer({ min: 0, max: 400 }), (gate, at, perSecond) => {
        let watch = new StepWatch([gate], at.holdSeconds);
        let now = 0;
        while (watch.outcome(now).kind === "watching") {
          now += 0.5;
          const enough = (now * perSecond * at.weight) / 100 >= gate.minSamples;
          const seen = watch.due(now).map(({ name }) => look(name, enough ? "pass" : "inconclusive"));
          watch = watch.with(seen, now);
        }
        assert.equal(tooThin(gate, at, perSecond) === undefined, watch.outcome(now).kind === "passed");
      }),
    );
  });

  it("offers only what is enough", () => {
    fc.assert(
      fc.property(gates, steps, fc.integer({ min: 0, max: 400 }), (gate, at, perSecond) => {
        const said = tooThin(gate, at, perSecond) ?? "";
        const [, weight] = /weight: (\d+)/.exec(said) ?? [];
        const [, rate] = /synthetic: (\d+)/.exec(said) ?? [];
        if (weight !== undefined) assert.equal(tooThin(gate, { ...at, weight: Number(weight) }, perSecond), undefined);
        if (rate !== undefined)
          assert.equal(tooThin(gate, { ...at, syntheticPerSecond: Number(rate) }, perSecond), undefined);
      }),
    );
  });
});

describe("wasTooThin", () => {
  it("tells from what came how long it would have taken", () => {
    assert.equal(
      wasTooThin(errors, step(1), 37, deadlineOf(errors, 0)),
      "users sent the release 37 requests in 5 min, and gate error-share needs 300, which takes about 42 min at that " +
        "rate; what would do: weight: 10, or hold: 42m, or synthetic: 20/s",
    );
  });
  it("does not offer what was there: synthetic requests at a rate that is enough lack something else", () => {
    assert.equal(wasTooThin(errors, step(1, { syntheticPerSecond: 20 }), 0, 300), undefined);
  });
  it("is silent when the release had its requests: the live one lacked them", () => {
    assert.equal(wasTooThin(errors, step(90), 300, 300), undefined);
  });
});
