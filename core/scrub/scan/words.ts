import { BACKSLASH } from "../copyText";
import { digestBytes, type Digest, type DigestKey, endHigh, endLow, highLane, lowLane } from "./digest";
import { DIGIT, IGNORED, kindOf, LETTER } from "./symbols";

/** Longer words are read as several: no name is as long, and no value may take memory. */
export const LONGEST_WORD = 64;
/** Digits that say whose they are. Of fewer there are so many that any number is somebody's. */
export const SHORTEST_NUMBER = 9;

const LETTER_BIT = 64;
/** `f` */
const LAST_HEX = 102;

export interface WordSink {
  /**
   * A run of letters and digits, by the digest of its folded UTF-8.
   *
   * @param length in bytes. @param isNumber it has digits only.
   */
  word(low: number, high: number, length: number, isNumber: boolean): void;
  /** At least `SHORTEST_NUMBER` digits: a word, or within one that is not hexadecimal. */
  number(low: number, high: number): void;
}

/**
 * Cuts text into words, the same way for what the source has and for what ships: case, accents and width make no
 * difference, nor does what stands between words.
 */
export class Words {
  private readonly bytes = new Uint8Array(LONGEST_WORD);
  private length = 0;
  private low: number;
  private high: number;
  /** Bit 6 of any byte of the word, and of all: letters have it, and the first bytes of wider ones, digits do not. */
  private letters = 0;
  private only = LETTER_BIT;
  private readonly digest: Digest = { low: 0, high: 0 };

  constructor(
    private readonly key: DigestKey,
    private readonly sink: WordSink,
  ) {
    [this.low, this.high] = key;
  }

  /** Takes word characters from a place of a chunk on. @returns where they end. */
  run(chunk: Uint8Array, from: number, to = chunk.length): number {
    let { length, low, high, letters, only } = this;
    const { bytes } = this;
    const folds = FOLDED;
    let at = from;
    for (; at < to; at++) {
      const folded = folds[chunk[at] ?? 0] ?? 0;
      if (folded === 0) break;
      if (length === LONGEST_WORD) {
        this.keep(length, low, high, letters, only);
        this.end();
        ({ length, low, high, letters, only } = this);
      }
      bytes[length++] = folded;
      low = lowLane(low, folded);
      high = highLane(high, folded);
      letters |= folded;
      only &= folded;
    }
    this.keep(length, low, high, letters, only);
    return at;
  }

  /** Nothing of a word is held: the next character is the first of one, if it belongs to any. */
  get isIdle(): boolean {
    return this.length === 0;
  }

  /**
   * Takes the word that begins at a place of a chunk, between words, if it is of ASCII and Latin letters that fold to it, and
   * ends there, at a byte that no more of it can follow; then nothing of it has to be held. @param isAll at `to` words end. @returns where it ends; `from` if
   * `run` has to take it.
   */
  whole(chunk: Uint8Array, from: number, to: number, isAll: boolean): number {
    const folds = FOLDED;
    const most = Math.min(to, from + LONGEST_WORD + 1);
    let low = this.key[0];
    let high = this.key[1];
    let letters = 0;
    let wide = 0;
    let at = from;
    for (;;) {
      for (; at < most; at++) {
        const folded = folds[chunk[at] ?? 0] ?? 0;
        if (folded === 0) break;
        low = lowLane(low, folded);
        high = highLane(high, folded);
        letters += folded >>> 6;
      }
      if (at + 1 >= most || (chunk[at] ?? 0) < FIRST_OF_TWO) break;
      const folded = foldedLatin(chunk[at] ?? 0, chunk[at + 1] ?? 0);
      if (folded === 0) break;
      low = lowLane(low, folded);
      high = highLane(high, folded);
      letters++;
      wide++;
      at += 2;
    }
    const length = at - from - wide;
    if (length === 0 || at - from > LONGEST_WORD) return from;
    if (at < to) {
      const stop = chunk[at] ?? 0;
      if (stop >= 0x80 || stop === BACKSLASH) return from;
    } else if (!isAll) return from;
    // Numbers within words are looked for by `end`, but not in hexadecimal ones.
    if (letters > 0 && length - letters >= SHORTEST_NUMBER && !isHexadecimal(chunk, from, at)) return from;
    high = endHigh(low, high);
    low = endLow(low);
    if (letters === 0 && length >= SHORTEST_NUMBER) this.sink.number(low, high);
    this.sink.word(low, high, length, letters === 0);
    return at;
  }

