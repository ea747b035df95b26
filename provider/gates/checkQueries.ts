import { fillQuery, type Gate, type QueryTarget } from "../../core/gates/gate";
import { loadGrammar, metricsOf, syntaxProblem } from "../../core/gates/promql";
import { RATE_QUERY } from "../../core/gates/traefik";
import { closest } from "../../core/service/closest";
import { reasonOf } from "../../platform/errors";
import { QueryRefused, type Prometheus } from "./prometheus";

/** Whatever a query's window will be, it is checked with one that holds several scrapes. */
const CHECK_WINDOW_SECONDS = 60;
const TRAFFIC_WINDOW_SECONDS = 120;

/**
 * What is wrong with the queries of gates, one sentence each; asked before anything is built or moved. With a live
 * color, names of metrics are checked too: without one, nobody has asked the gateway anything, and much is not there yet.
 * @throws only the signal's reason.
 */
export async function queryProblems(
  prometheus: Prometheus,
  gates: readonly Gate[],
  live: QueryTarget | null,
  signal: AbortSignal,
): Promise<string[]> {
  const grammar = await loadGrammar();
  const queries = gates.flatMap(({ name, query, proof }) =>
    [query, ...(proof === undefined ? [] : [proof])].map((text) => ({
      gate: name,
      text,
      problem: syntaxProblem(grammar, text),
    })),
  );
  const wrong = queries.flatMap(({ gate, problem }) => (problem === undefined ? [] : [said(gate, problem)]));
  const readable = queries.filter(({ problem }) => problem === undefined);
  if (readable.length === 0) return wrong;
  try {
    const known = await prometheus.metricNames(signal);
    const found = await Promise.all(
      readable.map(async ({ gate, text }) =>
        [
          ...(live === null ? [] : unknownMetrics(metricsOf(grammar, text), known, prometheus.address)),
          ...(await refusal(prometheus, text, live, signal)),
        ].map((problem) => said(gate, problem)),
      ),
    );
    return [...new Set([...wrong, ...found.flat()])];
  } catch (error) {
    signal.throwIfAborted();
    return [...wrong, `the gates cannot be checked: ${reasonOf(error)}`];
  }
}

/** Requests a second that the live color answers; `null` when Prometheus does not answer. */
export async function trafficPerSecond(
  prometheus: Prometheus,
  live: QueryTarget,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    return (await prometheus.query(fillQuery(RATE_QUERY, live, TRAFFIC_WINDOW_SECONDS), signal)) ?? 0;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

const said = (gate: string, problem: string): string => `gate ${gate}: ${problem}`;

function unknownMetrics(metrics: readonly string[], known: ReadonlySet<string>, address: string): string[] {
  return metrics
    .filter((metric) => !known.has(metric))
    .map((metric) => {
      const meant = closest(metric, [...known]);
      const advice = meant === undefined ? "check that it is scraped" : `did you mean ${meant}?`;
      return `no metric named ${metric} is known to Prometheus at ${address}; ${advice}`;
    });
}

/** What Prometheus itself has against a query: functions used on the wrong kind of value, several numbers, ... */
async function refusal(
  prometheus: Prometheus,
  query: string,
  live: QueryTarget | null,
  signal: AbortSignal,
): Promise<string[]> {
  const target = live ?? { service: "none", color: "none", namespace: "none", backend: "none" };
  try {
    await prometheus.query(fillQuery(query, target, CHECK_WINDOW_SECONDS), signal);
    return [];
  } catch (error) {
    if (error instanceof QueryRefused) return [error.message];
    throw error;
  }
}
