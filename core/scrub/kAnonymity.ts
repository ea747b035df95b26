import { z } from "zod";
import { ScrubError } from "./errors";
import { type Digest, digestBytes, type DigestKey, digestKey, digestOfBoth } from "./scan/digest";
import { LINE_FEED, TAB } from "./copyText";
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

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const kResultSchema = z.strictObject({
  table: z.string(),
  columns: z.array(z.string()),
  required: count,
  /** Rows of the smallest group; `null` of a table without rows. */
  k: count.nullable(),
  rows: count,
  groups: count,
  /** Groups that are too small: how many there are of each size. */
  tooSmall: z.array(z.strictObject({ size: count, groups: count })),
  verdict: z.enum(["pass", "fail"]),
});
export type KResult = Readonly<z.infer<typeof kResultSchema>>;

/** Half of the slots stay free, so that looking one up stays short. */
const FILL = 0.5;
/** Bytes of a group that are looked at at once. */
const PIECE = 4096;

/**
 * Counts the rows of each combination of a set's values in the output, by keyed digests of 64 bits. Its memory is given
 * from the start: twelve bytes for each slot.
 */
export class GroupCounts {
  private readonly slots: number;
  private readonly low: Int32Array;
  private readonly high: Int32Array;
  private readonly counts: Uint32Array;
  private groups = 0;
  private rows = 0;
  private readonly key: DigestKey;

  /**
   * @param key at least eight random bytes, the same for all counts that are merged.
   * @param mostGroups more are an error: so many combinations are no coarse values. Rounded up.
   */
  constructor(
    private readonly set: QuasiSet,
    key: Buffer,
    mostGroups = 1_000_000,
  ) {
    this.key = digestKey(key);
    this.slots = 2 ** Math.ceil(Math.log2(Math.max(16, mostGroups) / FILL));
    this.low = new Int32Array(this.slots);
    this.high = new Int32Array(this.slots);
    this.counts = new Uint32Array(this.slots);
  }

  /**
   * A reader of COPY text of the set's table, or of one of its partitions; any chunks.
   *
   * @throws ScrubError rules-invalid for a column that the table does not have.
   */
  reader(table: CopyTable): GroupReader {
    const missing = this.set.columns.filter((column) => !table.columns.includes(column));
    const { schema, table: name } = table;
    if (missing.length > 0) throw new ScrubError("rules-invalid", { schema, table: name, names: missing });
    const wanted = table.columns.map((column) => this.set.columns.indexOf(column));
    return new GroupReader(wanted, this.set.columns.length, this.key, (group) => {
      this.add(group, 1);
    });
  }

  /** What another worker counted of the same set. @throws ScrubError groups-full */
  merge(other: GroupCounts): void {
    for (let slot = 0; slot < other.slots; slot++) {
      const rows = other.counts[slot] ?? 0;
      if (rows > 0) this.add({ low: other.low[slot] ?? 0, high: other.high[slot] ?? 0 }, rows);
    }
  }

  result(): KResult {
    const { schema, table, columns, k: required = DEFAULT_K } = this.set;
    const sizes = new Map<number, number>();
    let k: number | null = null;
    for (const size of this.counts) {
      if (size === 0) continue;
      if (k === null || size < k) k = size;
      if (size < required) sizes.set(size, (sizes.get(size) ?? 0) + 1);
    }
    return {
      table: `${schema}.${table}`,
      columns: [...columns],
      required,
      k,
      rows: this.rows,
      groups: this.groups,
      tooSmall: [...sizes].sort(([one], [other]) => one - other).map(([size, groups]) => ({ size, groups })),
      verdict: k === null || k >= required ? "pass" : "fail",
    };
  }

  private add({ low, high }: Digest, rows: number): void {
    this.rows += rows;
    let slot = low & (this.slots - 1);
    while ((this.counts[slot] ?? 0) > 0 && (this.low[slot] !== low || this.high[slot] !== high))
      slot = (slot + 1) & (this.slots - 1);
    if (this.counts[slot] === 0) {
      if (this.groups >= this.slots * FILL) throw this.full();
      this.groups++;
      this.low[slot] = low;
      this.high[slot] = high;
    }
    this.counts[slot] = Math.min(0xffffffff, (this.counts[slot] ?? 0) + rows);
  }

  private full(): ScrubError {
    const { schema, table, columns } = this.set;
    return new ScrubError("groups-full", { schema, table, names: columns }, { groups: this.groups });
  }
}

/** Reads the wanted columns of COPY text and hands out a digest for each row. NULL is a value like others. */
export class GroupReader {
  private column = 0;
  private readonly piece = Buffer.alloc(PIECE);
  private length = 0;
  /** One for each column of the set, in the set's order, so that partitions may have another order. */
  private readonly values: Digest[];
  private started = false;
  private readonly part: Digest = { low: 0, high: 0 };

  constructor(
    /** Place in the set of each column of the table; -1 for one that is not in it. */
    private readonly wanted: readonly number[],
    columns: number,
    private readonly key: DigestKey,
    private readonly group: (digest: Digest) => void,
  ) {
    this.values = Array.from({ length: columns }, () => ({ low: 0, high: 0 }));
  }

  scan(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === TAB || byte === LINE_FEED) {
        this.endField();
        if (byte === TAB) this.column++;
        else this.endRow();
      } else if ((this.wanted[this.column] ?? -1) >= 0) {
        if (this.length === PIECE) this.endPiece();
        this.piece[this.length++] = byte;
      }
    }
  }

  private endField(): void {
    if ((this.wanted[this.column] ?? -1) < 0) return;
    this.endPiece();
    this.started = false;
  }

  private endPiece(): void {
    const value = this.values[this.wanted[this.column] ?? -1];
    if (value === undefined) return;
    digestBytes(this.key, this.piece, 0, this.length, this.part);
    this.length = 0;
    if (this.started) digestOfBoth(value, this.part, value);
    else Object.assign(value, this.part);
    this.started = true;
  }

  private endRow(): void {
    this.column = 0;
    const all: Digest = { low: 0, high: 0 };
    for (const value of this.values) digestOfBoth(all, value, all);
    this.group(all);
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
