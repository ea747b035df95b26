import { BACKSLASH, decodeField, isNull, LINE_FEED, TAB } from "./copyText";
import { EDIT } from "./edits";
import { ScrubError, withoutValues } from "./errors";
import { FakeEdits, type Observer } from "./fakeEdits";
import type { FakeMaker } from "./fakes/fakeMaker";
import { Misfit } from "./fakes/misfit";
import { countCharacters } from "./filler";
import { JsonMask } from "./jsonMask";
import { type FieldAction, ownHow, type PlannedTable, type TextHow } from "./plan";
import type { FakeTag } from "./tags";

/** Bytes of rows that are masked at once. */
const BATCH_BYTES = 256 * 1024;
/** Of rows that wait, between batches. */
const MOST_KEPT = 4 * BATCH_BYTES;

/** What a byte is to the loop over rows; bits, for all that a field has. */
const ESCAPES = 1;
const WIDE = 2;
const ENDS_FIELD = 4;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === TAB || byte === LINE_FEED) return ENDS_FIELD;
  return byte === BACKSLASH ? ESCAPES : byte >= 0x80 ? WIDE : 0;
});

export interface MaskOptions {
  /** For the leak scan's set of known values. */
  readonly observer?: Observer;
  /**
   * Holds the text something known or personal? Asked for text whose rule is `rewrite`; without it such text is
   * replaced.
   */
  readonly isKnown?: (text: Buffer) => boolean;
  /** Only the observer is told; what `push` and `end` give is of no use. @default false */
  readonly readsOnly?: boolean;
}

export interface MaskCounts {
  readonly rows: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Fakes written, by tag. */
  readonly fakes: Readonly<Partial<Record<FakeTag, number>>>;
  /** Texts that filler stands for. */
  readonly texts: number;
  /** Scalars of documents that became null. */
  readonly dropped: number;
}

/** What happens to a column, as the loop over rows wants it. */
type Step =
  | { readonly kind: "keep" }
  | { readonly kind: "fake"; readonly fake: number }
  | { readonly kind: "text"; readonly how: TextHow }
  | { readonly kind: "json"; readonly mask: JsonMask };

/**
 * Masks the rows of one table in COPY's text format: takes chunks cut anywhere, gives chunks of whole rows. Works on
 * bytes; a string is made only of a value that gets a fake and is not ASCII. Holds a batch of rows, or one row that is
 * longer. The streams of one snapshot share a `FakeMaker`.
 */
export class TableMask {
  readonly #table: PlannedTable;
  readonly #options: MaskOptions;
  readonly #fakes: FakeEdits;
  readonly #steps: readonly Step[];
  #value = Buffer.alloc(0);
  /** Rows that wait, in the first bytes of a buffer that stays. */
  #input = Buffer.alloc(0);
  #inputEnd = 0;
  #column: number | undefined;
  #rows = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #texts = 0;

