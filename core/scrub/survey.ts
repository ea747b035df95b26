import { closest } from "../service/closest";
import type { Problem } from "../service/problem";
import type { Catalog, CatalogColumn, Relation, RelationName } from "./catalog";
import { fitting } from "./fit";
import { relationText } from "./relationName";
import type { ScrubRules, TableRules } from "./rules";

/** A table or view of the catalog with the rules that it has. */
export interface Surveyed {
  readonly relation: Relation;
  readonly rules: TableRules;
  /** Partitions under it, at any depth. */
  readonly parts: readonly Relation[];
  /** Where its rows are: itself, or partitions under it. None of a view. */
  readonly leaves: readonly Relation[];
}

export interface Survey {
  readonly surveyed: readonly Surveyed[];
  readonly problems: readonly Problem[];
}

/** Puts rules and catalog side by side: everything that only one of the two knows is a problem. */
export function survey(rules: ScrubRules, catalog: Catalog): Survey {
  const problems: Problem[] = [...staleTables(rules, catalog), ...unnamedObjects(rules, catalog)];
  const surveyed: Surveyed[] = [];
  for (const relation of catalog.relations) {
    if (relation.parent !== null || rules.leftOut.has(relationText(relation))) continue;
    const own = rules.tables.get(relationText(relation));
    if (relation.kind === "foreign table") problems.push(foreign(relation, own));
    else if (own === undefined) problems.push(untaggedTable(relation));
    else {
      const parts = partitionsOf(relation, catalog).filter((part) => !rules.leftOut.has(relationText(part)));
      problems.push(...columnProblems(relation, own, catalog, rules), ...partitionProblems(relation, own, parts));
      surveyed.push({ relation, rules: own, parts, leaves: leavesOf(relation, parts) });
    }
  }
  return { surveyed, problems };
}

/** Kinds that have rows of their own, which a snapshot takes; a materialized view is computed anew where it is loaded. */
const hasRows = ({ kind }: Relation): boolean => kind === "table";

const leavesOf = (relation: Relation, parts: readonly Relation[]): readonly Relation[] =>
  [relation, ...parts].filter(hasRows);

/** All partitions under a table, at any depth. */
function partitionsOf(relation: RelationName, { relations }: Catalog): readonly Relation[] {
  const parent = relationText(relation);
  const known = new Set([parent]);
  for (let before = 0; before !== known.size;) {
    before = known.size;
    for (const part of relations)
      if (part.parent !== null && known.has(relationText(part.parent))) known.add(relationText(part));
  }
  return relations.filter((part) => relationText(part) !== parent && known.has(relationText(part)));
}

function unnamedObjects({ largeObjects }: ScrubRules, catalog: Catalog): readonly Problem[] {
  if (catalog.largeObjects === 0 || largeObjects !== null) return [];
  return [
    {
      path: ["largeObjects"],
      got: "nothing, and the database has large objects",
      allowed: "owner and reason for leaving them out",
      advice: "no tag fits what no column holds: write why a sandbox does without them",
    },
  ];
}

const foreign = (relation: Relation, rules: TableRules | undefined): Problem => ({
  path: rules?.path ?? ["leftOut", relationText(relation)],
  got: `${relationText(relation)}, a foreign table`,
  allowed: "tables whose rows are in this database",
  advice: "put it under leftOut with owner and reason: its rows are another database's to give",
});

function untaggedTable(relation: Relation): Problem {
  const columns = relation.columns.filter(({ generated }) => !generated).map(columnText);
  return {
    path: ["tables", relationText(relation)],
    got: `a ${relation.kind} without rules`,
    allowed: "rules for each table and view, or an entry under leftOut",
    advice: `tag its columns ${columns.join(", ")}`,
  };
}

const columnText = ({ name, type }: CatalogColumn): string => `${name} (${type.written})`;

/** Rules for tables that are not there. */
function staleTables(rules: ScrubRules, { relations }: Catalog): readonly Problem[] {
  const known = new Map(relations.map((relation) => [relationText(relation), relation]));
  const untold = [...known.values()]
    .filter(({ parent }) => parent === null)
    .map(relationText)
    .filter((name) => !rules.tables.has(name) && !rules.leftOut.has(name));
  const gone = [...rules.tables.values(), ...rules.leftOut.values()]
    .filter(({ name }) => !known.has(relationText(name)))
    .map(({ name, path }) => ({
      path,
      got: `${relationText(name)}, which the database does not have`,
      allowed: "tables and views of the database",
      advice: renamed(closest(relationText(name), untold), untold, "the entry"),
    }));
  const parts = [...rules.tables.values()].flatMap(({ name, path }): readonly Problem[] => {
    const parent = known.get(relationText(name))?.parent ?? null;
    if (parent === null) return [];
    return [
      {
        path,
        got: `${relationText(name)}, a partition`,
        allowed: "rules for whole tables; a partition has those of its table",
        advice: `write them for ${relationText(parent)}`,
      },
    ];
  });
  return [...gone, ...parts];
}

