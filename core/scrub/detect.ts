import { COMMON_NAMES } from "./commonNames";
import { copyField } from "./copyText";
import { FindingBook } from "./scan/report";
import { ShapeScanner } from "./scan/shapes";
import type { Suspicion, SuspicionKind } from "./suspicion";

/** Towns and products are called after people as well. */
const NAME_SHARE = 0.1;
const FULL_NAME_SHARE = 0.01;

/** How often each text came: a column that is kept holds few different ones, most often. */
type Counted = ReadonlyMap<string, number>;
/** @param total of all counts. @returns how many of them look like it */
type Judge = (texts: Counted, total: number) => number;

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
  const folded = counted(values.map((text) => text.normalize("NFKC")));
  const hits: readonly (readonly [SuspicionKind, number])[] = [
    ...shapes(counted(values), isNumber),
    ...JUDGES.map(([kind, judge]) => [kind, judge(folded, values.length)] as const),
  ];
  return hits.filter(([, count]) => count > 0).map(([kind, count]) => ({ kind, share: count / values.length }));
}

function counted(texts: readonly string[]): Counted {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

const sumOf = (counts: Iterable<number>): number => [...counts].reduce((sum, count) => sum + count, 0);

/** How many values have a shape in them. */
function shapes(values: Counted, bareNumbers: boolean): readonly (readonly [SuspicionKind, number])[] {
  // The tags of its findings are not looked at, so their key keeps nothing secret.
  const book = new FindingBook(Buffer.alloc(DIGEST_BYTES), Infinity);
  const scanner = new ShapeScanner({ schema: "", table: "", columns: [{ column: "", bareNumbers }] }, book);
  scanner.scan(Buffer.from([...values.keys()].map((text) => `${copyField(text)}\n`).join("")));
  scanner.end();
  const { findings } = book.report();
  const counts = [...values.values()];
  return SHAPES.map((shape) => {
    const rows = new Set(findings.filter(({ kind }) => kind === shape).map(({ row }) => row));
    return [shape, sumOf([...rows].map((row) => counts[row - 1] ?? 0))] as const;
  });
}

const SHAPES = ["email", "ssn", "card", "phone"] as const;
const DIGEST_BYTES = 32;

function names(texts: Counted, total: number): number {
  let single = 0;
  let full = 0;
  for (const [text, count] of texts) {
    const words = text.toLowerCase().match(/[\p{L}']+/gu) ?? [];
    const common = words.map((word) => COMMON_NAMES.has(word));
    if (common.includes(true)) single += count;
    // A name next to a name: hardly ever a town.
    if (common.some((isName, index) => isName && common[index + 1] === true)) full += count;
  }
  const enough = full > total * FULL_NAME_SHARE || (single > 0 && single >= total * NAME_SHARE);
  return enough ? single : 0;
}

const PROSE_LENGTH = 40;
const PROSE_SHARE = 0.1;
const PROSE_DISTINCT = 0.5;

function prose(texts: Counted, total: number): number {
  const long = [...texts]
    .filter(([text]) => text.length >= PROSE_LENGTH && text.includes(" "))
    .map(([, count]) => count);
  const count = sumOf(long);
  return count >= total * PROSE_SHARE && long.length >= count * PROSE_DISTINCT ? count : 0;
}

/** Of fewer values most are distinct by chance. */
const LEAST_FOR_DISTINCT = 50;
const DISTINCT_SHARE = 0.9;

function distinct(texts: Counted, total: number): number {
  const isWord = (text: string): boolean => text.length >= 4 && text.length < PROSE_LENGTH && /\p{L}/u.test(text);
  const words = [...texts].filter(([text]) => isWord(text)).map(([, count]) => count);
  if (sumOf(words) < LEAST_FOR_DISTINCT) return 0;
  return words.length >= total * DISTINCT_SHARE ? words.length : 0;
}