  /** @throws ScrubError `value-unmaskable` if a column is too narrow for the fakes of its tag. */
  constructor(table: PlannedTable, maker: FakeMaker, options: MaskOptions = {}) {
    this.#table = table;
    this.#options = options;
    this.#fakes = new FakeEdits(maker, options.observer, options.readsOnly);
    this.#steps = table.columns.map(({ action }, index) => {
      this.#column = index;
      try {
        return this.step(action);
      } catch (thrown) {
        throw this.named(thrown);
      }
    });
  }

  /** So far; `counts` has more. */
  get rows(): number {
    return this.#rows;
  }

  get counts(): MaskCounts {
    const json = this.#steps.flatMap((step) => (step.kind === "json" ? [step.mask] : []));
    return {
      rows: this.#rows,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      fakes: this.#fakes.counts,
      texts: json.reduce((sum, { texts }) => sum + texts, this.#texts),
      dropped: json.reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }

  /**
   * Takes the next bytes of the stream. Returns masked rows once there are enough, in a buffer that the next call uses
   * again.
   * @throws ScrubError; the stream is then of no more use.
   */
  push(chunk: Buffer): Buffer | undefined {
    this.reserve(chunk.length);
    chunk.copy(this.#input, this.#inputEnd);
    const before = this.#inputEnd;
    this.#inputEnd += chunk.length;
    const end = before + chunk.lastIndexOf(LINE_FEED) + 1;
    if (end === before || end < BATCH_BYTES) return undefined;
    return this.mask(end);
  }

  /** The rows that are left, at the end of the stream. @throws ScrubError `copy-malformed` if it ends within a row. */
  end(): Buffer | undefined {
    if (this.#inputEnd === 0) return undefined;
    if (this.#input[this.#inputEnd - 1] !== LINE_FEED) throw this.malformed(0);
    return this.mask(this.#inputEnd);
  }

  /** Makes room for so many bytes behind those that wait. */
  private reserve(bytes: number): void {
    const needed = this.#inputEnd + bytes;
    if (needed <= this.#input.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * BATCH_BYTES, needed + (needed >>> 1)));
    this.#input.copy(larger, 0, 0, this.#inputEnd);
    this.#input = larger;
  }

  private step(action: FieldAction): Step {
    switch (action.kind) {
      // A word that came from another thread is a string of its own, which is slow to compare.
      case "keep":
        return { kind: "keep" };
      case "text":
        return { kind: "text", how: ownHow(action.how) };
      case "fake":
        return { kind: "fake", fake: this.#fakes.add(action.fake) };
      case "json":
        return { kind: "json", mask: new JsonMask(action.rules, this.#fakes, (text) => this.isKnown(text)) };
    }
  }

  private mask(end: number): Buffer {
    const input = this.#input;
    let output: Buffer;
    try {
      this.readRows(input, end);
      this.#column = undefined;
      output = this.#fakes.apply(input, end);
    } catch (thrown) {
      throw this.named(thrown);
    }
    this.#bytesIn += end;
    this.#bytesOut += output.length;
    this.#inputEnd -= end;
    // After one row of many megabytes their buffer goes.
    if (input.length > MOST_KEPT && this.#inputEnd <= MOST_KEPT) this.#input = Buffer.allocUnsafeSlow(MOST_KEPT);
    input.copy(this.#input, 0, end, end + this.#inputEnd);
    return output;
  }

  private readRows(input: Buffer, end: number): void {
    const { observer } = this.#options;
    let at = 0;
    while (at < end) {
      at = this.readRow(input, at, end);
      this.#rows++;
      observer?.endRow();
    }
  }

  /** @returns where the next row begins */
  private readRow(input: Buffer, from: number, end: number): number {
    const steps = this.#steps;
    const last = steps.length - 1;
    const kinds = KINDS;
    let at = from;
    for (let column = 0; column <= last; column++) {
      const step = steps[column];
      const start = at;
      let seen = 0;
      for (; at < end; at++) {
        const kind = kinds[input[at] ?? 0] ?? 0;
        if (kind === ENDS_FIELD) break;
        seen |= kind;
      }
      if (step !== undefined && step.kind !== "keep" && at > start) {
        const isEscaped = (seen & ESCAPES) !== 0;
        if (!(isEscaped && isNull(input, start, at))) {
          this.#column = column;
          this.field(step, input, start, at, (seen & WIDE) === 0, isEscaped);
        }
      }
      const code = input[at];
      if (code !== (column === last ? LINE_FEED : TAB)) throw this.malformed(column + 1);
      at++;
    }
    // A table without columns sends empty lines.
    if (last < 0 && input[at++] !== LINE_FEED) throw this.malformed(1);
    return at;
  }

  private field(step: Step, input: Buffer, start: number, end: number, isAscii: boolean, isEscaped: boolean): void {
    if (step.kind === "json") {
      step.mask.mask(input, start, end, isEscaped);
      return;
    }
    let value = input;
    let from = start;
    let to = end;
    if (isEscaped) {
      if (this.#value.length < end - start) this.#value = Buffer.allocUnsafeSlow(Math.max(1024, end - start));
      value = this.#value;
      from = 0;
      to = decodeField(input, start, end, value, 0);
    }
    if (step.kind === "fake") this.#fakes.put(step.fake, value, from, to, isAscii, start, end, false);
    else if (step.kind === "text" && (step.how === "replace" || this.isKnown(value.subarray(from, to)))) {
      const characters = isAscii ? to - from : countCharacters(value, from, to);
      this.#texts++;
      this.#fakes.edits.replace(start, end, EDIT.filler, characters, 0, characters);
    }
    if (this.#value.length > BATCH_BYTES) this.#value = Buffer.alloc(0);
  }

  private isKnown(text: Buffer): boolean {
    const { isKnown } = this.#options;
    return isKnown === undefined || isKnown(text);
  }

  /** `fields` were found in a row, which is not what the table has; 0 if the row has no end. */
  private malformed(fields: number): ScrubError {
    const { schema, table, columns } = this.#table;
    return new ScrubError(
      "copy-malformed",
      { schema, table },
      { row: this.#rows + 1, fields: columns.length, got: fields },
    );
  }

  /** Says where it happened; of anything but a misfit only its class is left. */
  private named(thrown: unknown): ScrubError {
    const { schema, table, columns } = this.#table;
    const column = this.#column === undefined ? undefined : columns[this.#column];
    const names = { schema, table, ...(column === undefined ? {} : { column: column.column }) };
    if (!(thrown instanceof Misfit)) return withoutValues(thrown, "unexpected", names);
    const tag = column?.action.kind === "fake" ? column.action.fake.tag : thrown.tag;
    return new ScrubError(
      thrown.code,
      { ...names, ...(tag === undefined ? {} : { tag }), kind: thrown.kind },
      // Fakes are written for a batch of rows; no column means that one of these rows it is.
      { ...(column === undefined ? {} : { row: this.#rows + 1 }), ...thrown.numbers },
    );
  }
}
