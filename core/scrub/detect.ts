import { COMMON_NAMES } from "./commonNames";
import { copyField } from "./copyText";
import { FindingBook } from "./scan/report";
import { ShapeScanner } from "./scan/shapes";
import type { Suspicion, SuspicionKind } from "./suspicion";

/** Towns and products are called after people as well. */
const NAME_SHARE = 0.1;
const FULL_NAME_SHARE = 0.01;

type Judge = (texts: readonly string[]) => number;

const JUDGES: readonly (readonly [SuspicionKind, Judge])[] = [
  ["names", names],
  ["prose", prose],
  ["distinct", distinct],
];

/**
 * What a sample of a column's values looks like. NULLs are no values; nothing is said of no values. Shapes are those that
 * the leak scan stops for, one of them is enough: what it would find in the output is better told before a row is masked.
 * @param isNumber digits alone are amounts and counts
 */
export function suspicionsOf(values: readonly string[], isNumber = false): readonly Suspicion[] {
  const texts = values.map((text) => text.normalize("NFKC"));
  const hits: readonly (readonly [SuspicionKind, number])[] = [
    ...shapes(values, isNumber),
    ...JUDGES.map(([kind, judge]) => [kind, judge(texts)] as const),
  ];
  return hits.filter(([, count]) => count > 0).map(([kind, count]) => ({ kind, share: count / values.length }));
}

/** How many values have a shape in them. */
function shapes(values: readonly string[], bareNumbers: boolean): readonly (readonly [SuspicionKind, number])[] {
  // The tags of its findings are not looked at, so their key keeps nothing secret.
  const book = new FindingBook(Buffer.alloc(DIGEST_BYTES), Infinity);
  const scanner = new ShapeScanner({ schema: "", table: "", columns: [{ column: "", bareNumbers }] }, book);
  for (const text of values) scanner.scan(Buffer.from(`${copyField(text)}\n`));
  scanner.end();
  const { findings } = book.report();
  return SHAPES.map((shape) => {
    const rows = findings.filter(({ kind }) => kind === shape).map(({ row }) => row);
    return [shape, new Set(rows).size] as const;
  });
}

const SHAPES = ["email", "ssn", "card", "phone"] as const;
const DIGEST_BYTES = 32;

function names(texts: readonly string[]): number {
  const words = texts.map((text) => text.toLowerCase().match(/[\p{L}']+/gu) ?? []);
  const single = words.filter((list) => list.some((word) => COMMON_NAMES.has(word))).length;
  // A name next to a name: hardly ever a town.
  const full = words.filter((list) =>
    list.some((word, index) => COMMON_NAMES.has(word) && COMMON_NAMES.has(list[index + 1] ?? "")),
  ).length;
  const enough = full > texts.length * FULL_NAME_SHARE || (single > 0 && single >= texts.length * NAME_SHARE);
  return enough ? single : 0;
}

const PROSE_LENGTH = 40;
const PROSE_SHARE = 0.1;
const PROSE_DISTINCT = 0.5;

function prose(texts: readonly string[]): number {
  const long = texts.filter((text) => text.length >= PROSE_LENGTH && text.includes(" "));
  const isSome = long.length >= texts.length * PROSE_SHARE;
  return isSome && new Set(long).size >= long.length * PROSE_DISTINCT ? long.length : 0;
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
