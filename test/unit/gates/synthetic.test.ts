import { strict as assert } from "node:assert";
import fc from "fast-check";
import { defaultGates } from "../../../core/gates/defaults";
import { gatesOf } from "../../../core/gates/serviceGates";
import { decide, syntheticNote, syntheticRequests, takesSynthetic } from "../../../core/gates/synthetic";
import { ERROR_SHARE_QUERY } from "../../../core/gates/traefik";
import { describeEvidence, judge, type Evidence, type Reading, type Verdict } from "../../../core/gates/verdict";
import { smokeTestSchema } from "../../../core/service/smoke";
import { stepsOf, strategySchema } from "../../../core/service/strategy";
import { latencyGate, look, reading, SEEN, shareGate } from "./support";

const users = (verdict: Verdict, change: Partial<Evidence> = {}): Evidence => ({
  ...look("errors", verdict),
  samples: 7,
  ...change,
});
const synthetic = (verdict: Verdict): Evidence => ({ ...look("errors", verdict), value: 2, samples: 320 });
const thin = { thin: true } as const;

describe("the look that counts", () => {
  for (const [ofUsers, ofSynthetic, verdict, source] of [
    [users("pass"), synthetic("pass"), "pass", "users"],
    [users("pass"), synthetic("inconclusive"), "pass", "users"],
    [users("pass"), synthetic("fail"), "fail", "synthetic"],
    [users("fail"), synthetic("pass"), "fail", "users"],
    [users("fail"), synthetic("fail"), "fail", "users"],
    [users("inconclusive", thin), synthetic("pass"), "pass", "synthetic"],
    [users("inconclusive", thin), synthetic("inconclusive"), "inconclusive", "synthetic"],
    [users("inconclusive", thin), synthetic("fail"), "fail", "synthetic"],
    [users("inconclusive"), synthetic("pass"), "inconclusive", "users"],
    [users("inconclusive"), synthetic("fail"), "fail", "synthetic"],
    [users("inconclusive", thin), null, "inconclusive", "users"],
    [users("pass"), null, "pass", "users"],
  ] as const) {
    const seen = `${ofUsers.verdict}${ofUsers.thin ? " for want of requests" : ""} of users`;
    it(`is ${verdict} by ${source} with ${seen} and ${ofSynthetic?.verdict ?? "no look"} of synthetic requests`, () => {
      const decided = decide(ofUsers, ofSynthetic);
      assert.deepEqual([decided.verdict, decided.synthetic], [verdict, source === "users" ? undefined : 320]);
      assert.equal(decided.samples, 7);
    });
  }

  const measured = fc.record<Reading>({
    value: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    proof: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    samples: fc.option(fc.integer({ min: 0, max: 1000 })),
    ageSeconds: fc.integer({ min: 0, max: 60 }),
  });
  const readings = fc.oneof({ weight: 4, arbitrary: measured }, fc.constant(reading(null, null, { ageSeconds: null })));
  const gate = fc.constantFrom(
    shareGate(),
    shareGate({ relativeTo: "live", limit: 2 }),
    latencyGate({ floor: 0.025, proof: "p" }),
  );

  it("never counts a synthetic request as a user's, and never outvotes a verdict of users", () => {
    fc.assert(
      fc.property(gate, readings, readings, readings, readings, (one, a, b, c, d) => {
        const ofUsers = judge(one, a, b, SEEN);
        const ofSynthetic = judge(one, c, d, SEEN);
        const decided = decide(ofUsers, ofSynthetic);
        assert.equal(decided.samples, ofUsers.samples);
        if (ofUsers.verdict === "fail") assert.equal(decided, ofUsers);
        else if (ofSynthetic.verdict === "fail") assert.equal(decided.verdict, "fail");
        else if (ofUsers.verdict === "pass") assert.equal(decided, ofUsers);
        if (decided.verdict === "pass" && ofUsers.verdict !== "pass") {
          assert.ok((ofUsers.samples ?? 0) < one.minSamples || (b.samples ?? 0) < one.minSamples);
          assert.equal(decided.synthetic, ofSynthetic.samples);
          assert.ok((decided.synthetic ?? 0) >= one.minSamples);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("users' requests that are too few", () => {
  for (const [name, canary, live, isThin] of [
    ["nothing was ever measured", reading(null, null, { ageSeconds: null }), null, true],
    ["nobody asked", reading(null, 0), null, true],
    ["they were all answered well", reading(0, 120), null, true],
    ["one of fifty failed, as chance has it", reading(0.02, 50), null, true],
    ["one of two failed", reading(0.5, 2), null, false],
    ["half of nineteen failed", reading(0.5, 19), null, false],
    ["there are enough, and a few more failed than may", reading(0.012, 500), null, false],
    ["the measurements stopped", reading(0, 120, { ageSeconds: 60 }), null, false],
    ["Prometheus does not answer", reading(null, null, { ageSeconds: null, problem: "away" }), null, false],
  ] as const) {
    it(`${isThin ? "may be stood in for" : "are left to stand"} when ${name}`, () => {
      assert.equal(judge(shareGate(), canary, live, SEEN).thin === true, isThin);
    });
  }

  const p95 = latencyGate({ floor: 0.025, proof: "p" });
  for (const [name, canary, live, isThin] of [
    ["they were quick", reading(0.01, 40), reading(0.01), true],
    ["they were slow, as chance has it", reading(0.2, 40, { proof: 0.01 }), reading(0.01), true],
    ["they were slow, and chance does not explain it", reading(0.2, 40, { proof: 0.15 }), reading(0.01), false],
    ["the live release has none to compare with", reading(0.2, 400), reading(null, 0), true],
    ["the live release is not measured any more", reading(0.2, 400), reading(0.1, 400, { ageSeconds: 60 }), false],
  ] as const) {
    it(`${isThin ? "may be stood in for" : "are left to stand"} in a latency when ${name}`, () => {
      assert.equal(judge(p95, canary, live, SEEN).thin === true, isThin);
    });
  }
});

describe("synthetic evidence", () => {
  it("says so, with its own count beside users'", () => {
    const evidence = decide(
      judge(shareGate(), reading(null, null, { ageSeconds: null }), null, SEEN),
      judge(shareGate(), reading(0, 320), null, SEEN),
    );
    assert.equal(describeEvidence(evidence), "errors 0 (limit 0.01, 320 synthetic requests, 0 of users): holds");
    assert.deepEqual(syntheticNote(10, [evidence, { ...evidence, gate: "latency", synthetic: 301 }]), [
      "at 10 %: errors, latency by 301 synthetic requests, 0 of users",
    ]);
  });
  it("is not noted where users decided", () => {
    assert.deepEqual(syntheticNote(10, [users("pass")]), []);
  });
  it("is taken by the default gates, also in another rhythm, and by no KPI", () => {
    const kpi = { comparison: "<=", limit: 0.01, relativeTo: "value", kind: "share" } as const;
    const rhythm = { every: 2, within: 60, consecutive: 2, minSamples: 60 };
    const gates = gatesOf([
      { name: "error-share", query: ERROR_SHARE_QUERY, ...kpi, ...rhythm },
      { name: "paid-share", query: 'sum(paid{w="{{workload}}"})', ...kpi, ...rhythm },
    ]);
    assert.deepEqual(
      gates.filter(takesSynthetic).map(({ name }) => name),
      ["error-share", "p95-latency"],
    );
    assert.ok(defaultGates().every(takesSynthetic));
  });
});

describe("synthetic requests", () => {
  const test = (method: string, change: object = {}) =>
    smokeTestSchema.parse({ name: method, request: { method, path: `/${method}` }, ...change });
  const paths = (...tests: readonly ReturnType<typeof test>[]) =>
    syntheticRequests("/health", tests).map(({ method, path }) => `${method} ${path}`);

  it("are the health path, and smoke tests that by their method change nothing", () => {
    const methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
    assert.deepEqual(paths(...methods.map((method) => test(method))), [
      "GET /health",
      "GET /GET",
      "HEAD /HEAD",
      "OPTIONS /OPTIONS",
    ]);
  });
  it("follow the smoke test's own word", () => {
    assert.deepEqual(paths(test("POST", { repeatable: true }), test("GET", { repeatable: false })), [
      "GET /health",
      "POST /POST",
    ]);
  });
  it("leave out what is meant to fail", () => {
    assert.deepEqual(paths(test("GET", { expect: { status: 503 } })), ["GET /health"]);
  });
});

describe("synthetic load in a strategy", () => {
  const first = (step: object) => strategySchema.safeParse([step, { weight: 100 }]);
  const rate = (synthetic: unknown) => first({ weight: 10, synthetic });

  it("is a rate at a step", () => {
    const parsed = rate("20/s");
    assert.ok(parsed.success);
    const steps = stepsOf(parsed.data, ["error-share"]);
    assert.deepEqual(
      steps.map(({ syntheticPerSecond }) => syntheticPerSecond),
      [20, undefined],
    );
  });
  for (const bad of ["0/s", "201/s", "20", 20, "20/min", "1.5/s", "-1/s", ""]) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assert.equal(rate(bad).success, false);
    });
  }
  for (const gates of ["none", []]) {
    it(`refuses load that no gate judges, with gates: ${JSON.stringify(gates)}`, () => {
      assert.equal(first({ weight: 10, synthetic: "20/s", gates }).success, false);
    });
  }
});
