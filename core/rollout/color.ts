/** The two permanent sides of a service. Which of them is live is a fact of the cluster, never a setting. */
export const COLORS = ["blue", "green"] as const;
export type Color = (typeof COLORS)[number];

/** Share of requests each color gets, in percent. The sum is 100: a zero sum is an outage. */
export interface Weights {
  readonly blue: number;
  readonly green: number;
}

export const isColor = (value: unknown): value is Color => value === "blue" || value === "green";

export const otherColor = (color: Color): Color => (color === "blue" ? "green" : "blue");

/** The weights that give `color` the share `percent` (0..100, whole numbers) and the other color the rest. */
export function weightsFor(color: Color, percent = 100): Weights {
  if (!Number.isInteger(percent) || percent < 0 || percent > 100) {
    throw new RangeError(`weight of ${color}: got ${percent}, allowed is a whole number from 0 to 100`);
  }
  return color === "blue" ? { blue: percent, green: 100 - percent } : { blue: 100 - percent, green: percent };
}

export const sameWeights = (a: Weights, b: Weights): boolean => a.blue === b.blue && a.green === b.green;

/** The color with the larger share; on a tie the one in `otherwise`. */
export function majority(weights: Weights, otherwise: Color): Color {
  if (weights.blue === weights.green) return otherwise;
  return weights.blue > weights.green ? "blue" : "green";
}

/** One value a color, e.g. `perColor((c) => facts[c].ready)`. */
export const perColor = <T>(make: (color: Color) => T): { readonly blue: T; readonly green: T } => ({
  blue: make("blue"),
  green: make("green"),
});
