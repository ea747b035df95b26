import { Misfit } from "./fakes/misfit";

/**
 * The text format of PostgreSQL's COPY, as the server sends it: fields end with a tab, rows with a line feed, and what
 * of both stands in a value is escaped, so that every tab and line feed is a border. Other spellings that COPY would
 * read (`\101`, `\x41`) are never sent and are refused.
 */
export const TAB = 9;
export const LINE_FEED = 10;
export const BACKSLASH = 92;
const NULL_LETTER = 78;

/** Is the field [start, end) `\N`? */
export const isNull = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === NULL_LETTER;

const ESCAPES = [
  ["b", 8],
  ["t", 9],
  ["n", 10],
  ["v", 11],
  ["f", 12],
  ["r", 13],
  ["\\", 92],
] as const;
/** By the letter behind the backslash; 0 is no escape. */
const MEANT = new Uint8Array(256);
/** By the byte that is meant; 0 needs no escape. */
const LETTER = new Uint8Array(256);
for (const [letter, code] of ESCAPES) {
  MEANT[letter.charCodeAt(0)] = code;
  LETTER[code] = letter.charCodeAt(0);
}

const LETTERS: ReadonlyMap<string, string> = new Map(
  ESCAPES.map(([letter, code]) => [String.fromCharCode(code), letter]),
);

/** A text as one field, escaped as the server does it. */
export const copyField = (text: string): string =>
  text.replace(/[\\\b\f\n\r\t\v]/g, (special) => `\\${LETTERS.get(special) ?? special}`);

/** Writes the value of the field [start, end) to `out` at `to`, at most as long; returns its end. @throws Misfit */
export function decodeField(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  for (let at = start; at < end; at++) {
    let code = bytes[at] ?? 0;
    if (code === BACKSLASH) {
      at++;
      code = at < end ? (MEANT[bytes[at] ?? 0] ?? 0) : 0;
      if (code === 0) throw new Misfit("copy-malformed", "bad-escape");
    }
    out[to++] = code;
  }
  return to;
}

/** Writes a value as a field, at most twice as long; returns its end. */
export function encodeField(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  for (let at = start; at < end; at++) {
    const code = bytes[at] ?? 0;
    const letter = LETTER[code] ?? 0;
    if (letter !== 0) {
      out[to++] = BACKSLASH;
      out[to++] = letter;
    } else out[to++] = code;
  }
  return to;
}
