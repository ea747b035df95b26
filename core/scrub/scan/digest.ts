/** A key of 64 bits, in words. */
export type DigestKey = readonly [number, number];

/** @param key at least eight random bytes. */
export const digestKey = (key: Buffer): DigestKey => [key.readUInt32LE(0), key.readUInt32LE(4)];

/** The two halves of a digest, as integers of 32 bits with a sign. */
export interface Digest {
  low: number;
  high: number;
}

/**
 * HalfSipHash-2-4 with 64 bits of output: keyed, and made for words of 32 bits, which JavaScript computes without
 * allocating. The digests are of values that stay in one process; nothing rests on them being hard to turn around.
 */
export function digestBytes([key0, key1]: DigestKey, bytes: Uint8Array, from: number, to: number, into: Digest): void {
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const length = to - from;
  const whole = from + (length & ~3);
  for (let at = from; ; at += 4) {
    let word = 0;
    const last = at >= whole;
    if (last) {
      for (let rest = to - 1; rest >= at; rest--) word = (word << 8) | (bytes[rest] ?? 0);
      word |= length << 24;
    } else {
      word =
        (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    }
    v3 ^= word;
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
    if (last) break;
  }
  v2 ^= 0xee;
  for (let round = 0; round < 8; round++) {
    if (round === 4) {
      into.low = v1 ^ v3;
      v1 ^= 0xdd;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  into.high = v1 ^ v3;
}

/** The digest of a row of words, given that of all before the last, and the last one's. Order counts. */
export function digestOfBoth(before: Digest, last: Digest, into: Digest): void {
  const low = Math.imul(before.low ^ (before.high >>> 15), 0x9e3779b1) + last.low;
  const high = Math.imul(before.high ^ (before.low >>> 13), 0x85ebca77) + last.high;
  into.low = Math.imul(low ^ (high >>> 16), 0xc2b2ae3d) | 0;
  into.high = Math.imul(high ^ (low >>> 16), 0x27d4eb2f) | 0;
}
