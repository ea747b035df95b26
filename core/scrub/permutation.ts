import { createCipheriv } from "node:crypto";

/**
 * Pairs of rounds of a Feistel network. Four rounds of independent random functions make a strong permutation (Luby and
 * Rackoff); six keep it one for about as many numbers as half of one has values (Patarin).
 */
const PAIRS = 3;
/** Widest set, in bits, whose round functions are tables. */
const TABLE_BITS = 32;

/** A keyed bijection of the whole numbers 0 … size-1 on themselves. */
export interface Permutation {
  readonly apply: (value: number) => number;
}

/**
 * Numbers that wait to be permuted together. Tables of a permutation do not fit the nearest memory: of many numbers one after
 * the other the processor waits for several places at once, and of single ones between other work for each.
 */
export class PermutationBatch {
  #numbers = new Uint32Array(256);
  #count = 0;

  /** @returns where `at` finds it, once `run` was called. */
  add(value: number): number {
    if (this.#count === this.#numbers.length) {
      const longer = new Uint32Array(this.#count * 2);
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    this.#numbers[this.#count] = value;
    return this.#count++;
  }

  /** Permutes all that wait; they stay until the next one is added. */
  run({ apply }: Permutation): void {
    const numbers = this.#numbers;
    for (let at = 0; at < this.#count; at++) numbers[at] = apply(numbers[at] ?? 0);
    this.#count = 0;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  at(place: number): number {
    return this.#numbers[place] ?? 0;
  }
}

/**
 * A Feistel network whose round functions are tables of AES output, that is, as random as the key. A result outside the
 * set is put through again until it lies inside, which keeps the whole a bijection.
 *
 * @param size From 1 to 2^32.
 */
export function tablePermutation(key: Uint8Array, size: number): Permutation {
  if (size < 1 || size > 2 ** TABLE_BITS) throw new RangeError("the size of a table permutation is 1 to 2^32");
  if (size === 1) return { apply: (value) => value };
  const bits = Math.max(2, Math.ceil(Math.log2(size)));
  const low = bits >>> 1;
  const high = bits - low;
  const lowMask = 2 ** low - 1;
  // Even rounds change the high half by the low one, odd rounds the other way round.
  const changesHigh = randomTables(key, 1, low, high);
  const changesLow = randomTables(key, 2, high, low);
  return {
    apply: (value) => {
      let result = value;
      do {
        let left = result >>> low;
        let right = result & lowMask;
        for (let pair = 0; pair < PAIRS; pair++) {
          left ^= changesHigh[(pair << low) | right] ?? 0;
          right ^= changesLow[(pair << high) | left] ?? 0;
        }
        result = ((left << low) | right) >>> 0;
      } while (result >= size);
      return result;
    },
  };
}

/** For each pair of rounds, random entries of `outBits` bits for 2^inBits inputs, from AES in counter mode. */
function randomTables(key: Uint8Array, half: number, inBits: number, outBits: number): Uint16Array {
  const counter = Buffer.alloc(16);
  counter[0] = half;
  const tables = new Uint16Array(PAIRS * 2 ** inBits);
  const stream = createCipheriv(`aes-${key.length * 8}-ctr`, key, counter).update(Buffer.alloc(tables.length * 2));
  const mask = 2 ** outBits - 1;
  for (let index = 0; index < tables.length; index++)
    tables[index] = ((stream[index * 2] ?? 0) | ((stream[index * 2 + 1] ?? 0) << 8)) & mask;
  return tables;
}

/** The same for sets up to 2^64, with AES itself as the round function: some ten microseconds a number. */
export function widePermutation(key: Uint8Array, size: bigint): { apply(value: bigint): bigint } {
  const bits = Math.max(2, (size - 1n).toString(2).length);
  const low = BigInt(bits >>> 1);
  const high = BigInt(bits) - low;
  const aes = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  const block = Buffer.alloc(16);
  const random = (round: number, input: bigint, outBits: bigint): bigint => {
    block[0] = 0x80 | round;
    block.writeBigUInt64LE(input, 8);
    return aes.update(block).readBigUInt64LE(0) & ((1n << outBits) - 1n);
  };
  const once = (value: bigint): bigint => {
    let left = value >> low;
    let right = value & ((1n << low) - 1n);
    for (let pair = 0; pair < PAIRS; pair++) {
      left ^= random(2 * pair, right, high);
      right ^= random(2 * pair + 1, left, low);
    }
    return (left << low) | right;
  };
  return {
    apply(value) {
      let result = once(value);
      while (result >= size) result = once(result);
      return result;
    },
  };
}
