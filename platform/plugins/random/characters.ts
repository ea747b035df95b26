import { type Chance, fromSystem, pick, shuffle } from "./sample";

export const CLASSES = {
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  lower: "abcdefghijklmnopqrstuvwxyz",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
} as const;

/** Which characters a random text is made of. */
export interface CharacterRules {
  readonly length: number;
  readonly upper: boolean;
  readonly lower: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  /** How many of each there are at least, also where the class is otherwise left out. */
  readonly minUpper: number;
  readonly minLower: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  /** The special characters, instead of the usual ones. */
  readonly overrideSpecial?: string;
}

export function randomText(rules: CharacterRules, chance: Chance = fromSystem): string {
  const override = rules.overrideSpecial ?? "";
  const special = Array.from(override === "" ? CLASSES.special : override);
  const classes = [
    { characters: Array.from(CLASSES.upper), used: rules.upper, least: rules.minUpper },
    { characters: Array.from(CLASSES.lower), used: rules.lower, least: rules.minLower },
    { characters: Array.from(CLASSES.numeric), used: rules.numeric, least: rules.minNumeric },
    { characters: special, used: rules.special, least: rules.minSpecial },
  ];
  const all = classes.flatMap(({ characters, used }) => (used ? characters : []));
  const drawn = classes.flatMap(({ characters, least }) =>
    Array.from({ length: least }, () => pick(characters, chance)),
  );
  while (drawn.length < rules.length) drawn.push(pick(all, chance));
  return shuffle(drawn, chance).join("");
}
