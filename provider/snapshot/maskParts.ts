import path from "node:path";
import { finished } from "node:stream/promises";
import type { Observer } from "../../core/scrub/fakeEdits";
import type { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import type { SnapshotManifest } from "../../core/scrub/manifest";
import { TableMask, type MaskOptions } from "../../core/scrub/mask";
import type { Part } from "../../core/scrub/parts";
import type { PlannedTable } from "../../core/scrub/plan";
import { release } from "../../core/scrub/release";
import type { MaskedPart } from "./job";
import type { CopyRows } from "./copyRows";
import { packingOf, partFile, PartWriter } from "./partFile";
import type { Source } from "./source";

export type ManifestTable = SnapshotManifest["tables"][number];

export interface PartReading {
  readonly source: Source;
  readonly maker: FakeMaker;
  /** Is told every value that gets a fake. */
  readonly observer: Observer;
  readonly isKnown?: (text: Buffer) => boolean;
  /** Rows and bytes of COPY text since the last call. */
  readonly moved: (rows: number, bytes: number) => void;
}

/** What of a table its parts add up to. @throws ScrubError count-mismatch */
export function tableOf({ schema, table: name, columns }: PlannedTable, masked: readonly MaskedPart[]): ManifestTable {
  const sum = { rowsIn: 0, rowsOut: 0, bytes: 0 };
  const fakes: Record<string, number> = {};
  for (const { rowsIn, counts } of masked) {
    sum.rowsIn += rowsIn;
    sum.rowsOut += counts.rows;
    sum.bytes += counts.bytesOut;
    for (const [tag, count] of Object.entries(counts.fakes)) fakes[tag] = (fakes[tag] ?? 0) + count;
  }
  if (sum.rowsIn !== sum.rowsOut)
    throw new ScrubError("count-mismatch", { schema, table: name }, { read: sum.rowsIn, written: sum.rowsOut });
  const parts = masked.map(({ stored }) => stored);
  return { schema, table: name, columns: columns.map(({ column }) => column), ...sum, parts, fakes };
}

/** Reads a part for what is told of its values; nothing is masked or written. @throws ScrubError */
export async function readPart(part: Part, { source, maker, observer, moved }: PartReading): Promise<void> {
  const mask = new TableMask(part.table, maker, { observer, readsOnly: true });
  await guarded(part, async () => {
    let told = 0;
    await takeRows(source.copy(part), (chunk) => {
      mask.push(chunk);
      moved(mask.rows - told, chunk.length);
      told = mask.rows;
    });
    mask.end();
    moved(mask.rows - told, 0);
  });
}

/** Reads a part, masks it, and writes it as a file into `folder`. @throws ScrubError */
export async function maskPart(
  tableIndex: number,
  part: Part,
  folder: string,
  compression: number,
  { source, maker, moved, ...options }: PartReading & MaskOptions,
): Promise<Omit<MaskedPart, "part">> {
  const mask = new TableMask(part.table, maker, options);
  const packing = packingOf(compression);
  const file = partFile(tableIndex, part.number, packing);
  return guarded(part, async () => {
    const writer = new PartWriter(path.join(folder, file), packing, compression);
    let told = 0;
    const write = (rows: Buffer | undefined, bytes: number): void => {
      if (rows !== undefined) writer.write(rows);
      moved(mask.rows - told, bytes);
      told = mask.rows;
    };
    try {
      const rows = source.copy(part);
      await takeRows(rows, (chunk) => {
        write(mask.push(chunk), chunk.length);
      });
      write(mask.end(), 0);
      const stored = { file, ...writer.end() };
      return { stored, rowsIn: rows.rowCount, counts: mask.counts };
    } finally {
      writer.close();
    }
  });
}

/** Hands over rows in the turn in which they come: nothing waits, and a server that is too fast is not read. */
function takeRows(rows: CopyRows, take: (chunk: Buffer) => void): Promise<void> {
  rows.on("data", (chunk: Buffer) => {
    try {
      take(chunk);
      release(chunk);
    } catch (error) {
      rows.destroy(isOfSystem(error) ? error : withoutValues(error));
    }
  });
  return finished(rows);
}

/** What the driver or the file system throws may quote a row: it becomes a ScrubError that names the table. */
async function guarded<T>({ table: { schema, table } }: Part, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScrubError) throw error;
    throw withoutValues(error, isOfSystem(error) ? "store-failed" : "source-refused", { schema, table });
  }
}

const isOfSystem = (error: unknown): error is Error => error instanceof Error && "syscall" in error;
