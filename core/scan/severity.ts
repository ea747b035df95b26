import { CVSS30, CVSS31, CVSS40 } from "@pandatix/js-cvss";
import type { FailOn } from "./failOn";

/** `unknown`: nobody says, or what is said cannot be read. It counts as the worst there is. */
export type Severity = "critical" | "high" | "medium" | "low" | "none" | "unknown";

export interface Rating {
  readonly severity: Severity;
  /** CVSS base score; `null` where there is none. */
  readonly score: number | null;
}

const UNKNOWN: Rating = { severity: "unknown", score: null };

/**
 * How bad an advisory is, by its CVSS v3 and v4 vectors; of several the worst. Without any, or with one that cannot be
 * read, it is `unknown`. A v2 vector says nothing: its scale knows no critical.
 */
export function ratingOf(vectors: readonly string[]): Rating {
  const scores = vectors.filter((vector) => /^CVSS:[34]/.test(vector)).map(scoreOf);
  const known = scores.filter((score) => score !== undefined);
  if (known.length === 0 || known.length < scores.length) return UNKNOWN;
  const score = Math.max(...known);
  return { severity: bandOf(score), score };
}

/** The worst of several; `unknown` only if none is known, as when one of two names of a weakness has no vector. */
export function worst(ratings: readonly Rating[]): Rating {
  const known = ratings.filter(({ score }) => score !== null);
  return known.reduce((a, b) => ((b.score ?? 0) > (a.score ?? 0) ? b : a), known[0] ?? UNKNOWN);
}

/** The worse of two, where one is known: a name that nobody rated says nothing against one that somebody did. */
export function worse(a: Rating, b: Rating): Rating {
  if (a.severity === "unknown" || b.severity === "unknown") return a.severity === "unknown" ? pick(b) : pick(a);
  const order = RISING.indexOf(a.severity) - RISING.indexOf(b.severity);
  return pick(order > 0 || (order === 0 && (a.score ?? 0) >= (b.score ?? 0)) ? a : b);
}

const RISING: readonly Severity[] = ["none", "low", "medium", "high", "critical"];
/** Findings are ratings too, and bring more than that. */
const pick = ({ severity, score }: Rating): Rating => ({ severity, score });

/** A number to sort by, where a scanner gave a word and no vector: the least of its band. */
export const weightOf = ({ severity, score }: Rating): number => score ?? LEAST[severity];

const LEAST: Readonly<Record<Severity, number>> = { unknown: 10.5, critical: 9, high: 7, medium: 4, low: 0.1, none: 0 };

export const stops = (severity: Severity, failOn: FailOn): boolean =>
  severity === "unknown" || severity === "critical" || (failOn === "high" && severity === "high");

function scoreOf(vector: string): number | undefined {
  try {
    if (vector.startsWith("CVSS:4.0/")) return new CVSS40(vector).Score();
    if (vector.startsWith("CVSS:3.1/")) return new CVSS31(vector).BaseScore();
    if (vector.startsWith("CVSS:3.0/")) return new CVSS30(vector).BaseScore();
  } catch {
    // The library says why; to whoever reads the verdict it is simply not known.
  }
  return undefined;
}

function bandOf(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "none";
}
