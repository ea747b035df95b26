/** Sixteen letters for four bits each. Without vowels they make no words, and no scanner takes letters for a number. */
const LETTERS = Buffer.from("bcdfghjklmnprstv", "latin1");

/**
 * Letters that a fake has where there is room: 72 bits, so that among a billion values two meet with a chance of 1 in
 * 10,000.
 */
export const FULL_LETTERS = 18;
/** From here on chance alone keeps values apart: 64 bits. */
export const ENOUGH_LETTERS = 16;
/** Letters that an index below 2^24 takes. */
const INDEX_LETTERS = 6;

/** `count` letters from the first bits of an output; `capital` is 32 for upper case, else 0. */
export function writeLetters(prf: Buffer, at: number, count: number, capital: number, out: Buffer, to: number): number {
  for (let index = 0; index < count; index++) {
    const byte = prf[at + (index >>> 1)] ?? 0;
    out[to++] = (LETTERS[index & 1 ? byte & 15 : byte >>> 4] ?? 0) - capital;
  }
  return to;
}

/** `count` letters that say `index` in the first six (or fewer), so that different indexes give different letters. */
export function writeIndex(
  index: number,
  prf: Buffer,
  at: number,
  count: number,
  capital: number,
  out: Buffer,
  to: number,
): number {
  const end = writeLetters(prf, at, count, capital, out, to);
  for (let letter = 0, left = index; letter < Math.min(INDEX_LETTERS, count); letter++, left = Math.floor(left / 16))
    out[to + letter] = (LETTERS[left % 16] ?? 0) - capital;
  return end;
}

/** The letter for a number below 16, in upper case. */
export const upperLetter = (number: number): number => (LETTERS[number] ?? 0) - 32;
