import { defaultGates } from "../../core/gates/defaults";

/** How often a gate is looked at, in the keys of a KPI. */
export interface Looks {
  readonly every: string;
  readonly within: string;
  readonly consecutive: number;
  readonly minSamples: number;
}

/** KPIs of a service.yaml that leave the default gates as they are, but looked at in another rhythm. */
export const defaultGatesLookedAt = (looks: Looks) => defaultGates().map(({ name }) => ({ name, ...looks }));

/**
 * The same for releases that answer well or take half a second: up to a tenth of one is well. The first few dozen requests
 * decide here, and on a busy machine some of them wait for a new pod's first connections, or for the processor.
 */
export const gatesOfTests = (looks: Looks) =>
  defaultGatesLookedAt(looks).map((kpi) => (kpi.name === "p95-latency" ? { ...kpi, floor: 0.1 } : kpi));
