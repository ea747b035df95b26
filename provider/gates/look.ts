import { fillQuery, type Gate, type QueryTarget } from "../../core/gates/gate";
import { AGE_QUERY, INTERVAL_QUERY, SAMPLES_QUERY } from "../../core/gates/traefik";
import { judge, type Evidence, type Reading } from "../../core/gates/verdict";
import { reasonOf } from "../../platform/errors";
import type { Prometheus } from "./prometheus";

/**
 * One look at a gate for the release that is getting traffic. `live` is the other color, for gates that compare; both
 * are measured over the same window. Where the live color has left all its traffic to the new one, its last window
 * before this one stands for it. Whatever goes wrong is an inconclusive look that says so.
 * @throws only the signal's reason.
 */
export async function lookAt(
  prometheus: Prometheus,
  gate: Gate,
  canary: QueryTarget,
  live: QueryTarget | null,
  windowSeconds: number,
  signal: AbortSignal,
): Promise<Evidence> {
  const read = (target: QueryTarget, at?: number) => readOne(prometheus, gate, target, windowSeconds, signal, at);
  const compares = gate.relativeTo === "live" && live !== null;
  const [ofCanary, ofLive] = await Promise.all([read(canary), compares ? read(live) : null]);
  const replaced = compares && isReplaced(gate, ofCanary, ofLive);
  const before = replaced ? await timeBefore(prometheus, windowSeconds, signal) : null;
  const compared = replaced && before !== null ? await read(live, before) : ofLive;
  return judge(gate, ofCanary, compared, { query: fillQuery(gate.query, canary, windowSeconds), windowSeconds });
}

/** A color's value, and what it is worth, at one moment. */
async function readOne(
  prometheus: Prometheus,
  gate: Gate,
  target: QueryTarget,
  windowSeconds: number,
  signal: AbortSignal,
  at?: number,
): Promise<Reading> {
  const ask = (query: string) => prometheus.query(fillQuery(query, target, windowSeconds), signal, at);
  try {
    const [value, proof, samples, ageSeconds, intervalSeconds] = await Promise.all([
      ask(gate.query),
      gate.proof === undefined ? null : ask(gate.proof),
      ask(SAMPLES_QUERY),
      ask(AGE_QUERY),
      ask(INTERVAL_QUERY),
    ]);
    return { value, proof, samples, ageSeconds, intervalSeconds };
  } catch (error) {
    signal.throwIfAborted();
    return { value: null, samples: null, ageSeconds: null, problem: reasonOf(error) };
  }
}

/** The new release has requests enough, and the live one has not: it has handed them over. */
const isReplaced = ({ minSamples }: Gate, canary: Reading, live: Reading | null): boolean =>
  live?.problem === undefined && (canary.samples ?? 0) >= minSamples && (live?.samples ?? 0) < minSamples;

/** Beginning of the window, by Prometheus's own clock: two machines need not agree on the time. */
async function timeBefore(prometheus: Prometheus, windowSeconds: number, signal: AbortSignal): Promise<number | null> {
  try {
    const now = await prometheus.query("time()", signal);
    return now === null ? null : now - windowSeconds;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
