import type { Comparison, Gate } from "./gate";

export type Verdict = "pass" | "fail" | "inconclusive";

/** One color's answer to a gate's query at one moment. */
export interface Reading {
  /** `null`: the query gave no number (no series, NaN, infinite). That is never a zero. */
  readonly value: number | null;
  /** Real requests in the window; `null` when they cannot be counted. */
  readonly samples: number | null;
  /** Seconds since the newest measurement behind it. */
  readonly ageSeconds: number | null;
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
  readonly samples: number | null;
  /** The live color's value over the same minutes, for gates that compare. */
  readonly live: number | null;
  /** The bound that counted at this look; `null` when it could not be told. */
  readonly bound: number | null;
}

/** Older measurements say nothing about now: several scrapes were missed. */
export const STALE_AFTER_SECONDS = 15;
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
  const evidence = (verdict: Verdict, why: string, bound: number | null = null): Evidence => ({
    gate: gate.name,
    verdict,
    why,
    query: seen.query,
    windowSeconds: seen.windowSeconds,
    value: canary.value,
    samples: canary.samples,
    live: live?.value ?? null,
    bound,
  });
  const missing =
    unusable("the new release", canary) ?? (gate.relativeTo === "live" ? unusableLive(gate, live) : undefined);
  if (missing !== undefined) return evidence("inconclusive", missing);
  const value = canary.value ?? Number.NaN;
  const samples = canary.samples ?? 0;
  const bound = gate.relativeTo === "live" ? gate.limit * (live?.value ?? Number.NaN) : gate.limit;
  const enough = samples >= gate.minSamples;
  const few = `${Math.floor(samples)} of ${gate.minSamples} requests seen`;
  if (holds(value, gate.comparison, bound) || withinFloor(gate, value)) {
    return enough ? evidence("pass", "holds", bound) : evidence("inconclusive", few, bound);
  }
  if (gate.kind === "share" && samples >= FEWEST_TO_FAIL) {
    // Not chance: even the good end of what the samples allow is on the wrong side.
    const { low, high } = wilson(value, samples);
    if (!holds(gate.comparison.startsWith("<") ? low : high, gate.comparison, bound))
      return evidence("fail", "does not hold", bound);
    return evidence("inconclusive", `does not hold, but ${Math.floor(samples)} requests may show it by chance`, bound);
  }
  return enough ? evidence("fail", "does not hold", bound) : evidence("inconclusive", few, bound);
}

function unusable(whose: string, { problem, value, ageSeconds, samples }: Reading): string | undefined {
  if (problem !== undefined) return problem;
  if (ageSeconds !== null && ageSeconds > STALE_AFTER_SECONDS) {
    return `the newest measurement of ${whose} is ${Math.round(ageSeconds)} s old`;
  }
  if (samples === null) return `the requests of ${whose} cannot be counted`;
  if (value === null || !Number.isFinite(value)) return `no value for ${whose}`;
  return undefined;
}

function unusableLive(gate: Gate, live: Reading | null): string | undefined {
  if (live === null) return "there is no live release to compare with";
  const missing = unusable("the live release", live);
  if (missing !== undefined) return missing;
  const samples = live.samples ?? 0;
  return samples >= gate.minSamples
    ? undefined
    : `${Math.floor(samples)} of ${gate.minSamples} requests of the live release seen`;
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

const withinFloor = ({ floor, comparison }: Gate, value: number): boolean =>
  floor !== undefined && holds(value, comparison, floor);

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
export function describeEvidence({ gate, value, bound, samples, live, why }: Evidence): string {
  const shown = value === null ? "no value" : number(value);
  const against = [
    ...(bound === null ? [] : [`limit ${number(bound)}`]),
    ...(live === null ? [] : [`live ${number(live)}`]),
    ...(samples === null ? [] : [`${Math.floor(samples)} requests`]),
  ].join(", ");
  return `${gate} ${shown}${against === "" ? "" : ` (${against})`}: ${why}`;
}

const number = (value: number): string => String(Number(value.toPrecision(3)));
