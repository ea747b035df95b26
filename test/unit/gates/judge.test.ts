import { strict as assert } from "node:assert";
import fc from "fast-check";
import type { Gate } from "../../../core/gates/gate";
import { describeEvidence, FEWEST_TO_FAIL, judge, wilson, type Reading } from "../../../core/gates/verdict";
import { latencyGate, reading, SEEN, shareGate } from "./support";

const cases: readonly (readonly [
  name: string,
  gate: Gate,
  canary: Reading,
  live: Reading | null,
  verdict: string,
  why: RegExp,
])[] = [
  ["no value", shareGate(), reading(null), null, "inconclusive", /^no value for the new release$/],
  ["NaN", shareGate(), reading(Number.NaN), null, "inconclusive", /^no value for the new release$/],
  ["an infinite value", shareGate(), reading(Infinity), null, "inconclusive", /^no value for the new release$/],
  ["no samples", shareGate(), reading(0, null), null, "inconclusive", /^no requests of the new release were measured$/],
  [
    "nothing measured any more",
    shareGate(),
    reading(0, 1000, { ageSeconds: null }),
    null,
    "inconclusive",
    /^nothing is measured of the new release$/,
  ],
  [
    "a stale measurement",
    shareGate(),
    reading(0, 1000, { ageSeconds: 16 }),
    null,
    "inconclusive",
    /^the newest measurement of the new release is 16 s old$/,
  ],
  [
    "an old measurement where three of them are missing",
    shareGate(),
    reading(0, 1000, { ageSeconds: 91, intervalSeconds: 30 }),
    null,
    "inconclusive",
    /is 91 s old$/,
  ],
  [
    "an old measurement where they come rarely",
    shareGate(),
    reading(0, 1000, { ageSeconds: 40, intervalSeconds: 30 }),
    null,
    "pass",
    /^holds$/,
  ],
  [
    "a question that could not be asked",
    shareGate(),
    { value: null, samples: null, ageSeconds: null, problem: "Prometheus is away" },
    null,
    "inconclusive",
    /^Prometheus is away$/,
  ],
  ["too few good answers", shareGate(), reading(0, 299), null, "inconclusive", /^299 of 300 requests seen$/],
  ["enough good answers", shareGate(), reading(0.01, 300), null, "pass", /^holds$/],
  [
    "errors that chance may explain",
    shareGate(),
    reading(4 / 300, 300),
    null,
    "inconclusive",
    /may show it by chance$/,
  ],
  ["a few answers, all errors", shareGate(), reading(1, FEWEST_TO_FAIL), null, "fail", /^does not hold$/],
  ["fewer than prove anything", shareGate(), reading(1, FEWEST_TO_FAIL - 1), null, "inconclusive", /^19 of 300/],
  ["a proven error share", shareGate(), reading(0.05, 400), null, "fail", /^does not hold$/],
  [
    "a share of good answers that is too small",
    shareGate({ comparison: ">=", limit: 0.99 }),
    reading(0.9, 400),
    null,
    "fail",
    /^does not hold$/,
  ],
  ["a measure on the wrong side", latencyGate({ relativeTo: "value" }), reading(3), null, "fail", /^does not hold$/],
  [
    "a measure on the wrong side of few requests",
    latencyGate({ relativeTo: "value" }),
    reading(3, 299),
    null,
    "inconclusive",
    /^299 of 300/,
  ],
  [
    "a measure on the wrong side that may be on the right one at best",
    latencyGate({ relativeTo: "value", proof: "p" }),
    reading(3, 300, { proof: 2 }),
    null,
    "inconclusive",
    /^does not hold, but 300 requests may show it by chance$/,
  ],
  [
    "a measure without the number that would prove it",
    latencyGate({ relativeTo: "value", proof: "p" }),
    reading(3, 300, { proof: null }),
    null,
    "inconclusive",
    /by chance$/,
  ],
  [
    "a measure on the wrong side even at best",
    latencyGate({ relativeTo: "value", proof: "p" }),
    reading(3, 300, { proof: 2.1 }),
    null,
    "fail",
    /^does not hold$/,
  ],
  ["twice the live value", latencyGate(), reading(0.2), reading(0.1), "pass", /^holds$/],
  ["more than twice the live value", latencyGate(), reading(0.21), reading(0.1), "fail", /^does not hold$/],
  ["nothing live", latencyGate(), reading(0.2), null, "inconclusive", /^there is no live release to compare with$/],
  ["no live value", latencyGate(), reading(0.2), reading(null), "inconclusive", /^no value for the live release$/],
  [
    "few requests of the live release",
    latencyGate(),
    reading(0.2),
    reading(0.1, 299),
    "inconclusive",
    /^299 of 300 requests of the live release seen$/,
  ],
  ["three times a tiny live value", latencyGate({ floor: 0.025 }), reading(0.003), reading(0.001), "pass", /^holds$/],
  ["a value above floor and factor", latencyGate({ floor: 0.025 }), reading(0.026), reading(0.001), "fail", /not hold/],
  ["a value within the floor, nothing live", latencyGate({ floor: 0.025 }), reading(0.025), null, "pass", /^holds$/],
  [
    "a value within the floor, of few",
    latencyGate({ floor: 0.025 }),
    reading(0.02, 10),
    null,
    "inconclusive",
    /^10 of/,
  ],
  [
    "a value above the floor, nothing live",
    latencyGate({ floor: 0.025 }),
    reading(0.03),
    null,
    "inconclusive",
    /no live release/,
  ],
  [
    "a floor from below",
    latencyGate({ comparison: ">=", limit: 0.5, floor: 10 }),
    reading(11),
    reading(100),
    "pass",
    /^holds$/,
  ],
  [
    "one error where the live release has none among few",
    shareGate({ relativeTo: "live", limit: 2 }),
    reading(1 / 300, 300),
    reading(0, 300),
    "inconclusive",
    /may show it by chance$/,
  ],
  [
    "many errors where the live release has none among many",
    shareGate({ relativeTo: "live", limit: 2 }),
    reading(0.05, 300),
    reading(0, 30_000),
    "fail",
    /^does not hold$/,
  ],
];

