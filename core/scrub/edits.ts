import { encodeField } from "./copyText";
import type { Fake } from "./fakes/fake";
import { writeFiller } from "./filler";
import { PrfBatch } from "./prf";

/** What stands in place of a range of the input. The numbers `a` and `b` of an edit mean what is said here. */
export const EDIT = {
  /** The fake number `b >>> 8` of the table with the shape `b & 255`, for the place `a` of its batch. */
  fake: 0,
  /** The same in double quotes. */
  quotedFake: 1,
  /** Bytes [a, b) of the scratch buffer. */
  literal: 2,
  /** `a` characters of filler. */
  filler: 3,
  /** JSON's null. */
  null: 4,
  /** Nothing, but from here on ranges are of the scratch buffer, which is escaped for COPY. */
  enter: 5,
  /** Nothing, but from here on ranges are of the input again. */
  leave: 6,
  /** As `fake`, of one whose numbers are permuted: `a` is a place of its own. */
  number: 7,
  quotedNumber: 8,
} as const;
type EditKind = (typeof EDIT)[keyof typeof EDIT];

/** A fake as `apply` writes it, and the batch that its outputs are in. */
export interface WrittenFake extends Pick<Fake, "write"> {
  readonly permuted: Fake["permuted"];
  readonly batch: PrfBatch;
}

const NUMBERS = 5;
/** Below it a loop copies faster than a call. */
const SHORT_COPY = 128;
const NULL = Buffer.from("null", "latin1");
/** Scratch kept between batches; one value of 50 MB shall not stay. */
const SCRATCH_KEPT = 1 << 20;
/** The same of what is written. */
const OUT_KEPT = 1 << 22;

/**
 * What is to change in a batch of rows, in order, and the writing of the changed bytes. All between two edits is
 * copied. Edits are numbers in one array: a row costs no object.
 */
export class Edits {
  /** Holds what stands in no input: fakes that are known already, values without their escapes. */
  scratch = Buffer.allocUnsafeSlow(1 << 16);
  scratchEnd = 0;
  /** Used again for each batch. */
  #out = Buffer.alloc(0);
  #list = new Int32Array(NUMBERS * 4096);
  #end = 0;
  /** Bytes by which the output can be longer than the input. */
  #growth = 0;

  /** Makes room behind `scratchEnd`. */
  reserve(bytes: number): void {
    if (this.scratchEnd + bytes <= this.scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.scratch.length * 2, this.scratchEnd + bytes + (1 << 16)));
    this.scratch.copy(larger, 0, 0, this.scratchEnd);
    this.scratch = larger;
  }

  /**
   * A value without its escapes, [begin, stop) of the scratch buffer, takes the place of [start, end) of the input;
   * edits between this and `leave` are of that value.
   */
  enter(start: number, begin: number): void {
    this.replace(start, begin, EDIT.enter, 0, 0, 0);
  }

  leave(stop: number, end: number): void {
    this.replace(stop, end, EDIT.leave, 0, 0, 0);
  }

  /** Replaces [start, end) of the input by at most `longest` bytes. */
  replace(start: number, end: number, kind: EditKind, a: number, b: number, longest: number): void {
    if (this.#end === this.#list.length) {
      const larger = new Int32Array(this.#list.length * 2);
      larger.set(this.#list);
      this.#list = larger;
    }
    const list = this.#list;
    let at = this.#end;
    list[at++] = start;
    list[at++] = end;
    list[at++] = kind;
    list[at++] = a;
    list[at++] = b;
    this.#end = at;
    this.#growth += longest;
  }

  /** The first `end` bytes of the input with all edits made, until the next call; then there are none. */
  apply(input: Buffer, end: number, fakes: readonly WrittenFake[]): Buffer {
    const out = this.room(end + this.#growth);
    const list = this.#list;
    let isInside = false;
    let from = 0;
    let to = 0;
    for (let at = 0; at < this.#end; at += NUMBERS) {
      const start = list[at] ?? 0;
      to = isInside ? encodeField(this.scratch, from, start, out, to) : copy(input, from, start, out, to);
      from = list[at + 1] ?? 0;
      const a = list[at + 3] ?? 0;
      const b = list[at + 4] ?? 0;
      switch (list[at + 2]) {
        case EDIT.fake:
          to = writeFake(fakes, a, b, out, to);
          break;
        case EDIT.quotedFake:
          out[to] = 34;
          to = writeFake(fakes, a, b, out, to + 1);
          out[to++] = 34;
          break;
        case EDIT.number:
          to = writeNumber(fakes, a, b, out, to);
          break;
        case EDIT.quotedNumber:
          out[to] = 34;
          to = writeNumber(fakes, a, b, out, to + 1);
          out[to++] = 34;
          break;
        case EDIT.literal:
          to = copy(this.scratch, a, b, out, to);
          break;
        case EDIT.filler:
          to = writeFiller(a, out, to);
          break;
        case EDIT.null:
          for (let index = 0; index < NULL.length; index++) out[to++] = NULL[index] ?? 0;
          break;
        case EDIT.enter:
          isInside = true;
          break;
        case EDIT.leave:
          isInside = false;
          break;
      }
    }
    to = copy(input, from, end, out, to);
    this.clear();
    return out.subarray(0, to);
  }

  private room(bytes: number): Buffer {
    if (bytes <= this.#out.length && this.#out.length <= Math.max(OUT_KEPT, 2 * bytes)) return this.#out;
    return (this.#out = Buffer.allocUnsafeSlow(bytes + (bytes >>> 2)));
  }

  /** Forgets all edits. */
  clear(): void {
    this.#end = 0;
    this.#growth = 0;
    this.scratchEnd = 0;
    if (this.scratch.length > SCRATCH_KEPT) this.scratch = Buffer.allocUnsafeSlow(1 << 16);
  }
}

function writeFake(fakes: readonly WrittenFake[], place: number, which: number, out: Buffer, to: number): number {
  const fake = fakes[which >>> 8];
  if (fake === undefined) throw new RangeError("no such fake");
  return fake.write(fake.batch.resultOf(place), PrfBatch.offsetOf(place), which & 255, out, to);
}

function writeNumber(fakes: readonly WrittenFake[], place: number, which: number, out: Buffer, to: number): number {
  const permuted = fakes[which >>> 8]?.permuted;
  if (permuted === undefined) throw new RangeError("no such number");
  return permuted.write(place, which & 255, out, to);
}

function copy(bytes: Buffer, from: number, end: number, out: Buffer, to: number): number {
  if (end - from >= SHORT_COPY) return to + bytes.copy(out, to, from, end);
  while (from < end) out[to++] = bytes[from++] ?? 0;
  return to;
}