  character(code: number): void {
    if (code >= 0x80) this.wide(code);
    else {
      const folded = FOLDED[code] ?? 0;
      if (folded > 0) this.put(folded);
      else this.end();
    }
  }

  /** What comes next is no part of the word. */
  end(): void {
    const { length, low, high, letters, only } = this;
    if (length === 0) return;
    this.low = this.key[0];
    this.high = this.key[1];
    this.length = this.letters = 0;
    this.only = LETTER_BIT;
    if (length >= SHORTEST_NUMBER && (only & LETTER_BIT) === 0) this.numbers(length);
    this.sink.word(endLow(low), endHigh(low, high), length, (letters & LETTER_BIT) === 0);
  }

  private keep(length: number, low: number, high: number, letters: number, only: number): void {
    this.only = only;
    this.length = length;
    this.low = low;
    this.high = high;
    this.letters = letters;
  }

  private wide(code: number): void {
    const folded = foldedWide(code);
    if (folded === undefined) this.end();
    else for (const byte of folded) this.put(byte);
  }

  private put(byte: number): void {
    if (this.length === LONGEST_WORD) this.end();
    this.bytes[this.length++] = byte;
    this.low = lowLane(this.low, byte);
    this.high = highLane(this.high, byte);
    this.letters |= byte;
    this.only &= byte;
  }

  private numbers(length: number): void {
    const { bytes } = this;
    let digits = 0;
    let hexadecimal = true;
    for (let at = 0; at < length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte < 58) digits++;
      else if (byte > LAST_HEX) hexadecimal = false;
    }
    if (digits < SHORTEST_NUMBER || (hexadecimal && digits < length)) return;
    for (let from = 0, at = 0; at <= length; at++) {
      if (at < length && (bytes[at] ?? 0) < 58) continue;
      if (at - from >= SHORTEST_NUMBER) {
        digestBytes(this.key, bytes, from, at, this.digest);
        this.sink.number(this.digest.low, this.digest.high);
      }
      from = at + 1;
    }
  }
}

/** Of letters and digits. */
export function isHexadecimal(word: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((word[at] ?? 0) > 57 && ((word[at] ?? 0) | 32) > LAST_HEX) return false;
  return true;
}

/** What an ASCII letter or digit counts as; 0 for bytes that are neither, or only a part of a character. */
export const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = byte < 0x80 ? String.fromCharCode(byte) : " ";
  return /[0-9A-Za-z]/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});

/** First bytes of characters of two, U+0080 and above. */
const FIRST_OF_TWO = 0xc2;
const LATIN_END = 0x250;
const UNKNOWN = 255;
/** By character: the ASCII letter that it folds to, 0 if to none; worked out once it was met. */
const LATIN = new Uint8Array(LATIN_END).fill(UNKNOWN);

function foldedLatin(first: number, second: number): number {
  const code = ((first & 31) << 6) | (second & 63);
  if (first >= 0xe0 || code >= LATIN_END || (second & 0xc0) !== 0x80) return 0;
  const known = LATIN[code] ?? 0;
  if (known !== UNKNOWN) return known;
  const folded = foldedWide(code);
  const letter =
    folded?.length === 1 && (folded[0] ?? 0) > LETTER_BIT && (folded[0] ?? 0) < 0x80 ? (folded[0] ?? 0) : 0;
  return (LATIN[code] = letter);
}

const NOTHING = new Uint8Array(0);
/** By character: what others than ASCII count as, once one was met; `undefined` is the end of a word. */
const WIDE = new Map<number, Uint8Array | undefined>();

function foldedWide(code: number): Uint8Array | undefined {
  const known = WIDE.get(code);
  if (known !== undefined || WIDE.has(code)) return known;
  const folded = foldWide(code);
  WIDE.set(code, folded);
  return folded;
}

function foldWide(code: number): Uint8Array | undefined {
  const kind = kindOf(code);
  if (kind === IGNORED) return NOTHING;
  if (kind >= DIGIT) return Uint8Array.of(48 + kind - DIGIT);
  if (kind !== LETTER) return undefined;
  return Buffer.from(String.fromCodePoint(code).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase());
}
