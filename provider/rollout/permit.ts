import type { Color, Weights } from "../../core/rollout/color";
import type { Said } from "../../core/rollout/record";
import type { BoundRelease } from "../../core/rollout/release";

/** Weights that are about to be written and give a color traffic that it did not have. */
export interface WeightChange {
  readonly service: string;
  readonly namespace: string;
  /** The release that gets the traffic. */
  readonly release: BoundRelease;
  readonly to: Color;
  readonly intent: "deploy" | "rollback";
  /** Index of the step in its strategy, from 0. */
  readonly step: number;
  /** Percent per color; `null` where there is no route yet. */
  readonly before: Weights | null;
  readonly after: Weights;
  /** What the gates said at the step before; empty at the first. */
  readonly evidence: readonly Said[];
  /** Names the change: the same for no other one, of whatever writer. */
  readonly marker: string;
  readonly by: string;
  /** What earlier permits decided about this change. */
  readonly decisions: readonly string[];
}

/**
 * Asked right before each such write; never before traffic is put back. To say no it throws: a Refusal, and nothing moves,
 * or the traffic goes back if some has moved already; or HoldHere, and the move waits at the weights that it has.
 * @returns what was decided where that is worth a word in the ledger ("a freeze is lifted by ..."), else `undefined`.
 */
export type Permit = (change: WeightChange, signal: AbortSignal) => Promise<string | undefined>;

/** What a move by an approved plan says of itself in the ledger; the command that applies the plan names it. */
export const planPermit: Permit = () => {
  const digest = process.env.HMS_PLAN_DIGEST;
  return Promise.resolve(digest === undefined ? undefined : `by plan ${digest}`);
};
