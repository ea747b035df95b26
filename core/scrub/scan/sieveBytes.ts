import { BACKSLASH, LINE_FEED, TAB } from "../copyText";
import { asciiKinds, AT, BREAK, IGNORED } from "./symbols";
import { FOLDED } from "./words";

/** What a byte is to the sieve. */
export const WORD = 0;
/** May stand between digits of one number. */
export const JOINS = 1;
export const PARTS = 2;
export const AT_SIGN = 3;
export const ENDS_FIELD = 4;
/** Only the scanners know what it means. */
export const SPECIAL = 5;
export const SIEVE_KINDS = buildKinds();

/** Where fakes of addresses are, to which nobody writes. */
const HARMLESS = Buffer.from("example.org");

/** The word is in quotes, with a colon right behind them. */
export const isKey = (chunk: Uint8Array, from: number, to: number): boolean =>
  chunk[to] === 34 && chunk[to + 1] === 58 && chunk[from - 1] === 34;

/** The whole field is `\N`. */
export const isNull = (chunk: Uint8Array, at: number, start: number): boolean =>
  at === start && chunk[at + 1] === 78 && (chunk[at + 2] === TAB || chunk[at + 2] === LINE_FEED);

/** The groups that begin at `second` and `third` are 555 and 01: such phones are for films, and fakes are made of them. */
export const isNobodys = (chunk: Uint8Array, second: number, third: number): boolean =>
  chunk[second] === 53 &&
  chunk[second + 1] === 53 &&
  chunk[second + 2] === 53 &&
  chunk[third] === 48 &&
  chunk[third + 1] === 49;

/** The host behind an `@` is `example.org` and nothing more. */
export function isHarmless(chunk: Uint8Array, from: number): boolean {
  for (let at = 0; at < HARMLESS.length; at++) if (chunk[from + at] !== HARMLESS[at]) return false;
  const next = chunk[from + HARMLESS.length];
  return next === TAB || next === LINE_FEED || next === 34;
}

function buildKinds(): Uint8Array {
  const kinds = asciiKinds();
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    if (byte === TAB || byte === LINE_FEED) return ENDS_FIELD;
    if (byte >= 0x80 || byte === BACKSLASH) return SPECIAL;
    if (FOLDED[byte] !== 0) return WORD;
    const kind = kinds[byte] ?? 0;
    if (kind === IGNORED) return SPECIAL;
    if (kind === AT) return AT_SIGN;
    return kind === BREAK ? PARTS : JOINS;
  });
}
