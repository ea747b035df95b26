import type { Comparison, Gate } from "./gate";

export type Verdict = "pass" | "fail" | "inconclusive";

/** One color's answer to a gate's query at one moment. */
export interface Reading {
  /** `null`: the query gave no number (no series, NaN, infinite). That is never a zero. */
  readonly value: number | null;
  /** The number of the gate's `proof`, where it has one. */
  readonly proof?: number | null;
  /** Real requests in the window; `null` when none were measured. */
  readonly samples: number | null;
  /** Seconds since the newest measurement behind it; `null` when nothing is measured any more. */
  readonly ageSeconds: number | null;
  /** Seconds between two measurements, where they are known. */
  readonly intervalSeconds?: number | null;
  /** Why there is no reading. */
  readonly problem?: string;
}

/** A look at one gate, complete enough to be judged again by somebody else. */
export interface Evidence {
  readonly gate: string;
  readonly verdict: Verdict;
  readonly why: string;
  readonly query: string;
  readonly windowSeconds: number;
  readonly value: number | null;
  /** Users' requests, whatever else was judged; `null` when none were measured. */
  readonly samples: number | null;
  /** Set: value, bound and verdict are those of so many synthetic requests, and `samples` were too few. */
  readonly synthetic?: number;
  /** Inconclusive for want of requests alone: what there was speaks against nothing that chance does not explain. */
  readonly thin?: true;
  /** The live color's value over the same minutes, for gates that compare. */
  readonly live: number | null;
  /** The bound that counted at this look; `null` when it could not be told. */
  readonly bound: number | null;
}

/** Older measurements say nothing about now, if they come that often. */
export const STALE_AFTER_SECONDS = 15;
/** With rarer measurements: after so many that did not come. */
const MISSED_MEASUREMENTS = 3;
/** Fewer requests than this prove nothing either way, however bad they look. */
export const FEWEST_TO_FAIL = 20;
/** Standard normal quantile for one false alarm in a thousand looks, one-sided. */
const Z = 3.09;

/** Judges one look. Pure. `live` is needed by gates that compare with the live color. */
export function judge(
  gate: Gate,
  canary: Reading,
  live: Reading | null,
  seen: { readonly query: string; readonly windowSeconds: number },
): Evidence {
  const evidence = (verdict: Verdict, why: string, bound: number | null = null, thin = false): Evidence => ({
    gate: gate.name,
    verdict,
    why,
    query: seen.query,
    windowSeconds: seen.windowSeconds,
    value: canary.value,
    samples: canary.samples,
    live: live?.value ?? null,
    bound,
    ...(thin ? { thin } : {}),
  });
  const missing = unusable("the new release", canary);
  if (missing !== undefined) return evidence("inconclusive", missing.why, null, missing.thin);
  const value = canary.value ?? Number.NaN;
  const samples = canary.samples ?? 0;
  const enough = samples >= gate.minSamples;
  const few = `${Math.floor(samples)} of ${gate.minSamples} requests seen`;
  const lacks = gate.relativeTo === "live" ? unusableLive(gate, live) : undefined;
  const bound = lacks === undefined ? lenient(gate, relative(gate, live?.value ?? null)) : (gate.floor ?? null);
  if (bound !== null && holds(value, gate.comparison, bound)) {
    return enough ? evidence("pass", "holds", bound) : evidence("inconclusive", few, bound, true);
  }
  if (lacks !== undefined) return evidence("inconclusive", lacks.why, null, lacks.thin);
  const proven =
    gate.kind === "share"
      ? isProvenShare(gate, { value, samples }, live)
      : gate.proof === undefined || isBeyond(gate, canary.proof, bound);
  if (gate.kind === "share" ? samples < FEWEST_TO_FAIL : !enough) {
    return evidence("inconclusive", few, bound, !proven);
  }
  return proven
    ? evidence("fail", "does not hold", bound)
    : evidence(
        "inconclusive",
        `does not hold, but ${Math.floor(samples)} requests may show it by chance`,
        bound,
        !enough,
      );
}

