/**
 * What stands in place of prose. Long words, none of them a name, and none cut, so that a scan takes no part for one.
 */
export const FILLER_WORDS = [
  "lorem",
  "ipsum",
  "dolor",
  "consectetur",
  "adipiscing",
  "eiusmod",
  "tempor",
  "incididunt",
  "labore",
  "aliqua",
] as const;

const ROUND = Buffer.from(FILLER_WORDS.map((word) => `${word} `).join(""), "latin1");
const DOT = 46;
/** Of so many characters of a round, how many are whole words and the blanks between. */
const WHOLE = Array.from({ length: ROUND.length + 1 }, (_, length) =>
  FILLER_WORDS.reduce((end, _word, index) => {
    const next = FILLER_WORDS.slice(0, index + 1).join(" ").length;
    return next <= length ? next : end;
  }, 0),
);

/** `count` characters of filler: words, then dots where the next word does not fit. */
export function writeFiller(count: number, out: Buffer, to: number): number {
  const begin = to;
  const end = to + count;
  while (end - to > ROUND.length) to += ROUND.copy(out, to);
  const rest = WHOLE[end - to] ?? 0;
  // No blank before dots.
  if (rest === 0 && to > begin) to--;
  for (let index = 0; index < rest; index++) out[to++] = ROUND[index] ?? 0;
  while (to < end) out[to++] = DOT;
  return end;
}

/** Characters of UTF-8, as PostgreSQL counts them for `varchar(n)`. */
export function countCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) count++;
  return count;
}
