import { digestBytes, type Digest, type DigestKey } from "./digest";
import { DIGIT, IGNORED, kindOf, LETTER } from "./symbols";

/** Longer words are read as several: no name is as long, and no value may take memory. */
const LONGEST_WORD = 64;
/** Digits that say whose they are. Of fewer there are so many that any number is somebody's. */
export const SHORTEST_NUMBER = 9;

export interface WordSink {
  /** A run of letters and digits. @param length in bytes of UTF-8, folded. */
  word(digest: Digest, length: number): void;
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
  private readonly digest: Digest = { low: 0, high: 0 };

  constructor(
    private readonly key: DigestKey,
    private readonly sink: WordSink,
  ) {}

  /** Takes word characters from a place of a chunk on. @returns where they end. */
  run(chunk: Uint8Array, from: number, to = chunk.length): number {
    let length = this.length;
    let at = from;
    for (; at < to; at++) {
      const folded = FOLDED[chunk[at] ?? 0] ?? 0;
      if (folded === 0) break;
      if (length >= LONGEST_WORD) {
        this.length = length;
        this.end();
        length = 0;
      }
      this.bytes[length++] = folded;
    }
    this.length = length;
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
    const { length, digest } = this;
    if (length === 0) return;
    this.length = 0;
    if (length >= SHORTEST_NUMBER) this.numbers(length);
    digestBytes(this.key, this.bytes, 0, length, digest);
    this.sink.word(digest, length);
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
