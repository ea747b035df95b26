import { type Cipher, createCipheriv, createHmac } from "node:crypto";
import { release } from "./release";

const BLOCK = 16;
/** Longest message, in blocks, that goes through AES-CMAC; see `PrfBatch`. */
const MOST_BLOCKS = 4;
/** Bytes of an output. */
export const PRF_BYTES = BLOCK;

/** AES on whole blocks, each for itself. The key has 16, 24 or 32 bytes. */
function blockCipher(key: Uint8Array): Cipher {
  return createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
}

/** Subkeys K1 and K2 of NIST SP 800-38B, 6.1. */
export function cmacSubkeys(aes: Cipher): readonly [k1: Buffer, k2: Buffer] {
  const k1 = doubled(aes.update(Buffer.alloc(BLOCK)));
  return [k1, doubled(k1)];
}

/** Doubling in GF(2^128), most significant bit first. */
function doubled(block: Buffer): Buffer {
  const result = Buffer.alloc(BLOCK);
  for (let index = 0; index < BLOCK; index++)
    result[index] = (block.readUInt8(index) << 1) | (index + 1 < BLOCK ? block.readUInt8(index + 1) >>> 7 : 0);
  if (block.readUInt8(0) & 0x80) result[BLOCK - 1] = result.readUInt8(BLOCK - 1) ^ 0x87;
  return result;
}

/** AES-CMAC of one message by the letter of NIST SP 800-38B, 6.2; what the batch is checked against. */
export function cmac(key: Uint8Array, message: Uint8Array): Buffer {
  const aes = blockCipher(key);
  const [k1, k2] = cmacSubkeys(aes);
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK));
  const padded = Buffer.alloc(blocks * BLOCK);
  padded.set(message);
  const isFull = message.length === padded.length;
  if (!isFull) padded[message.length] = 0x80;
  let state: Buffer = Buffer.alloc(BLOCK);
  for (let block = 0; block < blocks; block++) {
    const subkey = block < blocks - 1 ? undefined : isFull ? k1 : k2;
    for (let index = 0; index < BLOCK; index++)
      state[index] =
        state.readUInt8(index) ^
        padded.readUInt8(block * BLOCK + index) ^
        (subkey === undefined ? 0 : subkey.readUInt8(index));
    state = aes.update(state);
  }
  return state;
}

/** What `PrfBatch` gives for a value, by the plain functions. */
export const slowPrf = (key: Uint8Array, longKey: Uint8Array, value: Uint8Array): Buffer =>
  value.length > MOST_BLOCKS * BLOCK
    ? createHmac("sha256", longKey).update(value).digest().subarray(0, PRF_BYTES)
    : cmac(key, value);

/**
 * Messages of one count of blocks. Block `i` of all of them stands in `columns[i]`, so that a round is one call of AES. The
 * last column is full of the subkey of messages that end within a block, so that their padding is there before they are.
 */
class Lane {
  count = 0;
  columns: Buffer[] = [];
  words: Uint32Array[] = [];
  last: Buffer = Buffer.alloc(0);
  result: Buffer = Buffer.alloc(0);

  constructor(
    readonly blocks: number,
    private readonly padding: Uint8Array,
  ) {
    this.resize(64);
  }

  /** Where the next message goes in each column. */
  take(): number {
    const at = this.count++ * BLOCK;
    if (at + BLOCK > this.last.length) this.resize(this.count * 2);
    return at;
  }

  column(block: number): Buffer {
    const column = this.columns[block];
    if (column === undefined) throw new RangeError("no such block");
    return column;
  }

  /** Makes the places free that were taken. */
  clear(): void {
    this.last.fill(this.padding, 0, this.count * BLOCK);
    this.count = 0;
  }

  private resize(messages: number): void {
    const old = this.columns;
    this.columns = Array.from({ length: this.blocks }, () => Buffer.from(new ArrayBuffer(messages * BLOCK)));
    this.last = this.column(this.blocks - 1);
    this.last.fill(this.padding);
    old.forEach((column, block) => {
      this.column(block).set(column);
    });
    this.words = this.columns.map((column) => new Uint32Array(column.buffer));
  }
}

