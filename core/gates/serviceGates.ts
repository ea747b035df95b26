import type { Kpi } from "../service/kpi";
import { defaultGates } from "./defaults";
import type { Gate } from "./gate";

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
