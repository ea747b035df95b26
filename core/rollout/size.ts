import type { Color } from "./color";
import type { ActualRollout, RolloutPlan } from "./plan";

export interface SizeWish {
  readonly replicas: number;
  /** Seconds that the old color stays at full size after a move; absent: until the next release. */
  readonly retainSeconds?: number;
}

/** Pods that a color is to have. The live color and the one that is to become it are never made smaller here. */
export function replicasOf(color: Color, plan: RolloutPlan, actual: ActualRollout, wish: SizeWish, now: Date): number {
  if (color === plan.live || color === plan.from || color === plan.changes) return wish.replicas;
  // A parked color carries a share of the traffic, whatever its age.
  if (plan.parkedShare !== undefined) return wish.replicas;
  // An idle color that never passed is no way back: it only costs, and a crashing one alarms people.
  if (actual.colors[color]?.proven !== true) return 0;
  const { movedAt } = actual.record;
  if (wish.retainSeconds === undefined || movedAt === null) return wish.replicas;
  const age = (now.getTime() - Date.parse(movedAt)) / 1000;
  return age > wish.retainSeconds ? 0 : wish.replicas;
}
