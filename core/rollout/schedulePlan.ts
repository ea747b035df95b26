import type { SchedulePolicy } from "../schedule/field";
import type { NotBefore, Resolved } from "../schedule/notBefore";
import { problemText } from "../service/problem";
import type { RolloutPlan } from "./plan";
import type { RolloutRecord } from "./record";
import type { Schedule } from "./scheduled";

/** The earliest instant of a move: what was said, and what it means now. */
export interface Earliest {
  readonly said: NotBefore;
  readonly resolved: Resolved;
}

export interface PlannedSchedule {
  readonly schedule?: Schedule;
  /** Why nothing may be done until another instant is said. */
  readonly problem?: string;
}

/**
 * What of a plan is left to an instant: the move that the plan would make, or the one that waits already. Where nothing
 * moves, an instant that is over is no matter: it may stand in the stack file for long after its move.
 */
export function planSchedule(
  plan: RolloutPlan,
  { scheduled }: RolloutRecord,
  release: { readonly id: string; readonly tag: string },
  earliest: Earliest | undefined,
  policy: SchedulePolicy,
): PlannedSchedule {
  const how = {
    onFreeze: policy.onFreeze,
    expiresAfterSeconds: policy.expiresAfter,
    graceSeconds: policy.grace,
  };
  if (plan.kind === "scheduled" && scheduled) {
    const { at, zone, text, color, release: id, tag } = scheduled;
    return { schedule: { at, zone, text, color, release: id, tag, ...how } };
  }
  if (!earliest) return {};
  const { said, resolved } = earliest;
  if (plan.kind === "first") {
    const got = JSON.stringify(said.text);
    const problem = `notBefore: got ${got}; allowed is nothing for a first release: there is no route yet whose traffic could move; deploy it without`;
    return { problem };
  }
  if (plan.kind !== "switch" && plan.kind !== "deploy") return {};
  if (!resolved.ok) return { problem: problemText({ path: ["notBefore"], got: said.text, ...resolved.problem }) };
  const { text, zone } = said;
  const at = resolved.at.toISOString();
  return { schedule: { at, zone, text, color: plan.live, release: release.id, tag: release.tag, ...how } };
}
