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
