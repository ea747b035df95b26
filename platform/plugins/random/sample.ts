import { createHash, randomInt } from "node:crypto";

/** Where chance comes from: a whole number from 0 to `bound - 1`, each as likely as any other. */
export type Chance = (bound: number) => number;

/** Largest bound that one draw of 48 bits covers. */
const LARGEST_BOUND = 2 ** 48 - 1;

export const fromSystem: Chance = (bound) => randomInt(bound);

/** The same seed gives the same numbers, on every machine and for ever. Not the numbers the published plugin gives. */
export function fromSeed(seed: string): Chance {
  let draws = 0;
  return (bound) => {
    if (bound < 1 || bound > LARGEST_BOUND) throw new RangeError(`bound ${bound}: allowed is 1 to ${LARGEST_BOUND}`);
    const unfair = 2 ** 48 - (2 ** 48 % bound);
    for (;;) {
      const drawn = createHash("sha256").update(`${draws++}:${seed}`).digest().readUIntBE(0, 6);
      if (drawn < unfair) return drawn % bound;
    }
  };
}

export const chanceOf = (seed: string | undefined): Chance => (seed === undefined ? fromSystem : fromSeed(seed));

/** @throws RangeError for an empty list */
export function pick<T>(items: readonly T[], chance: Chance): T {
  const item = items.length === 0 ? undefined : items[chance(items.length)];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}

/** All items in an order that is as likely as any other. */
export function shuffle<T>(items: readonly T[], chance: Chance): T[] {
  const rest = [...items];
  return items.map(() => {
    const [drawn] = rest.splice(chance(rest.length), 1);
    if (drawn === undefined) throw new RangeError("the list holds nothing at an index");
    return drawn;
  });
}
