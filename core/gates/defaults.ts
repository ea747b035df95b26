import type { Kpi } from "../service/kpi";
import type { Gate } from "./gate";
import { ERROR_SHARE_QUERY, P95_AT_BEST_QUERY, P95_QUERY } from "./traefik";

const LOOKS = { everySeconds: 15, withinSeconds: 300, consecutive: 4, minSamples: 300 } as const;

/** What every service is watched for without saying so: the gateway measures it, whatever the service is made of. */
export const defaultGates = (): Gate[] => [
  {
    name: "error-share",
    query: ERROR_SHARE_QUERY,
    comparison: "<=",
    limit: 0.01,
    relativeTo: "value",
    kind: "share",
    ...LOOKS,
  },
  {
    name: "p95-latency",
    query: P95_QUERY,
    proof: P95_AT_BEST_QUERY,
    comparison: "<=",
    limit: 2,
    relativeTo: "live",
    kind: "measure",
    floor: 0.025,
    unit: "seconds",
    ...LOOKS,
  },
];

/**
 * The gates of a service: the defaults, and its KPIs. A KPI with the name of a default stands in its place; one that asks
 * the same, only more often say, is told from chance in the same way.
 */
export function gatesOf(kpis: readonly Kpi[]): Gate[] {
  const gates = new Map(defaultGates().map((gate) => [gate.name, gate]));
  for (const kpi of kpis) {
    const { proof, query } = gates.get(kpi.name) ?? {};
    const keeps = proof !== undefined && query === kpi.query;
    gates.set(kpi.name, { ...gateOf(kpi), ...(keeps ? { proof } : {}) });
  }
  return [...gates.values()];
}

const gateOf = ({ every, within, floor, unit, ...same }: Kpi): Gate => ({
  name: same.name,
  query: same.query,
  comparison: same.comparison,
  limit: same.limit,
  relativeTo: same.relativeTo,
  kind: same.kind,
  ...(floor === undefined ? {} : { floor }),
  everySeconds: every,
  withinSeconds: within,
  consecutive: same.consecutive,
  minSamples: same.minSamples,
  ...(unit === undefined ? {} : { unit }),
});
