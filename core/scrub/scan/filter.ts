import { SharedLock } from "./sharedLock";

/** A block is 256 bits, one bit of each of its eight words for every member: one place in memory to look at. */
const WORDS = 8;
/** What gives each word of a block its bit. */
const SALT_0 = 0x47b6137b;
const SALT_1 = 0x44974d91;
const SALT_2 = 0x8824ad5b;
const SALT_3 = 0xa2b7289d;
const SALT_4 = 0x705495c7;
const SALT_5 = 0x2df1424b;
const SALT_6 = 0x9efc4947;
const SALT_7 = 0x5c6bfb31;
/** Digests that are put in at once: at first, and at most. */
const QUEUE = 1024;
const LONGEST_QUEUE = 1 << 16;
/** Halves of digests whose places are fetched together before they change. */
const TOUCHED = 64;
/** Questions that a loop asks before it comes back: one that stays is compiled once more, each time. */
const AT_ONCE = 512;
/** Pieces of the memory, by the upper bits of a digest's upper half, each of which is filled at a time. */
const PIECE_BITS = 6;

/** Memory of a set, to be given to other threads. */
export interface FilterMemory {
  readonly blocks: SharedArrayBuffer;
  /** One more word for each block. */
  readonly quick: SharedArrayBuffer;
  readonly lock: SharedArrayBuffer;
}

/** A block has 32 bits of the small table, each of which has a number of 31 bits. */
const MOST_BLOCKS = 2 ** 26;
/** More are of no use: 2 GiB. */
export const MOST_FILTER_BYTES = MOST_BLOCKS * WORDS * 4;

/** @param bytes rounded down to whole blocks, of which there are no more than `MOST_FILTER_BYTES`; an eighth of it is added. */
export function filterMemory(bytes: number): FilterMemory {
  const blocks = Math.min(MOST_BLOCKS, Math.max(1, Math.floor(bytes / (WORDS * 4))));
  return {
    blocks: new SharedArrayBuffer(blocks * WORDS * 4),
    quick: new SharedArrayBuffer(blocks * 4),
    lock: new SharedArrayBuffer(4),
  };
}

/**
 * A set of digests in a fixed piece of memory (a Bloom filter in blocks), into which several threads may put. What was
 * added and flushed is always found; of what was not, a share is found too, which `falsePositiveRate` tells and which
 * grows as the set fills.
 *
 * Almost all of its time is waiting for memory. So digests wait in a queue and go in many at a time, sorted by where they
 * go; and a question looks at a ninth bit first, in a table that is small enough to be at hand.
 */
export class DigestFilter {
  private readonly bits: Int32Array;
  private readonly quick: Int32Array;
  private readonly lock: SharedLock;
  /** Turns half of a digest, which is below 2^32, into a bit of the small table; its word has the number of the block. */
  private readonly scale: number;
  private queue = new Int32Array(QUEUE * 2);
  private sorted = new Int32Array(QUEUE * 2);
  private queued = 0;
  /** Of no use, but that a compiler keeps what it comes from. */
  protected touched = 0;

  constructor(memory: FilterMemory) {
    this.bits = new Int32Array(memory.blocks);
    this.quick = new Int32Array(memory.quick);
    this.lock = new SharedLock(memory.lock);
    this.scale = (this.quick.length * 32) / 2 ** 32;
  }

  /** Found once `flush` was called. */
  add(low: number, high: number): void {
    if (this.queued === this.queue.length) this.makeRoom();
    const { queue } = this;
    queue[this.queued++] = low;
    queue[this.queued++] = high;
  }

  /** Puts in what waits in this thread's queue. */
  flush(): void {
    if (this.queued === 0) return;
    this.sort();
    this.lock.hold(() => {
      this.putIn();
    });
    this.queued = 0;
  }

  /** Is it a member, or taken for one? */
  has(low: number, high: number): boolean {
    const place = ((high >>> 0) * this.scale) | 0;
    if (((this.quick[place >>> 5] ?? 0) & (1 << (place & 31))) === 0) return false;
    const { bits } = this;
    const base = (place >>> 5) << 3;
    return (
      (((bits[base] ?? 0) >>> (Math.imul(low, SALT_0) >>> 27)) &
        ((bits[base + 1] ?? 0) >>> (Math.imul(low, SALT_1) >>> 27)) &
        ((bits[base + 2] ?? 0) >>> (Math.imul(low, SALT_2) >>> 27)) &
        ((bits[base + 3] ?? 0) >>> (Math.imul(low, SALT_3) >>> 27)) &
        ((bits[base + 4] ?? 0) >>> (Math.imul(low, SALT_4) >>> 27)) &
        ((bits[base + 5] ?? 0) >>> (Math.imul(low, SALT_5) >>> 27)) &
        ((bits[base + 6] ?? 0) >>> (Math.imul(low, SALT_6) >>> 27)) &
        ((bits[base + 7] ?? 0) >>> (Math.imul(low, SALT_7) >>> 27)) &
        1) !==
      0
    );
  }

