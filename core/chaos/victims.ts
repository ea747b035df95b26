import type { Color } from "../rollout/color";
import { oneAtRandom, type Random } from "./random";

export interface PodSeen {
  readonly name: string;
  readonly uid: string;
  /** ISO 8601, as the API server writes it. */
  readonly createdAt: string;
  /** Answers, and is not on its way out. */
  readonly ready: boolean;
  /** No node has room for it now. */
  readonly waitsForRoom?: boolean;
  /** A controller puts another in its place; a pod without one is never killed. */
  readonly replaced: boolean;
}

/** One color of a service as it stands. */
export interface ColorSeen extends NamedColor {
  /** Pods asked for. */
  readonly desired: number;
  readonly pods: readonly PodSeen[];
}

/** A color of a service by its name. */
export interface NamedColor {
  readonly service: string;
  readonly color: Color;
}

export interface Victim extends NamedColor {
  readonly pod: PodSeen;
}

export const isOfColor = (a: NamedColor, b: NamedColor): boolean => a.service === b.service && a.color === b.color;

/** What is left when a pod has died. */
export const without = (colors: readonly ColorSeen[], { pod }: Victim): readonly ColorSeen[] =>
  colors.map((seen) => ({ ...seen, pods: seen.pods.filter((one) => one.uid !== pod.uid) }));

export const readyPods = ({ pods }: ColorSeen): readonly PodSeen[] => pods.filter((pod) => pod.ready);

/** As many pods are ready as are asked for. */
export const isWhole = (seen: ColorSeen): boolean => readyPods(seen).length >= seen.desired;

/** How many pods of a color may die at once: all but one ready one, and only those that come back. */
export function expendable(seen: ColorSeen): number {
  const ready = readyPods(seen);
  return Math.max(0, Math.min(ready.length - 1, ready.filter((pod) => pod.replaced).length));
}

/** What rounding errors may add to a product of a share and a number of pods. */
const ROUNDING = 1e-9;

/** The most that one round may kill of so many ready pods. */
export const roundLimit = (share: number, ready: number): number => Math.max(0, Math.ceil(share * ready - ROUNDING));

/**
 * The pods of one round: at most `share` of the ready ones over all colors, rounded up, and of no color its last one.
 * Colors with the fewest kills so far come first, so that each has its turn; the rest is chance. The choice depends on
 * the seed, on ages and on counts, not on the order of the lists and hardly on names, which are new in each run.
 */
export function chooseVictims(
  colors: readonly ColorSeen[],
  share: number,
  killedSoFar: (seen: ColorSeen) => number,
  random: Random,
): readonly Victim[] {
  const limit = roundLimit(
    share,
    colors.reduce((sum, seen) => sum + readyPods(seen).length, 0),
  );
  const pools = [...colors].sort(byName).map((seen) => ({
    seen,
    candidates: readyPods(seen)
      .filter((pod) => pod.replaced)
      .sort(byAge),
    room: expendable(seen),
    killed: killedSoFar(seen),
  }));
  const victims: Victim[] = [];
  while (victims.length < limit) {
    const open = pools.filter((pool) => pool.room > 0);
    const fewest = Math.min(...open.map((pool) => pool.killed));
    const pool = oneAtRandom(
      open.filter((one) => one.killed === fewest),
      random,
    );
    const pod = pool && oneAtRandom(pool.candidates, random);
    if (!pool || !pod) break;
    pool.candidates = pool.candidates.filter((one) => one !== pod);
    pool.room -= 1;
    pool.killed += 1;
    victims.push({ service: pool.seen.service, color: pool.seen.color, pod });
  }
  return victims;
}

const byName = (a: ColorSeen, b: ColorSeen): number => compare(`${a.service}/${a.color}`, `${b.service}/${b.color}`);
const byAge = (a: PodSeen, b: PodSeen): number => compare(a.createdAt, b.createdAt) || compare(a.name, b.name);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
