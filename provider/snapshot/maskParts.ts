import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Observer } from "../../core/scrub/fakeEdits";
import type { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import type { SnapshotManifest } from "../../core/scrub/manifest";
import { TableMask, type MaskOptions } from "../../core/scrub/mask";
import type { Part } from "../../core/scrub/parts";
import type { PlannedTable } from "../../core/scrub/plan";
import type { MaskedPart } from "./job";
import { packers, packingOf, partFile } from "./partFile";
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
    for await (const chunk of source.copy(part)) {
      mask.push(chunk as Buffer);
      moved(mask.counts.rows - told, (chunk as Buffer).length);
      told = mask.counts.rows;
    }
    mask.end();
    moved(mask.counts.rows - told, 0);
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
  const packing = packingOf(compression);
  const file = partFile(tableIndex, part.number, packing);
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
  await guarded(part, () =>
    pipeline([
      rows,
      masking,
      ...packers(packing, compression),
      counting,
      createWriteStream(path.join(folder, file), { flags: "wx", mode: 0o600 }),
    ]),
  );
  const stored = { file, bytes, sha256: hash.digest("hex") };
  return { stored, rowsIn: rows.rowCount, counts: mask.counts };
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
async function guarded({ table: { schema, table } }: Part, work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    if (error instanceof ScrubError) throw error;
    const isOurs = error instanceof Error && "syscall" in error;
    throw withoutValues(error, isOurs ? "store-failed" : "source-refused", { schema, table });
  }
}
