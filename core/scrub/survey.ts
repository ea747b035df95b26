import { closest } from "../service/closest";
import type { Problem } from "../service/problem";
import type { Catalog, CatalogColumn, Relation } from "./catalog";
import { fitting } from "./fit";
import { endText } from "./foreignKeyGroups";
import type { End, Pair } from "./foreignKeys";
import { foreignTable, partitionProblems, partitionsOf } from "./partitions";
import { relationText } from "./relationName";
import type { ScrubRules, TableRules } from "./rules";
import type { Tag } from "./tags";

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

/**
 * Puts rules and catalog side by side: everything that only one of the two knows is a problem.
 * @param pairs of columns that foreign keys join
 */
export function survey(rules: ScrubRules, catalog: Catalog, pairs: readonly Pair[]): Survey {
  const joined = joinedEnds(pairs);
  const problems: Problem[] = [...staleTables(rules, catalog), ...unnamedObjects(rules, catalog)];
  const surveyed: Surveyed[] = [];
  for (const relation of catalog.relations) {
    if (relation.parent !== null || rules.leftOut.has(relationText(relation))) continue;
    const own = rules.tables.get(relationText(relation));
    if (relation.kind === "foreign table") problems.push(foreignTable(relation, own?.path));
    else if (own === undefined) problems.push(untaggedTable(relation, joined, rules));
    else {
      const parts = partitionsOf(relation, catalog).filter((part) => !rules.leftOut.has(relationText(part)));
      problems.push(...columnProblems(relation, own, joined, rules), ...partitionProblems(relation, own, parts));
      surveyed.push({ relation, rules: own, parts, leaves: leavesOf(relation, parts) });
    }
  }
  return { surveyed, problems };
}

/** Kinds that have rows of their own, which a snapshot takes; a materialized view is computed anew where it is loaded. */
const hasRows = ({ kind }: Relation): boolean => kind === "table";

const leavesOf = (relation: Relation, parts: readonly Relation[]): readonly Relation[] =>
  [relation, ...parts].filter(hasRows);

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

function untaggedTable(relation: Relation, joined: JoinedEnds, rules: ScrubRules): Problem {
  const columns = relation.columns
    .filter(({ generated }) => !generated)
    .map((column) => {
      const other = otherEnd(relation, column, joined, rules);
      return `${column.name} (${column.type.written}${other === undefined ? "" : `, ${other.tag} by ${other.key}`})`;
    });
  return {
    path: ["tables", relationText(relation)],
    got: `a ${relation.kind} without rules`,
    allowed: "rules for each table and view, or an entry under leftOut",
    advice: `tag its columns ${columns.join(", ")}`,
  };
}

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
      advice: renamed(successor(relationText(name), untold), "the entry"),
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

/** What a thing that is gone may be called now. */
function successor(name: string, untold: readonly string[]): string | undefined {
  const [only, ...more] = untold;
  return closest(name, untold) ?? (more.length === 0 ? only : undefined);
}

const renamed = (now: string | undefined, what: string): string =>
  now === undefined ? `remove ${what}` : `is it ${now} now? then rename ${what}; else remove it`;

function columnProblems(
  relation: Relation,
  rules: TableRules,
  joined: JoinedEnds,
  all: ScrubRules,
): readonly Problem[] {
  const at = (column: string): readonly string[] => [...rules.path, "columns", column];
  const known = new Map(relation.columns.map((column) => [column.name, column]));
  const untagged = relation.columns.filter(({ name, generated }) => !generated && !rules.columns.has(name));
  const gone = [...rules.columns.keys()].filter((name) => !known.has(name));
  const kind = relation.kind === "table" ? "" : ` of a ${relation.kind}`;
  const names = untagged.map(({ name }) => name);
  const now = new Map(gone.map((name) => [name, successor(name, names)]));
  const before = new Map([...now].map(([name, successor]) => [successor, name]));
  return [
    ...untagged.map((column) => {
      const former = before.get(column.name);
      const tag = former === undefined ? undefined : rules.columns.get(former)?.tag;
      return {
        path: at(column.name),
        got: `a column${kind} without a tag, ${column.type.written}`,
        allowed: "a tag for each column",
        advice:
          former === undefined || tag === undefined
            ? tagAdvice(relation, column, joined, all)
            : `was it ${former} before? then tag it ${tag} as that was`,
      };
    }),
    ...gone.map((name) => ({
      path: at(name),
      got: `a column that ${relationText(relation)} does not have`,
      allowed: `its columns: ${[...known.keys()].join(", ")}`,
      advice: renamed(now.get(name), "the rule"),
    })),
    ...[...rules.columns.keys()]
      .filter((name) => known.get(name)?.generated === true)
      .map((name) => ({
        path: at(name),
        got: "a rule for a generated column",
        allowed: "rules for columns that have values of their own",
        advice: "remove it: PostgreSQL computes the column from what the others become",
      })),
  ];
}

function tagAdvice(relation: Relation, column: CatalogColumn, joined: JoinedEnds, rules: ScrubRules): string {
  const other = otherEnd(relation, column, joined, rules);
  if (other === undefined) return `write what its values are: ${fitting(column.type).join(", ")}`;
  return `tag it ${other.tag}: the foreign key ${other.key} joins it with ${other.column}, which is that`;
}

/** For each column that foreign keys join with others: which keys, and which others. */
type JoinedEnds = ReadonlyMap<string, readonly { readonly key: string; readonly other: End }[]>;

function joinedEnds(pairs: readonly Pair[]): JoinedEnds {
  const ends = new Map<string, { readonly key: string; readonly other: End }[]>();
  const add = (end: End, key: string, other: End): void => {
    const list = ends.get(endText(end));
    if (list === undefined) ends.set(endText(end), [{ key, other }]);
    else list.push({ key, other });
  };
  for (const { name, from, to } of pairs) {
    add(from, name, to);
    add(to, name, from);
  }
  return ends;
}

/** What a foreign key says of a column: how the one at its other end is tagged. */
function otherEnd(
  relation: Relation,
  column: CatalogColumn,
  joined: JoinedEnds,
  rules: ScrubRules,
): { readonly key: string; readonly column: string; readonly tag: Tag } | undefined {
  for (const { key, other } of joined.get(endText({ table: relationText(relation), column: column.name })) ?? []) {
    const tag = rules.tables.get(other.table)?.columns.get(other.column)?.tag;
    if (tag !== undefined) return { key, column: `${other.table}.${other.column}`, tag };
  }
  return undefined;
}
