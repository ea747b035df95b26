import { createHash } from "node:crypto";

/** Numbers in [0, 1). */
export type Random = () => number;

export const LARGEST_SEED = 2 ** 32 - 1;

/** The same numbers in the same order for the same seed, on every machine. */
export function seededRandom(seed: number): Random {
  let drawn = 0;
  return () => createHash("sha256").update(`${seed}/${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}

/** One of `items`, each as likely as the other; `undefined` when there is none. */
export const oneAtRandom = <T>(items: readonly T[], random: Random): T | undefined =>
  items[Math.floor(random() * items.length)];
