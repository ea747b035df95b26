import { ScrubError } from "./errors";
import { type DigestKey, digestKey, endHigh, endLow, highLane, highOfBoth, lowLane, lowOfBoth } from "./scan/digest";
import { SharedLock } from "./scan/sharedLock";
import type { KResult } from "./verdicts";
import { type CopyTable } from "./scan/copyText";

/** Fewest people who share all values of a set, unless its rules say otherwise. */
export const DEFAULT_K = 5;

/** Columns of one table (or of all its partitions) that together may tell who a row is about. */
export interface QuasiSet {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** @default 5 */
  readonly k?: number;
}

/** Half of the slots stay free, so that looking one up stays short. */
const FILL = 0.5;
/** Digests that are counted at once. */
const QUEUE = 4096;
const MOST_GROUPS = 1_000_000;

/** Memory of a count, to be given to other threads: twelve bytes for each slot. */
export interface GroupMemory {
  readonly low: SharedArrayBuffer;
  readonly high: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
  /** Groups, and rows. */
  readonly sums: SharedArrayBuffer;
  readonly lock: SharedArrayBuffer;
}

/** @param mostGroups more are an error: so many combinations are no coarse values. Rounded up. */
export function groupMemory(mostGroups = MOST_GROUPS): GroupMemory {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(16, mostGroups) / FILL));
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  return {
    low: shared(slots * 4),
    high: shared(slots * 4),
    counts: shared(slots * 4),
    sums: shared(16),
    lock: shared(4),
  };
}

/**
 * Counts the rows of each combination of a set's values in the output, by keyed digests of 64 bits. Its memory is given
 * from the start, and several threads may count in it.
 */
export class GroupCounts {
  private readonly slots: number;
  private readonly low: Int32Array;
  private readonly high: Int32Array;
  private readonly counts: Uint32Array;
  private readonly sums: Float64Array;
  private readonly lock: SharedLock;
  private readonly queue = new Int32Array(QUEUE * 2);
  private queued = 0;
  private readonly key: DigestKey;

  /** @param key at least eight random bytes, the same for all that count in one memory. */
  constructor(
    private readonly set: QuasiSet,
    key: Buffer,
    memory: GroupMemory = groupMemory(),
  ) {
    this.key = digestKey(key);
    this.low = new Int32Array(memory.low);
    this.high = new Int32Array(memory.high);
    this.counts = new Uint32Array(memory.counts);
    this.sums = new Float64Array(memory.sums);
    this.lock = new SharedLock(memory.lock);
    this.slots = this.counts.length;
  }

  /**
   * A reader of rows of the set's table, or of one of its partitions.
   *
   * @throws ScrubError rules-invalid for a column that the table does not have.
   */
  reader(table: CopyTable): GroupReader {
    const missing = this.set.columns.filter((column) => !table.columns.includes(column));
    const { schema, table: name } = table;
    if (missing.length > 0) throw new ScrubError("rules-invalid", { schema, table: name, names: missing });
    const wanted = table.columns.map((column) => this.set.columns.indexOf(column));
    return new GroupReader(wanted, this.set.columns.length, this.key, (low, high) => {
      this.add(low, high);
    });
  }

  /** Counts what waits in this thread's queue. @throws ScrubError groups-full */
  flush(): void {
    if (this.queued === 0) return;
    this.lock.hold(() => {
      for (let at = 0; at < this.queued; at += 2) this.count(this.queue[at] ?? 0, this.queue[at + 1] ?? 0);
    });
    this.queued = 0;
  }

