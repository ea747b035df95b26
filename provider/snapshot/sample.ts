import type { ClientBase } from "pg";
import type { RelationName } from "../../core/scrub/catalog";
import type { WatchedColumn } from "../../core/scrub/watched";
import { withoutValues } from "../../core/scrub/errors";
import { scalarReader } from "../../core/scrub/jsonPath";
import { relationText } from "../../core/scrub/relationName";
import { quoteName, quoteRelation } from "../../core/scrub/sql";
import type { Sampled } from "../../core/scrub/watch";

/** Rows of a table that are looked at. */
const ROWS = 1000;
/** Characters of a value that are looked at; a shape stands near the beginning or in a value of many like it. */
const CHARACTERS = 1000;
/** Larger documents are left out of the sample: half of one cannot be read. */
const DOCUMENT_BYTES = 65_536;

/**
 * Samples what is kept, in the caller's transaction: the same rows whenever the table is the same. The sample is held in
 * memory alone. @throws ScrubError without a value, also when `signal` says stop
 */
export async function sampleWatched(
  client: ClientBase,
  watched: readonly WatchedColumn[],
  signal?: AbortSignal,
): Promise<readonly Sampled[]> {
  const tables = new Map<string, WatchedColumn[]>();
  for (const each of watched) {
    const name = relationText(each.table);
    tables.set(name, [...(tables.get(name) ?? []), each]);
  }
  const samples: Sampled[] = [];
  for (const columns of tables.values()) {
    signal?.throwIfAborted();
    const [first] = columns;
    if (first === undefined) continue;
    try {
      samples.push(...(await sampleTable(client, first.table, columns)));
    } catch (error) {
      throw withoutValues(error, "source-refused", { schema: first.table.schema, table: first.table.table });
    }
  }
  return samples;
}

async function sampleTable(
  client: ClientBase,
  table: RelationName,
  watched: readonly WatchedColumn[],
): Promise<readonly Sampled[]> {
  const names = [...new Set(watched.map(({ column }) => column))];
  const isDocument = (name: string): boolean => watched.some(({ column, json }) => column === name && json !== null);
  const list = names.map((name, index) => {
    const text = `${quoteName(name)}::text`;
    const shown = isDocument(name)
      ? `case when octet_length(${text}) <= ${DOCUMENT_BYTES} then ${text} end`
      : `left(${text}, ${CHARACTERS})`;
    return `${shown} as c${index}`;
  });
  const rows = await sampledRows(client, table, list.join(", "));
  const columns = names.map((name, index) => {
    const texts = rows.map((row) => row[`c${index}`] ?? null).filter((text) => text !== null);
    // Read once, however many paths of theirs are kept.
    return { texts, documents: isDocument(name) ? texts.map((text): unknown => JSON.parse(text)) : [] };
  });
  return watched.map((each) => {
    const { texts = [], documents = [] } = columns[names.indexOf(each.column)] ?? {};
    const { json } = each;
    const values = json === null ? texts : documents.flatMap(scalarReader(json.path, json.paths));
    return { watched: each, values };
  });
}

type Row = Readonly<Record<string, string | null>>;

/** Blocks from all over a large table; the first rows of a small one, or where the statistics promised too much. */
async function sampledRows(client: ClientBase, table: RelationName, list: string): Promise<readonly Row[]> {
  const name = quoteRelation(table);
  const { rows: counts } = await client.query<{ readonly rows: number }>(
    "select reltuples as rows from pg_catalog.pg_class where oid = $1::regclass",
    [name],
  );
  const estimate = counts[0]?.rows ?? 0;
  if (estimate > SMALL) {
    const percent = Math.min(100, (100 * MARGIN * ROWS) / estimate);
    const spread = `select ${list} from only ${name} tablesample system (${percent}) repeatable (0) limit ${ROWS}`;
    const { rows } = await client.query<Row>(spread);
    if (rows.length >= ROWS / 2) return rows;
  }
  return (await client.query<Row>(`select ${list} from only ${name} limit ${ROWS}`)).rows;
}

/** Rows of a table whose first ones stand for all. */
const SMALL = 20 * ROWS;
/** The sample is of whole blocks: more of them than just enough. */
const MARGIN = 1.5;
