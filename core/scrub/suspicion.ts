/**
 * What values of a column look like that was to be kept.
 * - `names`: words that many people are called.
 * - `ssn`, `card`, `phone`, `email`: shapes.
 * - `prose`: long texts, hardly one like another.
 * - `distinct`: short texts, hardly one like another, as identifiers are.
 */
export const SUSPICIONS = ["names", "ssn", "card", "phone", "email", "prose", "distinct"] as const;
export type SuspicionKind = (typeof SUSPICIONS)[number];

export interface Suspicion {
  readonly kind: SuspicionKind;
  /** Of the sampled values that are not NULL, above 0 and at most 1. */
  readonly share: number;
}
