import type { LatencySummary } from "./latencies";
import type { ByNature, Notes } from "./notes";
import type { Settings } from "./settings";
import type { Traffic } from "./traffic";

/** Median and worst of several runs; ms. */
export interface Spread {
  readonly median: number;
  readonly worst: number;
}

/** What one scenario gave. Contract of the printed document: keys are added, never renamed. */
export interface ScenarioReport {
  readonly name: string;
  readonly about: string;
  readonly runs: number;
  readonly seconds: number;
  readonly sent: number;
  readonly answered: number;
  /** Requests that should have been answered and were not. */
  readonly lost: number;
  readonly lostWhy: Readonly<Record<string, number>>;
  /** What crashed with something that crashed, never part of `lost`; only where something does. */
  readonly lostInFlight?: number;
  readonly crashes?: readonly ByNature[];
  /** Answers in which a release itself said that it failed. */
  readonly ownErrors: number;
  readonly byColor: Readonly<Record<string, number>>;
  readonly latencyMs: Readonly<Record<string, { readonly answered: number } & LatencySummary>>;
  /** From a verdict to the last answer of the release that it condemned, of requests that are answered at once. */
  readonly restoreMs: Spread | null;
  /** The same to the end of requests that take their time and were under way. */
  readonly drainMs: Spread | null;
  /** From a patch to the gateway's first answer of an unbroken run under it. */
  readonly convergenceMs: Spread | null;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly broken: readonly string[];
}

export interface SwitchDocument {
  readonly machine: {
    readonly cores: number;
    readonly memoryGiB: number;
    readonly node: string;
    /** Load average over a minute when the run began: whether the machine was its own. */
    readonly load: number;
  };
  readonly settings: Settings;
  readonly begunAt: string;
  readonly scenarios: readonly ScenarioReport[];
  readonly totals: {
    readonly seconds: number;
    readonly sent: number;
    readonly lost: number;
    readonly lostInFlight: number;
    readonly restoreWorstMs: number | null;
    readonly convergenceWorstMs: number | null;
  };
  /** Whether every bound held, and which did not. */
  readonly ok: boolean;
  readonly broken: readonly string[];
}

/** Longest time from a verdict to the last wrong answer. */
export const RESTORE_BOUND_MS = 1000;

/** What a report needs of the load. */
type Measured = Pick<Traffic, "tally" | "sent" | "seconds" | "isOver">;

export function reportOf(name: string, about: string, traffic: Measured, notes: Notes): ScenarioReport {
  const { tally, sent, seconds } = traffic;
  // What exceeds its bound did not go by nature.
  const lostInFlight = notes.byNature.reduce((sum, { lost, atMost }) => sum + Math.min(lost, atMost), 0);
  const lost = tally.lost - lostInFlight;
  const restoreMs = spread(notes.restoreMs);
  const broken = [
    ...notes.broken,
    ...(lost > 0 ? [`${lost} of ${sent} requests were lost`] : []),
    ...(restoreMs && restoreMs.worst >= RESTORE_BOUND_MS
      ? [`a restore took ${restoreMs.worst} ms, allowed is less than ${RESTORE_BOUND_MS}`]
      : []),
    ...(traffic.isOver ? ["the load ended before the scenario did"] : []),
  ];
  return {
    name,
    about,
    runs: notes.runs,
    seconds: Math.round(seconds),
    sent,
    answered: tally.answered,
    lost,
    lostWhy: tally.why,
    ...(notes.byNature.length === 0 ? {} : { lostInFlight, crashes: notes.byNature }),
    ownErrors: tally.ownErrors,
    byColor: tally.byColor,
    latencyMs: tally.byKind(),
    restoreMs,
    drainMs: spread(notes.drainMs),
    convergenceMs: spread(notes.convergenceMs),
    verdicts: notes.verdicts,
    facts: notes.facts,
    broken,
  };
}

export function documentOf(
  machine: SwitchDocument["machine"],
  settings: Settings,
  begunAt: string,
  scenarios: readonly ScenarioReport[],
): SwitchDocument {
  const sum = (of: (one: ScenarioReport) => number): number => scenarios.reduce((all, one) => all + of(one), 0);
  const worst = (of: (one: ScenarioReport) => Spread | null): number | null => {
    const values = scenarios.flatMap((one) => of(one)?.worst ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  const broken = scenarios.flatMap((one) => one.broken.map((what) => `${one.name}: ${what}`));
  return {
    machine,
    settings,
    begunAt,
    scenarios,
    totals: {
      seconds: sum((one) => one.seconds),
      sent: sum((one) => one.sent),
      lost: sum((one) => one.lost),
      lostInFlight: sum((one) => one.lostInFlight ?? 0),
      restoreWorstMs: worst((one) => one.restoreMs),
      convergenceWorstMs: worst((one) => one.convergenceMs),
    },
    ok: broken.length === 0,
    broken,
  };
}

/** `null` without a value. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => Math.round(sorted[index] ?? 0);
  return { median: at(Math.floor((sorted.length - 1) / 2)), worst: at(sorted.length - 1) };
}
