import { Canonical, type Reading, readingOf } from "./canonical";
import { EDIT, Edits, type WrittenFake } from "./edits";
import type { Fake } from "./fakes/fake";
import type { FakeMaker } from "./fakes/fakeMaker";
import type { FakeSpec } from "./plan";
import type { PrfBatch } from "./prf";
import type { FakeTag } from "./tags";

/** Is told of every value that gets a fake, in the order of the stream. */
export interface Observer {
  /** Its canonical form is [0, length) of a buffer that the next value uses again. */
  add(tag: FakeTag, canonical: Buffer, length: number): void;
  endRow(): void;
}

const QUOTE = 34;
const NOTHING = Buffer.alloc(0);

/**
 * The fakes of one table, and the edits that put them in place of values. Columns and paths know a fake by its number.
 */
export class FakeEdits {
  readonly edits = new Edits();
  readonly #slots: Slot[] = [];
  /** Fakes of one tag share a batch. */
  readonly #batchOf = new Map<FakeTag, PrfBatch>();
  readonly #canonical = new Canonical();

  constructor(
    private readonly maker: FakeMaker,
    private readonly observer: Observer | undefined,
    /** The observer is all that this is for: no fakes are made. */
    private readonly readsOnly = false,
  ) {}

  /** The number of a new fake. @throws Misfit if the column is too narrow for it. */
  add(spec: FakeSpec): number {
    const reading = readingOf(spec.tag);
    const batch = this.#batchOf.get(reading.tag) ?? this.maker.batch(reading.tag);
    this.#batchOf.set(reading.tag, batch);
    return this.#slots.push(new Slot(this.maker.fake(spec), reading, batch)) - 1;
  }

  get counts(): Readonly<Partial<Record<FakeTag, number>>> {
    const counts: Partial<Record<FakeTag, number>> = {};
    for (const { count, reading } of this.#slots)
      if (count > 0) counts[reading.tag] = (counts[reading.tag] ?? 0) + count;
    return counts;
  }

  /**
   * Puts a fake for the value in [from, to) of `value` in place of [start, end). A value of nothing but blanks or signs
   * stays.
   *
   * @param isAscii True only if the value is.
   * @param inQuotes The fake gets quotes unless it is a number.
   * @throws Misfit if the tag does not suit the value; nothing is put then.
   */
  put(
    which: number,
    value: Buffer,
    from: number,
    to: number,
    isAscii: boolean,
    start: number,
    end: number,
    inQuotes: boolean,
  ): void {
    const slot = this.#slots[which];
    if (slot === undefined) throw new RangeError("no such fake");
    const canonical = this.#canonical;
    canonical.read(slot.reading, value, from, to, isAscii);
    const { length } = canonical;
    if (length === 0) return;
    this.observer?.add(slot.reading.tag, canonical.bytes, length);
    if (this.readsOnly) return;
    const { edits } = this;
    const { direct, permuted, longest } = slot;
    const isQuoted = inQuotes && !slot.isNumber;
    const how = (which << 8) | canonical.shape;
    if (permuted !== undefined) {
      const place = permuted.add(canonical);
      if (place >= 0) {
        edits.replace(start, end, isQuoted ? EDIT.quotedNumber : EDIT.number, place, how, longest + 2);
        slot.count++;
        return;
      }
    }
    if (direct !== undefined) {
      edits.reserve(longest + 2);
      const { scratch, scratchEnd } = edits;
      const begin = isQuoted ? scratchEnd + 1 : scratchEnd;
      const stop = direct(canonical, scratch, begin);
      if (stop >= 0) {
        if (isQuoted) scratch[scratchEnd] = scratch[stop] = QUOTE;
        edits.scratchEnd = isQuoted ? stop + 1 : stop;
        edits.replace(start, end, EDIT.literal, scratchEnd, edits.scratchEnd, longest + 2);
        slot.count++;
        return;
      }
    }
    const place = slot.batch.add(canonical.bytes, length);
    const kind = isQuoted ? EDIT.quotedFake : EDIT.fake;
    edits.replace(start, end, kind, place, how, longest + 2);
    slot.count++;
  }

  /** The first `end` bytes of the input with all edits made, until the next call. */
  apply(input: Buffer, end: number): Buffer {
    if (this.readsOnly) {
      this.edits.clear();
      return NOTHING;
    }
    for (const batch of this.#batchOf.values()) batch.run();
    for (const { permuted } of this.#slots) permuted?.run();
    return this.edits.apply(input, end, this.#slots);
  }
}

/** A fake and what goes with it. Of one class, whatever the tag: the fakes themselves have a shape for each. */
class Slot implements WrittenFake {
  readonly direct: Fake["direct"];
  readonly permuted: Fake["permuted"];
  readonly write: Fake["write"];
  readonly longest: number;
  readonly isNumber: boolean;
  /** Written so far. */
  count = 0;

  constructor(
    readonly fake: Fake,
    readonly reading: Reading,
    readonly batch: PrfBatch,
  ) {
    this.direct = fake.direct;
    this.permuted = fake.permuted;
    this.write = fake.write;
    this.longest = fake.longest;
    this.isNumber = fake.isNumber;
  }
}
