/** A key of 64 bits: where the two lanes of a digest begin. */
export type DigestKey = readonly [low: number, high: number];

/** @param key at least eight random bytes. */
export const digestKey = (key: Buffer): DigestKey => [key.readInt32LE(0), key.readInt32LE(4)];

/** The two halves of a digest, as integers of 32 bits with a sign. */
export interface Digest {
  low: number;
  high: number;
}

/**
 * A digest in the making: two lanes of 32 bits that take a byte with one multiplication each, fast enough to be worked
 * out while bytes are looked at for another reason. Equal bytes have equal digests under one key. Different ones meet by
 * chance, once in some 2^60 pairs; a meeting raises a false alarm and hides nothing. Digests are of values that stay in
 * one process: nothing rests on them being hard to turn around.
 */
export const lowLane = (low: number, byte: number): number => Math.imul(((low << 5) | (low >>> 27)) ^ byte, 0x2c1b3c6d);
export const highLane = (high: number, byte: number): number =>
  Math.imul(((high << 11) | (high >>> 21)) ^ byte, 0x297a2d39);

/** The lower half of a finished digest. */
export function endLow(low: number): number {
  let mixed = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The upper half, of both lanes: blocks of a set are found by it alone. */
export function endHigh(low: number, high: number): number {
  const both = high + Math.imul(low, 0x9e3779b1);
  let mixed = Math.imul(both ^ (both >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}

/** The digest of bytes [from, to). */
export function digestBytes([low0, high0]: DigestKey, bytes: Uint8Array, from: number, to: number, into: Digest): void {
  let [low, high] = [low0, high0];
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    low = lowLane(low, byte);
    high = highLane(high, byte);
  }
  into.low = endLow(low);
  into.high = endHigh(low, high);
}

/** The halves of the digest of a row of words, given that of all before the last, and the last one's. Order counts. */
export const lowOfBoth = (low: number, high: number, lastLow: number): number => {
  const mixed = Math.imul(low ^ (high >>> 15), 0x9e3779b1) + lastLow;
  return Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae3d);
};
export const highOfBoth = (low: number, high: number, lastHigh: number): number => {
  const mixed = Math.imul(high ^ (low >>> 13), 0x85ebca77) + lastHigh;
  return Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f);
};

/** The same of two digests. */
export function digestOfBoth(before: Digest, last: Digest, into: Digest): void {
  const low = lowOfBoth(before.low, before.high, last.low);
  into.high = highOfBoth(before.low, before.high, last.high);
  into.low = low;
}
