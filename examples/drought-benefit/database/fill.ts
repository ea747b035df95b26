import { readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ClientBase } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { projectRoot } from "../../../platform/home";
import { type Size, type TableRows, tablesOf } from "./rows";

/** The schema's statements; they are for an empty database. */
export const schemaSql = (): Promise<string> =>
  readFile(path.join(projectRoot(), "examples/drought-benefit/database/schema.sql"), "utf8");

/**
 * Makes the schema and fills it, in one transaction. Rows are made while they are sent: memory does not grow with them.
 * @returns how many rows there are
 */
export async function fillDatabase(client: ClientBase, size: Size, signal?: AbortSignal): Promise<number> {
  await client.query("begin");
  try {
    await client.query(await schemaSql());
    let rows = 0;
    for (const table of tablesOf(size)) {
      const copy = client.query(copyFrom(`copy ${table.table} (${table.columns.join(", ")}) from stdin`));
      await pipeline(Readable.from(chunksOf(table), { objectMode: false }), copy, { signal });
      rows += table.count;
    }
    await client.query("refresh materialized view benefit.payouts_by_year");
    await client.query("commit");
    return rows;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

const CHUNK = 65_536;

/** A table's rows as COPY's text format. */
function* chunksOf(table: TableRows): Generator<Buffer> {
  let text = "";
  for (let index = 0; index < table.count; index++) {
    text += `${table.row(index).map(copyText).join("\t")}\n`;
    if (text.length < CHUNK && index < table.count - 1) continue;
    yield Buffer.from(text);
    text = "";
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

const copyText = (value: string | null): string =>
  value === null ? "\\N" : value.replace(/[\\\t\n\r]/g, (sign) => ESCAPES[sign] ?? sign);
