import { createHash } from "node:crypto";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { ScrubError } from "../../core/scrub/errors";
import { quoteName, quoteRelation } from "../../core/scrub/sql";
import { loadError } from "./loadError";
import type { ManifestTable } from "./maskParts";
import { unpacked } from "./partFile";

export interface LoadRows {
  /** Of the snapshot. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Rows and bytes of COPY text since the last call. */
  readonly moved: (rows: number, bytes: number) => void;
}

/**
 * Fills one empty table, all of it or nothing. It is emptied in the same transaction, so that the server may write its rows
 * as old ones at once: nothing has to go over them again. @throws ScrubError, or the signal's reason
 */
export async function loadTable(client: Client, table: ManifestTable, parts: LoadRows): Promise<void> {
  const { schema, table: name } = table;
  try {
    await client.query("begin");
    await client.query(`truncate only ${quoteRelation(table)}`);
    let rows = 0;
    for (const part of table.parts) rows += await loadPart(client, table, part, parts);
    if (rows !== table.rowsOut)
      throw new ScrubError("count-mismatch", { schema, table: name }, { written: table.rowsOut, loaded: rows });
    await client.query("commit");
  } catch (error) {
    parts.signal.throwIfAborted();
    throw loadError(error, { schema, table: name });
  }
}

/** @returns its rows. */
async function loadPart(
  client: Client,
  table: ManifestTable,
  part: ManifestTable["parts"][number],
  { folder, signal, moved }: LoadRows,
): Promise<number> {
  const list = table.columns.length === 0 ? "" : ` (${table.columns.map(quoteName).join(", ")})`;
  const copy = client.query(copyFrom(`copy ${quoteRelation(table)}${list} from stdin with (freeze)`));
  const hash = createHash("sha256");
  const counting = new Transform({
    highWaterMark: 2 ** 20,
    transform(chunk: Buffer, _encoding, done) {
      moved(0, chunk.length);
      done(null, chunk);
    },
  });
  const rows = copied(unpacked(path.join(folder, part.file), hash));
  await pipeline(rows, counting, copy, { signal });
  // What was verified may have been changed since.
  if (hash.digest("hex") !== part.sha256) throw new ScrubError("part-mismatch", { file: part.file });
  moved(copy.rowCount, 0);
  return copy.rowCount;
}

/** Chunks that hold for good: a connection may send them later. */
async function* copied(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
