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
  // A parked color carries a share of the traffic, a scheduled one is to get it all, whatever its age.
  if (plan.parkedShare !== undefined || plan.kind === "scheduled") return wish.replicas;
  // An idle color that never passed is no way back: it only costs, and a crashing one alarms people.
  if (actual.colors[color]?.proven !== true) return 0;
  const { movedAt } = actual.record;
  if (wish.retainSeconds === undefined || movedAt === null) return wish.replicas;
  const age = (now.getTime() - Date.parse(movedAt)) / 1000;
  return age > wish.retainSeconds ? 0 : wish.replicas;
}

/** What the sizes of a service that scales by itself are reckoned from. */
export interface ScalingFacts {
  /** Pods that the live color has now; 0 before the first release. */
  readonly livePods: number;
  /** Smallest size of each color's autoscaler as it stands; 0 where there is none. */
  readonly minima: Readonly<Record<Color, number>>;
  /** Pods that the other color is to have: 0 once it is retired. */
  readonly otherPods: number;
}

/**
 * Smallest size of a color that scales by itself. A color that may take over the traffic at once is as large as the one
 * that carries it, however little it has to do until then; the one that took over keeps that size until the old one is
 * retired, for its own use says nothing before the traffic is there.
 */
export function leastPods(color: Color, plan: RolloutPlan, min: number, facts: ScalingFacts): number {
  const carries = color !== plan.changes && (color === plan.live || color === plan.from);
  if (!carries) return Math.max(min, facts.livePods);
  return facts.otherPods === 0 ? min : Math.max(min, facts.minima[color]);
}
