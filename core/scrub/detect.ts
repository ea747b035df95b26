import { COMMON_NAMES } from "./commonNames";
import type { Suspicion, SuspicionKind } from "./suspicion";

/**
 * What a sample of a column's values looks like, the plainest first. NULLs are no values; nothing is said of no values.
 * Spelled shapes are suspicious at the first one, plain runs of digits and words that are also names only in numbers.
 */
export function suspicionsOf(values: readonly string[]): readonly Suspicion[] {
  if (values.length === 0) return [];
  const texts = values.map(plainText);
  return KINDS.flatMap(([kind, judge]): readonly Suspicion[] => {
    const hits = judge(texts);
    return hits === 0 ? [] : [{ kind, share: hits / texts.length }];
  });
}

/** One spelling for what looks alike: full-width digits, all kinds of dashes and spaces, and nothing that cannot be seen. */
export const plainText = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g, "")
    .replace(/[\p{Pd}\u2212]/gu, "-")
    .replace(/[\p{Zs}\t\n\r]/gu, " ")
    .replace(/\p{Nd}/gu, digitOf);

/** A digit of any script as one of ours: each script has its ten in a row, zero first. */
function digitOf(digit: string): string {
  if (digit >= "0" && digit <= "9") return digit;
  let zero = digit.codePointAt(0) ?? 0;
  const point = zero;
  while (point - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(point - zero);
}

const EMAIL = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(\.[\p{L}\p{N}-]{1,63})+/u;
const SSN = /(?<![\w-])\d{3}([-. _/])\d{2}\1\d{4}(?![\w-])/;
const PHONE =
  /(?<![\w-])(\+?1[-. ]?)?(\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])|(?<![\w-])\+\d{1,3}([-. ]?\d{2,5}){2,5}(?![\w-])/;
const CARD = /(?<![\w-])\d{4}([- ])\d{4}\1\d{4}\1\d{1,7}(?![\w-])|(?<![\w-])3\d{3}([- ])\d{6}\2\d{5}(?![\w-])/g;
const CARD_RUN = /(?<!\w)\d{13,19}(?!\w)/g;

/** As many values of a shape without a spelling as chance does not give. */
const RUN_SHARE = 0.1;
/** Towns and products are called after people as well. */
const NAME_SHARE = 0.1;
const FULL_NAME_SHARE = 0.01;

type Judge = (texts: readonly string[]) => number;

const KINDS: readonly (readonly [SuspicionKind, Judge])[] = [
  ["email", (texts) => count(texts, (text) => EMAIL.test(text))],
  ["ssn", (texts) => spelledOrRuns(texts, (text) => SSN.test(text), isSsnRun)],
  [
    "card",
    (texts) =>
      spelledOrRuns(
        texts,
        (text) => luhnIn(text, CARD),
        (text) => luhnIn(text, CARD_RUN),
      ),
  ],
  [
    "phone",
    (texts) =>
      spelledOrRuns(
        texts,
        (text) => PHONE.test(text),
        (text) => /^1?[2-9]\d{2}[2-9]\d{6}$/.test(text),
      ),
  ],
  ["names", names],
  ["prose", prose],
  ["distinct", distinct],
];

const count = (texts: readonly string[], test: (text: string) => boolean): number => texts.filter(test).length;

function spelledOrRuns(
  texts: readonly string[],
  isSpelled: (text: string) => boolean,
  isRun: (text: string) => boolean,
): number {
  const spelled = count(texts, isSpelled);
  const runs = count(texts, isRun);
  return spelled > 0 || runs >= texts.length * RUN_SHARE ? count(texts, (text) => isSpelled(text) || isRun(text)) : 0;
}

/** Nine digits alone, of a number that can have been issued. */
const isSsnRun = (text: string): boolean => /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(text);

const luhnIn = (text: string, shape: RegExp): boolean =>
  [...text.matchAll(shape)].some(([found]) => isLuhn(found.replace(/\D/g, "")));

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && /[1-9]/.test(digits);
}

function names(texts: readonly string[]): number {
  const words = texts.map((text) => text.toLowerCase().match(/[\p{L}']+/gu) ?? []);
  const single = words.filter((list) => list.some((word) => COMMON_NAMES.has(word))).length;
  // A name next to a name: hardly ever a town.
  const full = words.filter((list) =>
    list.some((word, index) => COMMON_NAMES.has(word) && COMMON_NAMES.has(list[index + 1] ?? "")),
  ).length;
  const enough = full > texts.length * FULL_NAME_SHARE || single >= texts.length * NAME_SHARE;
  return enough ? single : 0;
}

const PROSE_LENGTH = 40;
const PROSE_DISTINCT = 0.5;

function prose(texts: readonly string[]): number {
  const long = texts.filter((text) => text.length >= PROSE_LENGTH && text.includes(" "));
  const isMost = long.length >= texts.length * RUN_SHARE;
  return isMost && new Set(long).size >= long.length * PROSE_DISTINCT ? long.length : 0;
}

/** Of fewer values most are distinct by chance. */
const LEAST_FOR_DISTINCT = 50;
const DISTINCT_SHARE = 0.9;

function distinct(texts: readonly string[]): number {
  const words = texts.filter((text) => /\p{L}/u.test(text) && text.length >= 4 && text.length < PROSE_LENGTH);
  if (words.length < LEAST_FOR_DISTINCT) return 0;
  const different = new Set(words).size;
  return different >= texts.length * DISTINCT_SHARE ? different : 0;
}
