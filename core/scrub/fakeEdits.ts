import { Canonical } from "./canonical";
import { EDIT, Edits } from "./edits";
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
  readonly #fakes: Fake[] = [];
  readonly #counts: number[] = [];
  /** By number, and by tag: fakes of one tag share a batch. */
  readonly #batches: PrfBatch[] = [];
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
    const batch = this.#batchOf.get(spec.tag) ?? this.maker.batch(spec.tag);
    this.#batchOf.set(spec.tag, batch);
    this.#batches.push(batch);
    this.#counts.push(0);
    return this.#fakes.push(this.maker.fake(spec)) - 1;
  }

  get ordered(): boolean {
    return this.#fakes.some((fake) => fake.ordered);
  }

  get counts(): Readonly<Partial<Record<FakeTag, number>>> {
    const counts: Partial<Record<FakeTag, number>> = {};
    this.#fakes.forEach(({ tag }, index) => {
      const count = this.#counts[index] ?? 0;
      if (count > 0) counts[tag] = (counts[tag] ?? 0) + count;
    });
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
    const fake = this.#fakes[which];
    const batch = this.#batches[which];
    if (fake === undefined || batch === undefined) throw new RangeError("no such fake");
    const canonical = this.#canonical;
    canonical.read(fake.tag, value, from, to, isAscii);
    if (canonical.length === 0) return;
    this.observer?.add(fake.tag, canonical.bytes, canonical.length);
    if (this.readsOnly) return;
    const { edits } = this;
    edits.reserve(fake.longest + 2);
    const { scratch, scratchEnd } = edits;
    const isQuoted = inQuotes && !fake.isNumber;
    const begin = isQuoted ? scratchEnd + 1 : scratchEnd;
    const stop = fake.direct(canonical, scratch, begin);
    if (stop < 0) {
      const place = batch.add(canonical.bytes, 0, canonical.length);
      const kind = isQuoted ? EDIT.quotedFake : EDIT.fake;
      edits.replace(start, end, kind, place, (which << 8) | canonical.shape, fake.longest + 2);
    } else {
      if (isQuoted) scratch[scratchEnd] = scratch[stop] = QUOTE;
      edits.scratchEnd = isQuoted ? stop + 1 : stop;
      edits.replace(start, end, EDIT.literal, scratchEnd, edits.scratchEnd, fake.longest + 2);
    }
    this.#counts[which] = (this.#counts[which] ?? 0) + 1;
  }

  /** The first `end` bytes of the input with all edits made. */
  apply(input: Buffer, end: number): Buffer {
    if (this.readsOnly) {
      this.edits.clear();
      return NOTHING;
    }
    for (const batch of this.#batchOf.values()) batch.run();
    return this.edits.apply(input, end, this.#fakes, this.#batches);
  }
}