describe("judge", () => {
  for (const [name, gate, canary, live, verdict, why] of cases) {
    it(`${verdict}: ${name}`, () => {
      const evidence = judge(gate, canary, live, SEEN);
      assert.equal(evidence.verdict, verdict, describeEvidence(evidence));
      assert.match(evidence.why, why);
    });
  }

  it("keeps what it judged by: query, window, values, samples and the bound that counted", () => {
    assert.deepEqual(judge(latencyGate({ floor: 0.025 }), reading(0.05, 412), reading(0.04), SEEN), {
      gate: "latency",
      verdict: "pass",
      why: "holds",
      query: "q",
      windowSeconds: 60,
      value: 0.05,
      samples: 412,
      live: 0.04,
      bound: 0.08,
    });
  });

  it("says what it saw in one line", () => {
    assert.equal(
      describeEvidence(judge(shareGate(), reading(0.0521, 412.7), null, SEEN)),
      "errors 0.0521 (limit 0.01, 412 requests): does not hold",
    );
    assert.equal(
      describeEvidence(judge(latencyGate(), reading(null, null), null, SEEN)),
      "latency no value: no requests of the new release were measured",
    );
  });
});

const anyGate: fc.Arbitrary<Gate> = fc
  .record({
    comparison: fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const),
    relativeTo: fc.constantFrom("value" as const, "live" as const),
    kind: fc.constantFrom("share" as const, "measure" as const),
    limit: fc.double({ min: 0.001, max: 3, noNaN: true }),
    floor: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    minSamples: fc.integer({ min: 1, max: 500 }),
  })
  .map(({ floor, ...rest }) => shareGate({ ...rest, ...(floor === null ? {} : { floor }) }));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyReading: fc.Arbitrary<Reading> = fc.record({
  value: fc.option(fc.oneof(share, fc.constant(Number.NaN))),
  samples: fc.option(fc.double({ min: 0, max: 2000, noNaN: true })),
  ageSeconds: fc.option(fc.double({ min: 0, max: 30, noNaN: true })),
});

describe("whatever is read", () => {
  it("a pass has at least the samples asked for, and a value on the right side of its bound", () => {
    fc.assert(
      fc.property(anyGate, anyReading, fc.option(anyReading), (gate, canary, live) => {
        const { verdict, samples, value, bound } = judge(gate, canary, live, SEEN);
        if (verdict !== "pass") return;
        assert.ok(samples !== null && samples >= gate.minSamples && value !== null && bound !== null);
        assert.ok(gate.comparison.startsWith("<") ? value <= bound : value >= bound);
      }),
    );
  });

  it("nothing fails and nothing passes without a value, samples and a fresh measurement", () => {
    const hole = fc.constantFrom<Partial<Reading>>(
      { value: null },
      { value: Number.NaN },
      { samples: null },
      { ageSeconds: null },
      { ageSeconds: 15.1 },
      { problem: "away" },
    );
    fc.assert(
      fc.property(anyGate, anyReading, fc.option(anyReading), hole, (gate, canary, live, missing) => {
        assert.equal(judge(gate, { ...canary, ...missing }, live, SEEN).verdict, "inconclusive");
      }),
    );
  });

  it("a worse value is never judged better", () => {
    const RANK = { pass: 0, inconclusive: 1, fail: 2 } as const;
    fc.assert(
      fc.property(
        anyGate,
        share,
        share,
        fc.integer({ min: 1, max: 2000 }),
        fc.option(fc.tuple(share, fc.integer({ min: 1, max: 2000 }))),
        (gate, a, b, samples, other) => {
          const [good, bad] = gate.comparison.startsWith("<") === a < b ? [a, b] : [b, a];
          const live = other && reading(...other);
          const rank = (value: number) => RANK[judge(gate, reading(value, samples), live, SEEN).verdict];
          assert.ok(rank(good) <= rank(bad));
        },
      ),
    );
  });
});

describe("wilson", () => {
  it("gives an interval within 0..1 that contains the proportion, and a narrower one for more samples", () => {
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 1_000_000 }), (proportion, samples) => {
        const { low, high } = wilson(proportion, samples);
        assert.ok(low >= 0 && high <= 1 && low <= high);
        // One rounding error at the ends, where bound and proportion are the same number.
        assert.ok(low <= proportion + 1e-12 && proportion - 1e-12 <= high, `${low} ${proportion} ${high}`);
        const more = wilson(proportion, samples * 4);
        assert.ok(more.high - more.low <= high - low + 1e-12);
      }),
    );
  });

  it("knows the interval of 10 in 100 at 95 %", () => {
    const { low, high } = wilson(0.1, 100, 1.96);
    assert.deepEqual([low.toFixed(4), high.toFixed(4)], ["0.0552", "0.1744"]);
  });
});
