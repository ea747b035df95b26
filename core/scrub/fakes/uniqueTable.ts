import type { FakeTag } from "../tags";
import { Misfit } from "./misfit";

/** Most places of a table, of 8 bytes each. */
export const MOST_PLACES = 2 ** 24;
/** Beyond this share probes get long, and a fake says that few others are left. */
const MOST_FILLED = 0.6;

/**
 * Gives each value a place of its own in a small space: the one that the keyed function says, or the next that is free.
 * Values are known by 64 bits of their keyed output, none is held. Memory is bounded by the space.
 */
export class UniqueTable {
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  #filled = 0;

  constructor(
    private readonly tag: FakeTag,
    readonly size: number,
  ) {
    this.#low = new Uint32Array(size);
    this.#high = new Uint32Array(size);
  }

  get filled(): number {
    return this.#filled;
  }

  /** The place of a value by its output of the keyed function. @throws Misfit when the space is 60 % full. */
  place(prf: Buffer, at: number): number {
    const low = prf.readUInt32LE(at);
    // All zero means a free place.
    const high = prf.readUInt32LE(at + 4) | 1;
    let index = prf.readUInt32LE(at + 8) % this.size;
    for (;;) {
      if (this.#high[index] === 0) return this.take(index, low, high);
      if (this.#low[index] === low && this.#high[index] === high >>> 0) return index;
      index = index + 1 === this.size ? 0 : index + 1;
    }
  }

  private take(index: number, low: number, high: number): number {
    if (this.#filled >= this.size * MOST_FILLED)
      throw new Misfit("fakes-exhausted", "no-room", { values: this.#filled, room: this.size }, this.tag);
    this.#filled++;
    this.#low[index] = low;
    this.#high[index] = high;
    return index;
  }
}