const isBeyond = ({ comparison }: Gate, value: number | null | undefined, bound: number | null): boolean =>
  typeof value === "number" && bound !== null && !holds(value, comparison, bound);

/** Not chance: even the good end of what the samples allow is on the wrong side, and of what the live color's allow. */
function isProvenShare(
  gate: Gate,
  { value, samples }: { value: number; samples: number },
  live: Reading | null,
): boolean {
  const least = gate.comparison.startsWith("<");
  const { low, high } = wilson(value, samples);
  const ofLive = wilson(live?.value ?? 0, Math.max(1, live?.samples ?? 1));
  const bound = lenient(gate, relative(gate, least ? ofLive.high : ofLive.low));
  return !holds(least ? low : high, gate.comparison, bound);
}

const relative = (gate: Gate, live: number | null): number =>
  gate.relativeTo === "live" ? gate.limit * (live ?? Number.NaN) : gate.limit;

/** The bound, or the floor where that asks for less. */
const lenient = ({ floor, comparison }: Gate, bound: number): number =>
  floor === undefined ? bound : comparison.startsWith("<") ? Math.max(floor, bound) : Math.min(floor, bound);

interface Lack {
  readonly why: string;
  /** There is nothing wrong but that nobody, or hardly anybody, asked. */
  readonly thin: boolean;
}

function unusable(whose: string, reading: Reading): Lack | undefined {
  const { problem, value, ageSeconds, samples, intervalSeconds } = reading;
  const lack = (why: string, thin = false): Lack => ({ why, thin });
  if (problem !== undefined) return lack(problem);
  if (ageSeconds === null) return lack(`nothing is measured of ${whose}`, true);
  if (ageSeconds > Math.max(STALE_AFTER_SECONDS, MISSED_MEASUREMENTS * (intervalSeconds ?? 0))) {
    return lack(`the newest measurement of ${whose} is ${Math.round(ageSeconds)} s old`);
  }
  if (samples === null || samples < 1) return lack(`no requests of ${whose} were measured`, true);
  if (value === null || !Number.isFinite(value)) return lack(`no value for ${whose}`);
  return undefined;
}

function unusableLive(gate: Gate, live: Reading | null): Lack | undefined {
  if (live === null) return { why: "there is no live release to compare with", thin: false };
  const missing = unusable("the live release", live);
  if (missing !== undefined) return missing;
  const samples = live.samples ?? 0;
  return samples >= gate.minSamples
    ? undefined
    : { why: `${Math.floor(samples)} of ${gate.minSamples} requests of the live release seen`, thin: true };
}

export function holds(value: number, comparison: Comparison, bound: number): boolean {
  switch (comparison) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
  }
}

/**
 * Range of proportions that `samples` trials with the observed proportion leave plausible.
 * Wilson's score interval (E. B. Wilson, 1927), which stays within 0..1 and is honest for small numbers.
 */
export function wilson(proportion: number, samples: number, z = Z): { readonly low: number; readonly high: number } {
  const p = Math.min(1, Math.max(0, proportion));
  const z2 = z * z;
  const center = p + z2 / (2 * samples);
  const spread = z * Math.sqrt((p * (1 - p)) / samples + z2 / (4 * samples * samples));
  const scale = 1 + z2 / samples;
  return { low: Math.max(0, (center - spread) / scale), high: Math.min(1, (center + spread) / scale) };
}

/** `error-share 0.052 (limit 0.01, 412 requests): does not hold` */
export function describeEvidence({ gate, value, bound, samples, synthetic, live, why }: Evidence): string {
  const shown = value === null ? "no value" : number(value);
  const users = samples === null ? undefined : Math.floor(samples);
  const against = [
    ...(bound === null ? [] : [`limit ${number(bound)}`]),
    ...(live === null ? [] : [`live ${number(live)}`]),
    ...(synthetic === undefined
      ? users === undefined
        ? []
        : [`${users} requests`]
      : [`${Math.floor(synthetic)} synthetic requests, ${users ?? 0} of users`]),
  ].join(", ");
  return `${gate} ${shown}${against === "" ? "" : ` (${against})`}: ${why}`;
}

const number = (value: number): string => String(Number(value.toPrecision(3)));
