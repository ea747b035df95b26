import type { ClientBase } from "pg";
import type {
  Catalog,
  CatalogColumn,
  CatalogType,
  Relation,
  RelationKind,
  RelationName,
} from "../../core/scrub/catalog";
import { CHECKS, COLUMNS, FOREIGN_KEYS, KEYS, LARGE_OBJECTS, RELATIONS, SEQUENCES, TYPES } from "./catalogSql";

/**
 * Reads the shape of a database, in the caller's transaction. Names of types come out with their schema, but for
 * PostgreSQL's own.
 */
export async function readCatalog(client: ClientBase): Promise<Catalog> {
  // What PostgreSQL writes of types and bounds depends on both.
  await client.query("set local search_path to pg_catalog; set local timezone to 'UTC'");
  const relations = await rowsOf<RelationRow>(client, RELATIONS);
  const columns = grouped(await rowsOf<ColumnRow>(client, COLUMNS));
  const keys = grouped(await rowsOf<KeyRow>(client, KEYS));
  const checks = grouped(await rowsOf<CheckRow>(client, CHECKS));
  const types = new Map((await rowsOf<TypeRow>(client, TYPES)).map((type) => [type.id, type]));
  const names = new Map(relations.map(({ id, schema, table }) => [id, { schema, table }]));
  const foreignKeys = await rowsOf<ForeignKeyRow>(client, FOREIGN_KEYS);
  const [objects] = await rowsOf<{ readonly count: number }>(client, LARGE_OBJECTS);
  return {
    relations: relations.map((row) => relationOf(row, names, types, { columns, keys, checks })),
    foreignKeys: foreignKeys.map(({ name, relation, target, columns: pairs }) => ({
      name,
      from: known(names, relation),
      to: known(names, target),
      columns: pairs,
    })),
    sequences: (await rowsOf<SequenceRow>(client, SEQUENCES)).map(({ schema, name, relation, column }) => ({
      schema,
      name,
      owner: relation === null || column === null ? null : { ...known(names, relation), column },
    })),
    largeObjects: objects?.count ?? 0,
  };
}

/** Runs `work` in a transaction of its own that can change nothing and sees one state of the database. */
export async function inReadOnlyTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("begin transaction isolation level repeatable read read only");
  try {
    return await work();
  } finally {
    await client.query("rollback");
  }
}

interface RelationRow extends RelationName {
  readonly id: string;
  readonly kind: string;
  readonly parent: string | null;
  readonly bounds: string | null;
  readonly partitionKey: readonly string[];
}

interface OfRelation {
  readonly relation: string;
}

interface ColumnRow extends OfRelation {
  readonly name: string;
  readonly type: string;
  readonly modifier: number;
  readonly written: string;
  readonly notNull: boolean;
  readonly generated: boolean;
  readonly identity: boolean;
}

interface TypeRow {
  readonly id: string;
  readonly name: string;
  readonly isDomain: boolean;
  readonly isArray: boolean;
  readonly under: string;
  readonly modifier: number;
  readonly element: string;
  readonly notNull: boolean;
  readonly labels: readonly string[] | null;
  readonly checks: readonly string[];
}

interface KeyRow extends OfRelation {
  readonly name: string;
  readonly primary: boolean;
  readonly nullsEqual: boolean;
  readonly columns: readonly string[];
}

interface CheckRow extends OfRelation {
  readonly name: string;
  readonly columns: readonly string[];
}

interface ForeignKeyRow extends OfRelation {
  readonly name: string;
  readonly target: string;
  readonly columns: readonly (readonly [string, string])[];
}

interface SequenceRow {
  readonly schema: string;
  readonly name: string;
  readonly relation: string | null;
  readonly column: string | null;
}

const KINDS: ReadonlyMap<string, RelationKind> = new Map([
  ["r", "table"],
  ["p", "partitioned table"],
  ["v", "view"],
  ["m", "materialized view"],
  ["f", "foreign table"],
]);

async function rowsOf<Row extends object>(client: ClientBase, sql: string): Promise<readonly Row[]> {
  return (await client.query<Row>(sql)).rows;
}

function grouped<Row extends OfRelation>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.relation);
    if (group === undefined) groups.set(row.relation, [row]);
    else group.push(row);
  }
  return groups;
}

/** What a catalog that is consistent in itself has. */
function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (found === undefined) throw new Error(`the database's catalog names ${id}, which it does not have`);
  return found;
}

interface Parts {
  readonly columns: ReadonlyMap<string, readonly ColumnRow[]>;
  readonly keys: ReadonlyMap<string, readonly KeyRow[]>;
  readonly checks: ReadonlyMap<string, readonly CheckRow[]>;
}

function relationOf(
  { id, schema, table, kind, parent, bounds, partitionKey }: RelationRow,
  names: ReadonlyMap<string, RelationName>,
  types: ReadonlyMap<string, TypeRow>,
  { columns, keys, checks }: Parts,
): Relation {
  const own = columns.get(id) ?? [];
  const all = own.map(({ name }) => name);
  return {
    schema,
    table,
    kind: known(KINDS, kind),
    parent: parent === null ? null : known(names, parent),
    bounds,
    partitionKey,
    columns: own.map((column) => columnOf(column, types)),
    keys: (keys.get(id) ?? []).map(({ name, primary, nullsEqual, columns: of }) => ({
      name,
      primary,
      nullsEqual,
      columns: of,
    })),
    checks: (checks.get(id) ?? []).map(({ name, columns: of }) => ({ name, columns: of.length === 0 ? all : of })),
  };
}

function columnOf(row: ColumnRow, types: ReadonlyMap<string, TypeRow>): CatalogColumn {
  const { name, notNull, generated, identity } = row;
  const { type, domainNotNull } = typeOf(row, types);
  return { name, type, notNull: notNull || domainNotNull, generated, identity };
}

/** Goes down through domains and one array to what the values are made of. */
function typeOf(
  { type, modifier, written }: ColumnRow,
  types: ReadonlyMap<string, TypeRow>,
): { readonly type: CatalogType; readonly domainNotNull: boolean } {
  const domainChecks: string[] = [];
  let domainNotNull = false;
  let array = false;
  let at = known(types, type);
  let length = modifier;
  for (;;) {
    if (at.isDomain) {
      domainChecks.push(...at.checks);
      domainNotNull ||= at.notNull && !array;
      if (length === NO_MODIFIER) length = at.modifier;
      at = known(types, at.under);
    } else if (at.isArray) {
      array = true;
      at = known(types, at.element);
    } else break;
  }
  const limited = (at.name === "varchar" || at.name === "bpchar") && length > LENGTH_OFFSET;
  const maxLength = limited ? length - LENGTH_OFFSET : null;
  return { type: { written, base: at.name, array, labels: at.labels, maxLength, domainChecks }, domainNotNull };
}

const NO_MODIFIER = -1;
/** PostgreSQL counts its own header into the length of a text. */
const LENGTH_OFFSET = 4;
