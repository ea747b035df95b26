import { durationText, parseDuration } from "../service/duration";
import { field, mapWith, oneOf } from "../service/field";
import { fail, problemsOf, succeed, type Result } from "../service/problem";
import { LARGEST_SEED } from "./random";

/**
 * - `crash`: deleted without a grace period; the process ends within seconds, whatever it has under way.
 * - `evict`: asked to leave as a node's maintenance asks, under the disruption budget, with its grace period.
 * - `drain`: deleted with its grace period, as a new release deletes it.
 */
export const MODES = ["crash", "evict", "drain"] as const;
export type Mode = (typeof MODES)[number];

/** `live`: colors with a share of the traffic. `idle`: standing ones without. `both`: each of the two, measured apart. */
export const SIDES = ["live", "idle", "both"] as const;
export type Side = (typeof SIDES)[number];

export interface ChaosOptions {
  /** How long pods are killed and answers counted; what is broken then is waited for beyond it. */
  readonly seconds: number;
  /** Largest share of the ready pods that one round kills, 0..1, rounded up to whole pods. */
  readonly killShare: number;
  /** From the beginning of a round to that of the next. */
  readonly everySeconds: number;
  /** Share of requests, 0..1, that more than must be answered; 1 means that none may be lost. */
  readonly minAvailability: number;
  /** For each service; with `both` for each of its two sides. */
  readonly requestsPerSecond: number;
  readonly mode: Mode;
  readonly side: Side;
  readonly seed: number;
  /** Also stacks that are protected or named prod. */
  readonly allowProd: boolean;
}

export const percent = (advice: string) =>
  field({ allowed: "a percentage above 0% up to 100%, such as 10% or 99.9%", advice }, (value) => {
    const [, digits] = (typeof value === "string" && /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(value)) || [];
    const share = Math.round(Number(digits) * 1e6) / 1e8; // 99.9 / 100 is not 0.999
    return share > 0 && share <= 1 ? share : undefined;
  });

const count = (least: number, most: number, advice: string) =>
  field({ allowed: `a whole number from ${least} to ${most}`, advice }, (value) => {
    const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : NaN;
    return number >= least && number <= most ? number : undefined;
  });

export const span = (least: number, most: number, advice: string) =>
  field(
    { allowed: `a duration from ${durationText(least)} to ${durationText(most)} such as 20s or 5m`, advice },
    (value) => {
      const seconds = typeof value === "string" ? parseDuration(value) : undefined;
      return seconds !== undefined && seconds >= least && seconds <= most ? seconds : undefined;
    },
  );

export const SHORTEST_SECONDS = 10;
const LONGEST_SECONDS = 3600;

const schema = mapWith({
  time: span(SHORTEST_SECONDS, LONGEST_SECONDS, "say how long pods are to be killed, and start it again for longer"),
  kill: percent("say which share of the ready pods a round may kill"),
  every: span(1, LONGEST_SECONDS, "say how often a round begins"),
  "min-availability": percent("say which share of requests more than must be answered; 100% means that none is lost"),
  rps: count(1, 2000, "say how many requests are sent to each service in a second"),
  mode: oneOf(MODES, "see --help for what they do"),
  color: oneOf(SIDES, "say whose pods are killed: those with traffic, those without, or both"),
  seed: count(0, LARGEST_SEED, "take the one that an earlier run printed, or leave it out"),
});

/** Texts of the command line, by the name of their option. */
export type ChaosTexts = Readonly<Record<keyof typeof schema.shape, string | undefined>>;

/** All that is wrong with them at once, or the options. */
export function readChaosOptions(texts: ChaosTexts, allowProd: boolean): Result<ChaosOptions> {
  const parsed = schema.safeParse(texts);
  if (!parsed.success) return fail(problemsOf(parsed.error, texts));
  const { time, kill, every, "min-availability": minAvailability, rps, mode, color, seed } = parsed.data;
  return succeed({
    seconds: time,
    killShare: kill,
    everySeconds: every,
    minAvailability,
    requestsPerSecond: rps,
    mode,
    side: color,
    seed,
    allowProd,
  });
}