  /** Of all that was counted here, and in the other threads as far as they have flushed it. */
  result(): KResult {
    this.flush();
    const { schema, table, columns, k: required = DEFAULT_K } = this.set;
    const sizes = new Map<number, number>();
    let k: number | null = null;
    // Millions of places, most of them empty: by number, which is ten times as fast as one after the other.
    for (let slot = 0; slot < this.slots; slot++) {
      const size = this.counts[slot] ?? 0;
      if (size === 0) continue;
      if (k === null || size < k) k = size;
      if (size < required) sizes.set(size, (sizes.get(size) ?? 0) + 1);
    }
    const [groups = 0, rows = 0] = this.sums;
    return {
      table: `${schema}.${table}`,
      columns: [...columns],
      required,
      ...{ k, rows, groups },
      tooSmall: [...sizes].sort(([one], [other]) => one - other).map(([size, groups]) => ({ size, groups })),
      verdict: k === null || k >= required ? "pass" : "fail",
    };
  }

  private add(low: number, high: number): void {
    this.queue[this.queued++] = low;
    this.queue[this.queued++] = high;
    if (this.queued === this.queue.length) this.flush();
  }

  private count(low: number, high: number): void {
    const { counts, sums } = this;
    let slot = low & (this.slots - 1);
    while ((counts[slot] ?? 0) > 0 && (this.low[slot] !== low || this.high[slot] !== high))
      slot = (slot + 1) & (this.slots - 1);
    if (counts[slot] === 0) {
      if ((sums[0] ?? 0) >= this.slots * FILL) throw this.full();
      sums[0] = (sums[0] ?? 0) + 1;
      this.low[slot] = low;
      this.high[slot] = high;
    }
    counts[slot] = Math.min(0xffffffff, (counts[slot] ?? 0) + 1);
    sums[1] = (sums[1] ?? 0) + 1;
  }

  private full(): ScrubError {
    const { schema, table, columns } = this.set;
    return new ScrubError("groups-full", { schema, table, names: columns }, { groups: this.sums[0] ?? 0 });
  }
}

/**
 * Is given the wanted columns of rows of COPY text, as whoever reads them comes by them, and hands out a digest for each
 * row. NULL is a value like others.
 */
export class GroupReader {
  private low: number;
  private high: number;
  /** A digest for each column of the set, in the set's order, so that partitions may have another order. */
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;

  constructor(
    /** Place in the set of each column of the table; -1 for one that is not in it. */
    private readonly wanted: readonly number[],
    columns: number,
    private readonly key: DigestKey,
    private readonly group: (low: number, high: number) => void,
  ) {
    [this.low, this.high] = key;
    this.lows = new Int32Array(columns);
    this.highs = new Int32Array(columns);
  }

  /** @param column by its place in the table. */
  wants(column: number): boolean {
    return (this.wanted[column] ?? -1) >= 0;
  }

  /** More of a wanted field: [from, to) of a chunk. */
  piece(chunk: Uint8Array, from: number, to: number): void {
    let { low, high } = this;
    for (let at = from; at < to; at++) {
      const byte = chunk[at] ?? 0;
      low = lowLane(low, byte);
      high = highLane(high, byte);
    }
    this.low = low;
    this.high = high;
  }

  endField(column: number): void {
    const place = this.wanted[column] ?? 0;
    this.lows[place] = endLow(this.low);
    this.highs[place] = endHigh(this.low, this.high);
    this.low = this.key[0];
    this.high = this.key[1];
  }

  endRow(): void {
    let low = 0;
    let high = 0;
    for (let at = 0; at < this.lows.length; at++) {
      const before = low;
      low = lowOfBoth(before, high, this.lows[at] ?? 0);
      high = highOfBoth(before, high, this.highs[at] ?? 0);
    }
    this.group(low, high);
  }
}

/** Each set that fails, for a person: `public.people (zip, birth): smallest group 2, 5 needed; 3 groups of 2`. */
export function kLines(results: readonly KResult[]): readonly string[] {
  return results
    .filter(({ verdict }) => verdict === "fail")
    .map(({ table, columns, k, required, tooSmall }) => {
      const sizes = tooSmall.map(({ size, groups }) => `${groups} of ${size}`).join(", ");
      return `${table} (${columns.join(", ")}): smallest group ${k ?? 0}, ${required} needed; groups too small: ${sizes}`;
    });
}
