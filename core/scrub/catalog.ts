/** A table, view or partition by its names as PostgreSQL has them, unquoted. */
export interface RelationName {
  readonly schema: string;
  readonly table: string;
}

/** What PostgreSQL knows of a database's shape; not a value of its rows. Parts of extensions are left out. */
export interface Catalog {
  /** By schema and name, ascending. */
  readonly relations: readonly Relation[];
  /** Each once: those that partitions have from their parent are its own. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly sequences: readonly Sequence[];
  /** How many large objects there are (`pg_largeobject`); no table says what they hold. */
  readonly largeObjects: number;
}

export type RelationKind = "table" | "partitioned table" | "view" | "materialized view" | "foreign table";

export interface Relation extends RelationName {
  readonly kind: RelationKind;
  /** Of a partition: the table that it is directly a part of. */
  readonly parent: RelationName | null;
  /** Of a partition: `FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`. */
  readonly bounds: string | null;
  /** Of a partitioned table: columns that decide which partition a row belongs to. */
  readonly partitionKey: readonly string[];
  /** In their order in the table. */
  readonly columns: readonly CatalogColumn[];
  readonly keys: readonly UniqueKey[];
  readonly checks: readonly Check[];
}

export interface CatalogColumn {
  readonly name: string;
  readonly type: CatalogType;
  /** By itself, by a primary key or by its domain. */
  readonly notNull: boolean;
  /** Computed by PostgreSQL from other columns; cannot be loaded. */
  readonly generated: boolean;
  /** `generated … as identity`. */
  readonly identity: boolean;
}

export interface CatalogType {
  /** As PostgreSQL writes it, with its modifier: `character varying(20)`. */
  readonly written: string;
  /** Under all domains and inside an array: `varchar`, `int8`; with its schema where that is not `pg_catalog`. */
  readonly base: string;
  readonly array: boolean;
  /** Labels of an enumeration. */
  readonly labels: readonly string[] | null;
  /** Characters at most, of `varchar(n)` and `char(n)`. */
  readonly maxLength: number | null;
  /** Names of the check constraints of its domains. */
  readonly domainChecks: readonly string[];
}

/** A primary key, unique constraint or unique index. */
export interface UniqueKey {
  readonly name: string;
  readonly primary: boolean;
  /** Those of expressions and of a partial index's condition too. */
  readonly columns: readonly string[];
  /** Two NULLs are equal (`nulls not distinct`). */
  readonly nullsEqual: boolean;
}

/** A check or exclusion constraint. */
export interface Check {
  readonly name: string;
  /** All of the table's where PostgreSQL does not say which. */
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly name: string;
  readonly from: RelationName;
  readonly to: RelationName;
  /** Pairs of a column of `from` with one of `to`. */
  readonly columns: readonly (readonly [from: string, to: string])[];
}

export interface Sequence {
  readonly schema: string;
  readonly name: string;
  /** Column that takes its values. */
  readonly owner: (RelationName & { readonly column: string }) | null;
}
