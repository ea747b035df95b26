import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createGunzip } from "node:zlib";
import type { ColumnName, PlannedTable } from "../../core/scrub/plan";
import type { PlannedSet, ScrubPlan } from "../../core/scrub/cover";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import { GroupCounts, type KResult } from "../../core/scrub/kAnonymity";
import type { KnownValues } from "../../core/scrub/scan/known";
import { KnownScanner, Suspects } from "../../core/scrub/scan/knownScan";
import type { FindingBook } from "../../core/scrub/scan/report";
import { scanTexts, ShapeScanner } from "../../core/scrub/scan/shapes";
import { outputOf } from "../../core/scrub/watched";
import type { ManifestTable } from "./maskParts";

export interface ScanParts {
  readonly folder: string;
  readonly plan: ScrubPlan;
  readonly tables: readonly ManifestTable[];
  readonly known: KnownValues;
  /** Of all digests of this snapshot. */
  readonly key: Buffer;
  readonly book: FindingBook;
  readonly signal: AbortSignal;
  readonly moved: (rows: number, bytes: number) => void;
}

/**
 * Reads the files back as they lie there and looks at each of their bytes. @returns what may be known values, and how
 * large the groups of the quasi-identifiers are. @throws ScrubError part-mismatch for a file that is not what was written
 */
export async function scanFiles(
  parts: ScanParts,
): Promise<{ readonly suspects: Suspects; readonly k: readonly KResult[] }> {
  const suspects = new Suspects();
  const sets = parts.plan.sets.map((set) => ({ set, counts: countsOf(set, parts.key) }));
  for (const [index, table] of parts.plan.tables.entries()) {
    const written = parts.tables[index];
    if (!written) continue;
    const output = outputOf(table, parts.plan.watched);
    const shapes = new ShapeScanner(output, parts.book);
    const known = new KnownScanner(output, parts.known, parts.key, suspects);
    const groups = sets
      .filter(({ set }) => set.tables.some(isSame(table)))
      .map(({ counts }) => counts.reader(namesOf(table)));
    for (const part of written.parts) {
      const hash = createHash("sha256");
      const file = createReadStream(path.join(parts.folder, part.file), { highWaterMark: 2 ** 18 });
      file.on("data", (chunk) => hash.update(chunk));
      try {
        for await (const chunk of file.pipe(createGunzip({ chunkSize: 2 ** 16 }))) {
          parts.signal.throwIfAborted();
          const bytes = chunk as Buffer;
          shapes.scan(bytes);
          known.scan(bytes);
          for (const reader of groups) reader.scan(bytes);
          parts.moved(0, bytes.length);
        }
      } catch (error) {
        parts.signal.throwIfAborted();
        throw withoutValues(error, "store-failed", { file: part.file });
      }
      if (hash.digest("hex") !== part.sha256) throw new ScrubError("part-mismatch", { file: part.file });
    }
    shapes.end();
    known.end();
  }
  return { suspects, k: sets.map(({ counts }) => counts.result()) };
}

/** Texts that ship beside the rows: definitions may hold a comment, a default or a name with somebody's data in it. */
export async function scanSchema(files: readonly string[], book: FindingBook): Promise<void> {
  for (const file of files) {
    const where: ColumnName = { schema: "(schema)", table: path.basename(file), column: "line" };
    scanTexts(where, (await readFile(file, "utf8")).split("\n"), book);
  }
}

const countsOf = ({ name, columns, k }: PlannedSet, key: Buffer): GroupCounts =>
  new GroupCounts({ schema: name.schema, table: name.table, columns, k }, key);

const isSame =
  ({ schema, table }: PlannedTable) =>
  (other: { readonly schema: string; readonly table: string }): boolean =>
    other.schema === schema && other.table === table;

const namesOf = ({ schema, table, columns }: PlannedTable) => ({
  schema,
  table,
  columns: columns.map(({ column }) => column),
});
