import type { Decision } from "./policy.ts";

/** What is due on a claim now. */
export interface Payout {
  readonly eligible: boolean;
  /** What stands against the claim, in the policy's codes. */
  readonly reasons: readonly string[];
  /** Rules that it was decided by. */
  readonly policyVersion: string;
  readonly awardedCents: number;
  readonly paidCents: number;
  /** Never below zero: what was paid too much is a matter of its own, and is named. */
  readonly dueCents: number;
  readonly overpaidCents: number;
}

/** The policy awards whole dollars; what was paid already is taken off. */
export function payoutOf(decision: Decision, paidCents: number): Payout {
  const awardedCents = decision.eligible ? Math.round(decision.amount * 100) : 0;
  return {
    eligible: decision.eligible,
    reasons: decision.reasons,
    policyVersion: decision.policyVersion,
    awardedCents,
    paidCents,
    dueCents: Math.max(0, awardedCents - paidCents),
    overpaidCents: Math.max(0, paidCents - awardedCents),
  };
}
