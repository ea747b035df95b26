import { strict as assert } from "node:assert";
import { defaultGates } from "../../../core/gates/defaults";
import { gatesOf } from "../../../core/gates/serviceGates";
import { P95_AT_BEST_QUERY, P95_QUERY } from "../../../core/gates/traefik";
import type { Kpi } from "../../../core/service/kpi";

const p95 = (change: Partial<Kpi>): Kpi => ({
  ...{ name: "p95-latency", query: P95_QUERY, comparison: "<=", limit: 2, relativeTo: "live", kind: "measure" },
  ...{ floor: 0.025, every: 2, within: 40, consecutive: 2, minSamples: 60 },
  ...change,
});
const named = (kpis: readonly Kpi[]) => gatesOf(kpis).find(({ name }) => name === "p95-latency");

describe("the gates of a service", () => {
  it("are the defaults where it says nothing", () => {
    assert.deepEqual(gatesOf([]), defaultGates());
  });
  it("tell a slow release from chance also when they look more often than by default", () => {
    const gate = named([p95({})]);
    assert.deepEqual([gate?.everySeconds, gate?.proof], [2, P95_AT_BEST_QUERY]);
  });
  it("do not prove another query by the default's", () => {
    assert.equal(named([p95({ query: "vector(1)" })])?.proof, undefined);
  });
});
