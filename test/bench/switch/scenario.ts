import type { Notes } from "./notes";
import type { Stage } from "./stage";
import type { Traffic } from "./traffic";

/** One thing that is done to a service under load. */
export interface Scenario {
  readonly name: string;
  /** For people: what is done, and what must hold. */
  readonly about: string;
  /** The load stops by itself after so many seconds. */
  readonly maxSeconds: (stage: Stage) => number;
  /** Served by two gateways of the harness's own, not by the one of the local platform. */
  readonly onPair?: true;
  /** Done once before the load begins: what the scenario starts from. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  readonly run: (stage: Stage, traffic: Traffic, notes: Notes) => Promise<void>;
}

/** The gates compare with what the live color does: it must be seen doing something first. */
export const WARM_UP_MS = 6000;
