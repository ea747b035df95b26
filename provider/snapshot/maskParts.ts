import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Observer } from "../../core/scrub/fakeEdits";
import type { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import type { SnapshotManifest } from "../../core/scrub/manifest";
import { TableMask, type MaskCounts } from "../../core/scrub/mask";
import { partsOf, type Part } from "../../core/scrub/parts";
import type { PlannedTable } from "../../core/scrub/plan";
import type { Source } from "./source";

/** Level 1: on one core a higher one takes longer than the masking. */
const COMPRESSION = 1;

export type ManifestTable = SnapshotManifest["tables"][number];
type StoredPart = ManifestTable["parts"][number];

export interface MaskParts {
  readonly source: Source;
  readonly maker: FakeMaker;
  /** Is told every value that gets a fake. */
  readonly observer: Observer;
  readonly isKnown?: (text: Buffer) => boolean;
  readonly signal: AbortSignal;
  /** Rows and bytes of COPY text since the last call. */
  readonly moved: (rows: number, bytes: number) => void;
}

/** `003.0001.copy.gz`: tables by their place in the plan, for names of tables may be anything. */
export const partFile = (tableIndex: number, { number }: Pick<Part, "number">): string =>
  `${String(tableIndex + 1).padStart(3, "0")}.${String(number).padStart(4, "0")}.copy.gz`;

/** Reads one table, masks it, and writes its parts into `folder`. @throws ScrubError, or the signal's reason */
export async function maskTable(
  table: PlannedTable,
  index: number,
  folder: string,
  parts: MaskParts,
): Promise<ManifestTable> {
  const written: StoredPart[] = [];
  const sum = { rowsIn: 0, rowsOut: 0, bytes: 0 };
  const fakes: Record<string, number> = {};
  for (const part of partsOf(table, await parts.source.pages(table))) {
    const file = partFile(index, part);
    const { counts, rowsIn, stored } = await maskPart(part, path.join(folder, file), parts);
    written.push({ file, ...stored });
    sum.rowsIn += rowsIn;
    sum.rowsOut += counts.rows;
    sum.bytes += counts.bytesOut;
    for (const [tag, count] of Object.entries(counts.fakes)) fakes[tag] = (fakes[tag] ?? 0) + count;
  }
  const { schema, table: name } = table;
  if (sum.rowsIn !== sum.rowsOut)
    throw new ScrubError("count-mismatch", { schema, table: name }, { read: sum.rowsIn, written: sum.rowsOut });
  return { schema, table: name, ...sum, parts: written, fakes };
}

/** Reads a table again, for what is told of its values; nothing is written. */
export async function rereadTable(table: PlannedTable, parts: MaskParts): Promise<void> {
  for (const part of partsOf(table, await parts.source.pages(table))) {
    const mask = new TableMask(part.table, parts.maker, { observer: parts.observer });
    await guarded(part, parts.signal, async () => {
      for await (const chunk of parts.source.copy(part)) {
        mask.push(chunk as Buffer);
        parts.signal.throwIfAborted();
      }
      mask.end();
    });
  }
}

async function maskPart(
  part: Part,
  file: string,
  { source, maker, observer, isKnown, signal, moved }: MaskParts,
): Promise<{ readonly counts: MaskCounts; readonly rowsIn: number; readonly stored: Omit<StoredPart, "file"> }> {
  const mask = new TableMask(part.table, maker, { observer, ...(isKnown === undefined ? {} : { isKnown }) });
  let told = 0;
  const masking = new Transform({
    highWaterMark: 2 ** 20,
    transform(chunk: Buffer, _encoding, done) {
      passOn(done, () => mask.push(chunk));
      moved(mask.counts.rows - told, chunk.length);
      told = mask.counts.rows;
    },
    flush(done) {
      passOn(done, () => mask.end());
      moved(mask.counts.rows - told, 0);
    },
  });
  const rows = source.copy(part);
  const hash = createHash("sha256");
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await guarded(part, signal, () =>
    pipeline(
      rows,
      masking,
      createGzip({ level: COMPRESSION, chunkSize: 2 ** 16 }),
      counting,
      createWriteStream(file, { flags: "wx", mode: 0o600 }),
      { signal },
    ),
  );
  return { counts: mask.counts, rowsIn: rows.rowCount, stored: { bytes, sha256: hash.digest("hex") } };
}

function passOn(done: (error: Error | null, chunk?: Buffer) => void, work: () => Buffer | undefined): void {
  let chunk: Buffer | undefined;
  try {
    chunk = work();
  } catch (error) {
    done(withoutValues(error));
    return;
  }
  done(null, chunk);
}

/** What the driver or the file system throws may quote a row: it becomes a ScrubError that names the table. */
async function guarded({ table: { schema, table } }: Part, signal: AbortSignal, work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ScrubError) throw error;
    const isOurs = error instanceof Error && "syscall" in error;
    throw withoutValues(error, isOurs ? "store-failed" : "source-refused", { schema, table });
  }
}
