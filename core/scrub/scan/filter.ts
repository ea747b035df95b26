import type { Digest } from "./digest";

/** A block is 256 bits, one bit of each of its eight words for every member: one place in memory to look at. */
const WORDS = 8;
const SALTS = Int32Array.of(
  ...[0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31],
);

/**
 * A set of digests in a fixed piece of memory (a Bloom filter in blocks). What was added is always found; of what was
 * not, a share is found too, which `falsePositiveRate` tells and which grows as the set fills.
 */
export class DigestFilter {
  readonly bits: Uint32Array;
  private readonly blocks: number;

  /** @param bytes rounded down to whole blocks. */
  constructor(bytes: number) {
    this.blocks = Math.max(1, Math.floor(bytes / (WORDS * 4)));
    this.bits = new Uint32Array(this.blocks * WORDS);
  }

  add({ low, high }: Digest): void {
    const base = this.baseOf(high);
    for (let word = 0; word < WORDS; word++) {
      const bit = 1 << (Math.imul(low, SALTS[word] ?? 0) >>> 27);
      this.bits[base + word] = (this.bits[base + word] ?? 0) | bit;
    }
  }

  has({ low, high }: Digest): boolean {
    const base = this.baseOf(high);
    for (let word = 0; word < WORDS; word++) {
      const bit = 1 << (Math.imul(low, SALTS[word] ?? 0) >>> 27);
      if (((this.bits[base + word] ?? 0) & bit) === 0) return false;
    }
    return true;
  }

  /** All members of another one of the same size: that of another worker. */
  merge(bits: Uint32Array): void {
    if (bits.length !== this.bits.length) throw new RangeError("filters of different sizes have no union");
    for (let at = 0; at < bits.length; at++) this.bits[at] = (this.bits[at] ?? 0) | (bits[at] ?? 0);
  }

  /** Share of digests that are found without having been added; counted from the bits, not estimated. */
  falsePositiveRate(): number {
    let sum = 0;
    for (let base = 0; base < this.bits.length; base += WORDS) {
      let rate = 1;
      for (let word = 0; word < WORDS && rate > 0; word++) rate *= ones(this.bits[base + word] ?? 0) / 32;
      sum += rate;
    }
    return sum / this.blocks;
  }

  private baseOf(high: number): number {
    return Math.floor(((high >>> 0) / 0x100000000) * this.blocks) * WORDS;
  }
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
