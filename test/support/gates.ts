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
