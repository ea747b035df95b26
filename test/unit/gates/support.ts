import type { Gate, QueryTarget } from "../../../core/gates/gate";
import type { Evidence, Reading, Verdict } from "../../../core/gates/verdict";

/** An error share that may not exceed 1 %. */
export const shareGate = (change: Partial<Gate> = {}): Gate => ({
  name: "errors",
  query: "q",
  comparison: "<=",
  limit: 0.01,
  relativeTo: "value",
  kind: "share",
  everySeconds: 15,
  withinSeconds: 300,
  consecutive: 4,
  minSamples: 300,
  ...change,
});

/** A latency that may be at most twice the live color's. */
export const latencyGate = (change: Partial<Gate> = {}): Gate =>
  shareGate({ name: "latency", limit: 2, relativeTo: "live", kind: "measure", unit: "seconds", ...change });

export const reading = (
  value: number | null,
  samples: number | null = 1000,
  change: Partial<Reading> = {},
): Reading => ({
  value,
  samples,
  ageSeconds: 1,
  ...change,
});

export const SEEN = { query: "q", windowSeconds: 60 } as const;

export const look = (gate: string, verdict: Verdict): Evidence => ({
  gate,
  verdict,
  why: verdict,
  ...SEEN,
  value: 1,
  samples: 1,
  live: null,
  bound: null,
});

export const target: QueryTarget = { service: "web", color: "green", namespace: "hms-dev", backend: "be-.+" };