  /**
   * Which of many digests are members, or taken for some. All are looked up in the small table first, with nothing to be
   * decided between: the processor then waits for several places at once.
   *
   * @param indices as long; is given those that are, in order. @returns how many
   */
  sift(lows: Int32Array, highs: Int32Array, count: number, indices: Int32Array): number {
    let found = 0;
    for (let from = 0; from < count; from += AT_ONCE)
      found = this.glance(highs, from, Math.min(count, from + AT_ONCE), indices, found);
    let members = 0;
    for (let at = 0; at < found; at++) {
      const index = indices[at] ?? 0;
      if (this.has(lows[index] ?? 0, highs[index] ?? 0)) indices[members++] = index;
    }
    return members;
  }

  /** A look at the small table alone. @returns the end of `indices`, which is given what may be members */
  private glance(highs: Int32Array, from: number, to: number, indices: Int32Array, end: number): number {
    const { quick, scale } = this;
    let found = end;
    for (let at = from; at < to; at++) {
      const place = (((highs[at] ?? 0) >>> 0) * scale) | 0;
      indices[found] = at;
      found += ((quick[place >>> 5] ?? 0) >>> (place & 31)) & 1;
    }
    return found;
  }

  /** Share of digests that are found without having been added; counted from the bits, not estimated. */
  falsePositiveRate(): number {
    this.flush();
    let sum = 0;
    for (let block = 0; block < this.quick.length; block++) {
      if (this.quick[block] === 0) continue;
      let rate = ones(this.quick[block] ?? 0) / 32;
      for (let word = 0; word < WORDS && rate > 0; word++) rate *= ones(this.bits[block * WORDS + word] ?? 0) / 32;
      sum += rate;
    }
    return sum / this.quick.length;
  }

  private makeRoom(): void {
    if (this.queue.length >= LONGEST_QUEUE * 2) {
      this.flush();
      return;
    }
    const longer = new Int32Array(this.queue.length * 4);
    longer.set(this.queue);
    this.queue = longer;
    this.sorted = new Int32Array(longer.length);
  }

  /** By the piece of memory that each goes to. */
  private sort(): void {
    const { queue, sorted, queued } = this;
    const ends = new Int32Array(1 << PIECE_BITS);
    for (let at = 1; at < queued; at += 2) {
      const piece = (queue[at] ?? 0) >>> (32 - PIECE_BITS);
      ends[piece] = (ends[piece] ?? 0) + 2;
    }
    for (let piece = 1; piece < ends.length; piece++) ends[piece] = (ends[piece] ?? 0) + (ends[piece - 1] ?? 0);
    for (let at = 0; at < queued; at += 2) {
      const high = queue[at + 1] ?? 0;
      const piece = high >>> (32 - PIECE_BITS);
      const to = (ends[piece] ?? 0) - 2;
      ends[piece] = to;
      sorted[to] = queue[at] ?? 0;
      sorted[to + 1] = high;
    }
  }

  private putIn(): void {
    const { queued } = this;
    for (let from = 0; from < queued; from += TOUCHED) {
      const to = Math.min(queued, from + TOUCHED);
      this.touch(from, to);
      this.put(from, to);
    }
  }

  /** Reads what is to change of some digests, with nothing to be decided or written between: see `sift`. */
  private touch(from: number, to: number): void {
    const { bits, quick, sorted, scale } = this;
    let seen = 0;
    for (let at = from; at < to; at += 2) {
      const block = (((sorted[at + 1] ?? 0) >>> 0) * scale) >>> 5;
      seen |= (quick[block] ?? 0) ^ (bits[block << 3] ?? 0);
    }
    this.touched = seen;
  }

  private put(from: number, to: number): void {
    const { bits, quick, sorted, scale } = this;
    for (let at = from; at < to; at += 2) {
      const low = sorted[at] ?? 0;
      const place = (((sorted[at + 1] ?? 0) >>> 0) * scale) | 0;
      const block = place >>> 5;
      quick[block] = (quick[block] ?? 0) | (1 << (place & 31));
      const base = block << 3;
      bits[base] = (bits[base] ?? 0) | (1 << (Math.imul(low, SALT_0) >>> 27));
      bits[base + 1] = (bits[base + 1] ?? 0) | (1 << (Math.imul(low, SALT_1) >>> 27));
      bits[base + 2] = (bits[base + 2] ?? 0) | (1 << (Math.imul(low, SALT_2) >>> 27));
      bits[base + 3] = (bits[base + 3] ?? 0) | (1 << (Math.imul(low, SALT_3) >>> 27));
      bits[base + 4] = (bits[base + 4] ?? 0) | (1 << (Math.imul(low, SALT_4) >>> 27));
      bits[base + 5] = (bits[base + 5] ?? 0) | (1 << (Math.imul(low, SALT_5) >>> 27));
      bits[base + 6] = (bits[base + 6] ?? 0) | (1 << (Math.imul(low, SALT_6) >>> 27));
      bits[base + 7] = (bits[base + 7] ?? 0) | (1 << (Math.imul(low, SALT_7) >>> 27));
    }
  }
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
