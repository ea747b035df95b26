import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ColumnName, PlannedTable } from "../../core/scrub/plan";
import type { PlannedSet, ScrubPlan } from "../../core/scrub/cover";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import type { GroupCounts, QuasiSet } from "../../core/scrub/kAnonymity";
import type { KnownValues } from "../../core/scrub/scan/known";
import { Suspects } from "../../core/scrub/scan/suspects";
import { FindingBook } from "../../core/scrub/scan/report";
import { scanTexts } from "../../core/scrub/scan/shapes";
import { FieldSieve } from "../../core/scrub/scan/sieve";
import { outputOf } from "../../core/scrub/watched";
import type { ScannedPart, ScanOf } from "./job";
import { unpacked } from "./partFile";

export interface PartScanning {
  readonly folder: string;
  readonly plan: ScrubPlan;
  /** With all values of the source. */
  readonly known: KnownValues;
  /** Of all digests of this snapshot. */
  readonly key: Buffer;
  /** One for each set of the plan; rows of this part are added. */
  readonly groups: readonly GroupCounts[];
  readonly moved: (rows: number, bytes: number) => void;
}

/**
 * Reads a file back as it lies there and looks at each of its bytes. @returns what was found, and what may be known
 * values. @throws ScrubError part-mismatch for a file that is not what was written
 */
export async function scanPart({ table, stored, rowsBefore }: ScanOf, parts: PartScanning): Promise<ScannedPart> {
  const planned = parts.plan.tables[table];
  if (planned === undefined) throw new RangeError("no such table");
  const book = new FindingBook(parts.key);
  const suspects = new Suspects();
  const output = outputOf(planned, parts.plan.watched);
  const readers = parts.groups
    .filter((_, index) => parts.plan.sets[index]?.tables.some(isSame(planned)))
    .map((counts) => counts.reader(namesOf(planned)));
  const sieve = new FieldSieve(output, parts.known, parts.key, book, suspects, rowsBefore, readers);
  const hash = createHash("sha256");
  try {
    for await (const bytes of unpacked(path.join(parts.folder, stored.file), hash)) {
      sieve.scan(bytes);
      parts.moved(0, bytes.length);
    }
  } catch (error) {
    throw withoutValues(error, "store-failed", { file: stored.file });
  }
  if (hash.digest("hex") !== stored.sha256) throw new ScrubError("part-mismatch", { file: stored.file });
  sieve.end();
  return { report: book.report(), suspects: suspects.byDigest };
}

/** Texts that ship beside the rows: definitions may hold a comment, a default or a name with somebody's data in it. */
export async function scanSchema(files: readonly string[], book: FindingBook): Promise<void> {
  for (const file of files) {
    const where: ColumnName = { schema: "(schema)", table: path.basename(file), column: "line" };
    scanTexts(where, (await readFile(file, "utf8")).split("\n"), book);
  }
}

export const setOf = ({ name, columns, k }: PlannedSet): QuasiSet => ({ ...name, columns, k });

const isSame =
  ({ schema, table }: PlannedTable) =>
  (other: { readonly schema: string; readonly table: string }): boolean =>
    other.schema === schema && other.table === table;

const namesOf = ({ schema, table, columns }: PlannedTable) => ({
  schema,
  table,
  columns: columns.map(({ column }) => column),
});
