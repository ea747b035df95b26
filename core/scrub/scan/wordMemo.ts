import type { Digest } from "./digest";

/** Longer words are seldom met twice. */
const LONGEST = 16;
/** A power of two. */
const SLOTS = 4096;

/**
 * Words that were met lately, with what is known of them: an output is made of few different ones, and comparing a word
 * costs less than its digest and a look into the set. Words are compared by their bytes.
 */
export class WordMemo {
  private readonly bytes = new Uint8Array(SLOTS * LONGEST);
  private readonly lengths = new Uint8Array(SLOTS);
  private readonly lows = new Int32Array(SLOTS);
  private readonly highs = new Int32Array(SLOTS);
  private readonly begins = new Uint8Array(SLOTS);

  /** @returns the word's slot, or -1 when it is not there. */
  find(word: Uint8Array, length: number, quick: number): number {
    const slot = this.slotOf(quick);
    if (this.lengths[slot] !== length) return -1;
    const base = slot * LONGEST;
    for (let at = 0; at < length; at++) if (this.bytes[base + at] !== word[at]) return -1;
    return slot;
  }

  /** Takes the place of another word. @param begins something known begins with it. */
  put(word: Uint8Array, length: number, quick: number, { low, high }: Digest, begins: boolean): void {
    if (length > LONGEST) return;
    const slot = this.slotOf(quick);
    this.lengths[slot] = length;
    for (let at = 0; at < length; at++) this.bytes[slot * LONGEST + at] = word[at] ?? 0;
    this.lows[slot] = low;
    this.highs[slot] = high;
    this.begins[slot] = begins ? 1 : 0;
  }

  /** Something known begins with the word of a slot. */
  isBeginning(slot: number): boolean {
    return this.begins[slot] === 1;
  }

  digestOf(slot: number, into: Digest): void {
    into.low = this.lows[slot] ?? 0;
    into.high = this.highs[slot] ?? 0;
  }

  private slotOf(quick: number): number {
    return (Math.imul(quick, 0x9e3779b1) >>> 16) & (SLOTS - 1);
  }
}
