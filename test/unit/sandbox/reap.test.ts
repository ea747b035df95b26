import { strict as assert } from "node:assert";
import fc from "fast-check";
import { identityAnnotations, identityLabels } from "../../../core/sandbox/identity";
import { LEASE_LIMITS, newLease } from "../../../core/sandbox/lease";
import { failuresAfter, isAlarming, nextTry, planReap, SWEEP_MINUTES, type Failures } from "../../../core/sandbox/reap";
import { seenSandbox, type SeenSandbox } from "../../../core/sandbox/seen";

const MADE = new Date("2026-11-21T04:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const after = (ms: number) => new Date(MADE.getTime() + ms);

function standing(name: string, options: { ttl?: number; labels?: object; leaving?: boolean } = {}): SeenSandbox {
  const identity = {
    ...{ name, owner: "ada", purpose: "", snapshot: "s1", changed: "" },
    ...newLease(MADE, options.ttl ?? 24 * 3600),
  };
  const seen = seenSandbox({
    name,
    labels: { ...identityLabels(identity), ...options.labels },
    annotations: identityAnnotations(identity),
    madeAt: MADE.toISOString(),
    leaving: options.leaving ?? false,
  });
  assert.ok(seen);
  return seen;
}

const reaped = (all: readonly SeenSandbox[], databases: readonly string[], at: Date, failures: Failures = {}) =>
  planReap(all, databases, failures, at, LEASE_LIMITS).map(({ name }) => name);

describe("the reaper's plan", () => {
  it("lets a sandbox of 24 h stand for 24 h, and for one sweep more at most", () => {
    const one = [standing("sbx-42")];
    assert.deepEqual(reaped(one, [], after(24 * HOUR - 1000)), []);
    assert.deepEqual(reaped(one, [], after(24 * HOUR)), ["sbx-42"]);
    assert.deepEqual(reaped(one, [], after(24 * HOUR + MINUTE)), ["sbx-42"]);
    // Sweeps at any offset: the first one at or after the end is within one sweep of it.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SWEEP_MINUTES * MINUTE - 1 }), (offset) => {
        let at = offset;
        while (reaped(one, [], after(at)).length === 0) at += SWEEP_MINUTES * MINUTE;
        assert.ok(at >= 24 * HOUR && at < 24 * HOUR + SWEEP_MINUTES * MINUTE);
      }),
    );
  });

  it("takes what cannot be read a longest lease after it was made: nothing stands for ever", () => {
    const broken = [standing("sbx-1", { labels: { "hms.delivery/expires-at": "never" } })];
    assert.deepEqual(reaped(broken, [], after(23 * HOUR)), []);
    assert.deepEqual(reaped(broken, [], after(24 * HOUR)), ["sbx-1"]);
    const patient = [standing("sbx-2", { labels: { "hms.delivery/expires-at": "20991231T235959Z" } })];
    assert.deepEqual(reaped(patient, [], after(72 * HOUR)), ["sbx-2"]);
  });

  it("takes databases whose namespace is gone, and goes on with what somebody began to destroy", () => {
    const all = [standing("sbx-1"), standing("sbx-2", { leaving: true })];
    assert.deepEqual(reaped(all, ["sbx-1", "sbx-3"], after(HOUR)), ["sbx-2", "sbx-3"]);
  });

  it("knows no namespace that does not carry its own name as the label", () => {
    const labels = identityLabels({
      ...newLease(MADE, 60),
      name: "sbx-1",
      owner: "x",
      purpose: "",
      snapshot: "",
      changed: "",
    });
    for (const name of ["hms-prod", "sbx-2", "kube-system"])
      assert.equal(
        seenSandbox({ name, labels, annotations: {}, madeAt: MADE.toISOString(), leaving: false }),
        undefined,
      );
    const prod = { ...labels, "hms.delivery/sandbox": "prod" };
    assert.equal(
      seenSandbox({ name: "prod", labels: prod, annotations: {}, madeAt: MADE.toISOString(), leaving: false }),
      undefined,
    );
  });

  it("waits longer after each failure, tells people from the third on, and forgets failures of what has gone", () => {
    let failures: Failures = {};
    const waits: number[] = [];
    let at = after(24 * HOUR);
    for (let round = 0; round < 9; round++) {
      failures = failuresAfter(failures, { "sbx-42": "a finalizer" }, [], at);
      const failure = failures["sbx-42"];
      assert.ok(failure);
      assert.equal(isAlarming(failure), round >= 2);
      const again = nextTry(failure);
      waits.push(Math.round((again.getTime() - at.getTime() + MINUTE) / MINUTE));
      const [early] = planReap([standing("sbx-42")], [], failures, new Date(again.getTime() - 1), LEASE_LIMITS);
      assert.ok(early?.waitsUntil);
      const [due] = planReap([standing("sbx-42")], [], failures, again, LEASE_LIMITS);
      assert.equal(due?.waitsUntil, undefined);
      at = again;
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 360, 360, 360]);
    assert.deepEqual(failuresAfter(failures, {}, ["sbx-42"], at), {});
  });
});
