/** How a pod leaves without losing a request. All follow from the longest request, so nobody has to get them right by hand. */
export interface Drain {
  /** The pod goes on serving while proxies take it off their lists. */
  readonly preStopSeconds: number;
  /** From the start of preStop to the kill; the clock starts before preStop runs. */
  readonly gracePeriodSeconds: number;
}

/** An in-cluster proxy that watches endpoints needs far less; its watch may be behind on a busy API server. */
const ENDPOINT_PROPAGATION_SECONDS = 5;
/** For the process to notice, answer what it has, and leave. */
const SHUTDOWN_SECONDS = 10;

export const drainFor = (longestRequestSeconds: number): Drain => ({
  preStopSeconds: ENDPOINT_PROPAGATION_SECONDS,
  gracePeriodSeconds: ENDPOINT_PROPAGATION_SECONDS + longestRequestSeconds + SHUTDOWN_SECONDS,
});
