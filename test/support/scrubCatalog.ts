import type { Catalog, CatalogColumn, CatalogType, ForeignKey, Relation } from "../../core/scrub/catalog";
import { parseRelationName } from "../../core/scrub/relationName";

/** A type as PostgreSQL writes it, for tests without a server: `varchar(20)`, `int8`, `text[]`. */
export function typeNamed(written: string, more: Partial<CatalogType> = {}): CatalogType {
  const [, base = written, length] = /^([a-z0-9]+)(?:\((\d+)\))?/.exec(written) ?? [];
  const maxLength = length !== undefined && (base === "varchar" || base === "bpchar") ? Number(length) : null;
  return { written, base, array: written.endsWith("[]"), labels: null, maxLength, domainChecks: [], ...more };
}

export const columnNamed = (
  name: string,
  type: string | CatalogType,
  more: Partial<CatalogColumn> = {},
): CatalogColumn => ({
  name,
  type: typeof type === "string" ? typeNamed(type) : type,
  notNull: false,
  generated: false,
  identity: false,
  ...more,
});

export function nameOf(text: string): { readonly schema: string; readonly table: string } {
  const name = parseRelationName(text);
  if (name === undefined) throw new Error(`no name of a table: ${text}`);
  return name;
}

/** @param columns types by name, or whole columns */
export const relationNamed = (
  name: string,
  columns: Readonly<Record<string, string>> | readonly CatalogColumn[],
  more: Partial<Relation> = {},
): Relation => ({
  ...nameOf(name),
  kind: "table",
  parent: null,
  bounds: null,
  partitionKey: [],
  columns: isList(columns) ? columns : Object.entries(columns).map(([column, type]) => columnNamed(column, type)),
  keys: [],
  checks: [],
  ...more,
});

const isList = (columns: object): columns is readonly CatalogColumn[] => Array.isArray(columns);

export const keyOf = (columns: readonly string[], more: { name?: string; nullsEqual?: boolean } = {}) => ({
  name: "key",
  primary: false,
  nullsEqual: false,
  ...more,
  columns,
});

/** `public.notes.person -> public.people.id` */
export function foreignKeyFrom(text: string, name = "fk"): ForeignKey {
  const [, from = "", source = "", to = "", target = ""] = /^(.+)\.(\w+) -> (.+)\.(\w+)$/.exec(text) ?? [];
  return { name, from: nameOf(from), to: nameOf(to), columns: [[source, target]] };
}

export const catalogOf = (relations: readonly Relation[], more: Partial<Catalog> = {}): Catalog => ({
  relations,
  foreignKeys: [],
  sequences: [],
  largeObjects: 0,
  ...more,
});