/**
 * A keyed function of many values at once: AES-CMAC with a few calls of AES for all of them, instead of several for
 * each. A value of more than 64 bytes gets HMAC-SHA-256 under another key, cut to 16 bytes: each block of a value costs
 * all of a batch one more round, and a single value of 50 MB would cost three million. The two keys are independent and
 * the length decides, so the whole is a PRF if each is one.
 */
export class PrfBatch {
  readonly #aes: Cipher;
  readonly #k1: Uint8Array;
  readonly #longKey: Uint8Array;
  readonly #lanes: readonly Lane[];
  #long: Buffer[] = [];

  constructor(key: Uint8Array, longKey: Uint8Array) {
    this.#aes = blockCipher(key);
    const [k1, k2] = cmacSubkeys(this.#aes);
    this.#k1 = k1;
    this.#longKey = longKey;
    this.#lanes = Array.from({ length: MOST_BLOCKS }, (_, index) => new Lane(index + 1, k2));
  }

  /** Puts the first `length` bytes into the batch; returns where `resolve` finds their output once `run` was called. */
  add(bytes: Uint8Array, length: number): number {
    if (length > MOST_BLOCKS * BLOCK) return this.addLong(bytes.subarray(0, length));
    const last = length === 0 ? 0 : (length - 1) >>> 4;
    const lane = this.#lanes[last];
    if (lane === undefined) throw new RangeError("no such lane");
    const at = lane.take();
    let from = 0;
    for (let block = 0; block < last; block++) {
      const column = lane.column(block);
      for (let index = 0; index < BLOCK; index++) column[at + index] = bytes[from++] ?? 0;
    }
    const column = lane.last;
    const rest = length - from;
    if (rest === BLOCK) {
      const k1 = this.#k1;
      for (let index = 0; index < BLOCK; index++) column[at + index] = (bytes[from++] ?? 0) ^ (k1[index] ?? 0);
    } else {
      let to = at;
      while (from < length) {
        column[to] = (column[to] ?? 0) ^ (bytes[from++] ?? 0);
        to++;
      }
      column[to] = (column[to] ?? 0) ^ 0x80;
    }
    return (lane.count - 1) * 8 + last;
  }

  private addLong(bytes: Uint8Array): number {
    return (this.#long.push(createHmac("sha256", this.#longKey).update(bytes).digest()) - 1) * 8 + MOST_BLOCKS;
  }

  /** Works out all outputs and empties the batch for the next values. Outputs stay until the next `run`. */
  run(): void {
    for (const lane of this.#lanes) {
      if (lane.count === 0) continue;
      const bytes = lane.count * BLOCK;
      let state = this.#aes.update(lane.column(0).subarray(0, bytes));
      for (let block = 1; block < lane.blocks; block++) {
        const next = lane.words[block];
        if (next === undefined) throw new RangeError("no such block");
        const chained = words(state);
        for (let index = 0; index < chained.length; index++) next[index] = (next[index] ?? 0) ^ (chained[index] ?? 0);
        release(state);
        state = this.#aes.update(lane.column(block).subarray(0, bytes));
      }
      release(lane.result);
      lane.result = state;
      lane.clear();
    }
    this.#ranLong = this.#long;
    this.#long = [];
  }
  #ranLong: Buffer[] = [];

  /** The buffer that holds the output of `place`, which begins at `offsetOf(place)`. */
  resultOf(place: number): Buffer {
    const kind = place & 7;
    const result = kind === MOST_BLOCKS ? this.#ranLong[place >>> 3] : this.#lanes[kind]?.result;
    if (result === undefined) throw new RangeError("no such place");
    return result;
  }

  static offsetOf(place: number): number {
    return (place & 7) === MOST_BLOCKS ? 0 : (place >>> 3) * BLOCK;
  }
}

/** A buffer as words of 32 bits, of whichever byte order: they are only XORed. */
function words(buffer: Buffer): Uint32Array {
  if (buffer.byteOffset % 4 === 0) return new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2);
  return new Uint32Array(Uint8Array.from(buffer).buffer);
}
