import { durationText } from "../service/duration";
import { zonedText } from "./zone";

/** What the pod of a scheduled move decides from; a part of the rollout record. */
export interface Timing {
  /** ISO 8601 */
  readonly at: string;
  readonly zone: string;
  readonly onFreeze: "fire" | "expire";
  readonly graceSeconds: number;
  readonly expiresAfterSeconds: number;
  /** Set: its instant has come, and a freeze held it. */
  readonly delayed?: { readonly since: string };
}

export type Turn =
  /** @param ms until the preparations begin. */
  | { readonly kind: "wait"; readonly ms: number }
  /** Prepare, then move at the instant; right away where that is over. */
  | { readonly kind: "go" }
  | { readonly kind: "expire"; readonly why: string };

/**
 * What is to be done now. Its own freeze is what a delayed move waits for, so that may take long; everything else that
 * makes it late may not.
 * @param now ms since 1970
 * @param lead ms before the instant at which the preparations begin
 */
export function turnOf(timing: Timing, now: number, lead: number): Turn {
  const instant = Date.parse(timing.at);
  if (now < instant - lead) return { kind: "wait", ms: instant - lead - now };
  const patience = timing.delayed ? timing.expiresAfterSeconds : timing.graceSeconds;
  if (now <= instant + patience * 1000) return { kind: "go" };
  const when = zonedText(timing.at, timing.zone);
  const late = `it may begin at most ${durationText(patience)} after ${when}`;
  const why = timing.delayed ? `the freeze outlasted it: ${late}` : `nothing moved it in time: ${late}`;
  return { kind: "expire", why };
}