/** What may have become of a thing that is gone. */
function renamed(near: string | undefined, untold: readonly string[], what: string): string {
  const [only, ...more] = untold;
  const now = near ?? (more.length === 0 ? only : undefined);
  return now === undefined ? `remove ${what}` : `is it ${now} now? then rename ${what}; else remove it`;
}

function columnProblems(
  relation: Relation,
  rules: TableRules,
  catalog: Catalog,
  all: ScrubRules,
): readonly Problem[] {
  const at = (column: string): readonly string[] => [...rules.path, "columns", column];
  const known = new Map(relation.columns.map((column) => [column.name, column]));
  const untagged = relation.columns.filter(({ name, generated }) => !generated && !rules.columns.has(name));
  const gone = [...rules.columns.keys()].filter((name) => !known.has(name));
  const kind = relation.kind === "table" ? "" : ` of a ${relation.kind}`;
  return [
    ...untagged.map((column) => ({
      path: at(column.name),
      got: `a column${kind} without a tag, ${column.type.written}`,
      allowed: "a tag for each column",
      advice: tagAdvice(relation, column, catalog, all),
    })),
    ...gone.map((name) => {
      const names = untagged.map((column) => column.name);
      return {
        path: at(name),
        got: `a column that ${relationText(relation)} does not have`,
        allowed: `its columns: ${[...known.keys()].join(", ")}`,
        advice: renamed(closest(name, names), names, "the rule"),
      };
    }),
    ...[...rules.columns.keys()].filter((name) => known.get(name)?.generated === true).map((name) => ({
      path: at(name),
      got: "a rule for a generated column",
      allowed: "rules for columns that have values of their own",
      advice: "remove it: PostgreSQL computes the column from what the others become",
    })),
  ];
}

/** What to tag a column; the other end of a foreign key tells. */
function tagAdvice(relation: Relation, column: CatalogColumn, catalog: Catalog, rules: ScrubRules): string {
  const here = relationText(relation);
  for (const { name, from, to, columns } of catalog.foreignKeys) {
    for (const [source, target] of columns) {
      const other =
        relationText(from) === here && source === column.name
          ? { table: relationText(to), column: target }
          : relationText(to) === here && target === column.name
            ? { table: relationText(from), column: source }
            : undefined;
      const tag = other && rules.tables.get(other.table)?.columns.get(other.column)?.tag;
      if (other !== undefined && tag !== undefined)
        return `tag it ${tag}: the foreign key ${name} joins it with ${other.table}.${other.column}, which is that`;
    }
  }
  return `write what its values are: ${fitting(column.type).join(", ")}`;
}

function partitionProblems(relation: Relation, rules: TableRules, parts: readonly Relation[]): readonly Problem[] {
  const path = [...rules.path, "partitions"];
  const patterns = rules.partitions.map((text) => ({ text, pattern: globPattern(text) }));
  if (relation.kind !== "partitioned table") {
    if (patterns.length === 0) return [];
    const allowed = "partitions of a partitioned table alone";
    return [{ path, got: `partitions of a ${relation.kind}`, allowed, advice: "remove the key" }];
  }
  const allowed = "the names of all its partitions, * for any characters";
  return [
    ...parts
      .filter(({ table }) => !patterns.some(({ pattern }) => pattern.test(table)))
      .map((part) => ({
        path,
        got: `no entry for the partition ${relationText(part)}`,
        allowed,
        advice: `add ${part.table}, or a pattern that partitions to come fit too`,
      })),
    ...parts
      .filter(({ kind }) => kind === "foreign table")
      .map((part) => foreign(part, undefined)),
    ...patterns.flatMap(({ text, pattern }, index): readonly Problem[] =>
      parts.some(({ table }) => pattern.test(table))
        ? []
        : [{ path: [...path, index], got: `${text}, which no partition is called`, allowed, advice: "remove it" }],
    ),
  ];
}

const globPattern = (text: string): RegExp =>
  new RegExp(`^${text.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")).join(".*")}$`, "s");
