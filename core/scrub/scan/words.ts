import { digestBytes, type Digest, type DigestKey } from "./digest";
import { DIGIT, IGNORED, kindOf, LETTER } from "./symbols";

/** Longer words are read as several: no name is as long, and no value may take memory. */
const LONGEST_WORD = 64;
/** Digits that say whose they are. Of fewer there are so many that any number is somebody's. */
export const SHORTEST_NUMBER = 9;

export interface WordSink {
  /**
   * A run of letters and digits: [0, length) of `bytes`, folded, in UTF-8.
   *
   * @param quick the same for the same word, and no more than that.
   * @param isNumber it has digits only.
   */
  word(bytes: Uint8Array, length: number, quick: number, isNumber: boolean): void;
  /** At least `SHORTEST_NUMBER` digits: a word, or within one that is not hexadecimal. */
  number(digest: Digest): void;
}

/**
 * Cuts text into words, the same way for what the source has and for what ships: case, accents and width make no
 * difference, nor does what stands between words.
 */
export class Words {
  private readonly bytes = new Uint8Array(LONGEST_WORD + 16);
  private length = 0;
  private quick = 0;
  /** Bit 6 of all bytes of the word: letters have it, and the first bytes of wider ones, digits do not. */
  private letters = 0;
  private readonly digest: Digest = { low: 0, high: 0 };

  constructor(
    private readonly key: DigestKey,
    private readonly sink: WordSink,
  ) {}

  /** Takes word characters from a place of a chunk on. @returns where they end. */
  run(chunk: Uint8Array, from: number, to = chunk.length): number {
    let { length, quick, letters } = this;
    const { bytes } = this;
    const folds = FOLDED;
    let at = from;
    for (; at < to; at++) {
      const folded = folds[chunk[at] ?? 0] ?? 0;
      if (folded === 0) break;
      if (length >= LONGEST_WORD) {
        this.length = length;
        this.quick = quick;
        this.letters = letters;
        this.end();
        length = quick = letters = 0;
      }
      bytes[length++] = folded;
      quick = (Math.imul(quick, 31) + folded) | 0;
      letters |= folded;
    }
    this.length = length;
    this.quick = quick;
    this.letters = letters;
    return at;
  }

  character(code: number): void {
    const folded = code < 0x80 ? FOLDED[code] : undefined;
    if (folded !== undefined && folded > 0) this.put(folded);
    else if (code < 0x80) this.end();
    else this.wide(code);
  }

  /** What comes next is no part of the word. */
  end(): void {
    const { length, quick, letters } = this;
    if (length === 0) return;
    this.length = this.quick = this.letters = 0;
    if (length >= SHORTEST_NUMBER) this.numbers(length);
    this.sink.word(this.bytes, length, quick, (letters & 64) === 0);
  }

  private wide(code: number): void {
    const kind = kindOf(code);
    if (kind === IGNORED) return;
    if (kind >= DIGIT) this.put(48 + kind - DIGIT);
    else if (kind !== LETTER) this.end();
    else {
      const text = String.fromCodePoint(code).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
      for (const byte of Buffer.from(text)) this.put(byte);
    }
  }

  private put(byte: number): void {
    if (this.length >= LONGEST_WORD) this.end();
    this.bytes[this.length++] = byte;
    this.quick = (Math.imul(this.quick, 31) + byte) | 0;
    this.letters |= byte;
  }

  private numbers(length: number): void {
    let digits = 0;
    let hexadecimal = true;
    for (let at = 0; at < length; at++) {
      const byte = this.bytes[at] ?? 0;
      if (byte < 58) digits++;
      else if (byte > 102) hexadecimal = false;
    }
    if (digits < SHORTEST_NUMBER || (hexadecimal && digits < length)) return;
    for (let from = 0, at = 0; at <= length; at++) {
      if (at < length && (this.bytes[at] ?? 0) < 58) continue;
      if (at - from >= SHORTEST_NUMBER) {
        digestBytes(this.key, this.bytes, from, at, this.digest);
        this.sink.number(this.digest);
      }
      from = at + 1;
    }
  }
}

/** What an ASCII letter or digit counts as; 0 for bytes that are neither, or only a part of a character. */
export const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = byte < 0x80 ? String.fromCharCode(byte) : " ";
  return /[0-9A-Za-z]/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});
