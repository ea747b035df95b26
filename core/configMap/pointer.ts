import { COLORS } from "../rollout/color";
import { workloadName } from "../rollout/names";
import type { ActualRollout } from "../rollout/plan";
import { previousGood } from "../rollout/record";
import type { Release } from "../rollout/release";
import { configMapName } from "./content";

/** Keys of the pointer, contract: the ConfigMap, release and tag that is live, and those of the last good one before. */
export const POINTER_KEYS = ["current", "currentRelease", "currentTag", "prev", "prevRelease", "prevTag"] as const;

export type PointerData = Readonly<Partial<Record<(typeof POINTER_KEYS)[number], string>>>;

/**
 * What the pointer is to say; `undefined` while nothing is live. It follows from the cluster alone, so whoever finds it
 * otherwise can put it right, and nothing is ever decided by it.
 */
export function pointerData(service: string, actual: ActualRollout): PointerData | undefined {
  const live = actual.live && actual.colors[actual.live]?.release;
  if (!live) return undefined;
  const before = previousGood(actual.record)?.release;
  const current = { current: nameOf(service, live, actual), currentRelease: live.id, currentTag: live.tag };
  if (!before || before.id === live.id) return current;
  return { ...current, prev: nameOf(service, before, actual), prevRelease: before.id, prevTag: before.tag };
}

export const samePointer = (a: PointerData, b: PointerData): boolean => POINTER_KEYS.every((key) => a[key] === b[key]);

/** The ConfigMap of a release where it stands: of one brought up by an earlier version, the one of its color. */
function nameOf(service: string, release: Release, { colors }: ActualRollout): string {
  const color = COLORS.find((one) => colors[one]?.release.id === release.id);
  if (color !== undefined && colors[color]?.sharedConfigMap) return workloadName(service, color);
  return configMapName(service, release.spec);
}
