import { z } from "zod";
import { anyText, mapOf, mapWith, oneOf } from "../service/field";
import { type Parsed, parseYaml } from "../service/parse";
import { fail, type Problem, problemsOf, type Result, succeed } from "../service/problem";
import type { RelationName } from "./catalog";
import { type ColumnRule, columnRule, owner, reason, wholeK } from "./columnRule";
import { DEFAULT_K } from "./kAnonymity";
import { parseRelationName, relationText } from "./relationName";
import { QUASI_TAGS } from "./tags";

/** What a service says of its database: what each column is, and what is no part of a snapshot. */
export interface ScrubRules {
  /** `fixed`: one key for all snapshots, so that fakes are the same from night to night. */
  readonly epoch: "per-snapshot" | "fixed";
  /** By `relationText`. */
  readonly tables: ReadonlyMap<string, TableRules>;
  /** Tables without their rows, by `relationText`. */
  readonly leftOut: ReadonlyMap<string, LeftOut>;
  /** Present: large objects are no part of a snapshot. */
  readonly largeObjects: Approval | null;
}

export interface TableRules {
  readonly name: RelationName;
  /** Where the file says so. */
  readonly path: readonly string[];
  /** Of a partitioned table: names of its partitions, `*` for any characters. */
  readonly partitions: readonly string[];
  readonly columns: ReadonlyMap<string, ColumnRule>;
  readonly sets: readonly QuasiColumns[];
}

/** Columns that together may single a person out. */
export interface QuasiColumns {
  readonly columns: readonly string[];
  /** Rows at least that have the same values in all of them. */
  readonly k: number;
}

export interface Approval {
  readonly owner: string;
  readonly reason: string;
}

export interface LeftOut extends Approval {
  readonly name: RelationName;
  readonly path: readonly string[];
}

const RELATION = {
  pattern: { test: (name: string) => parseRelationName(name) !== undefined },
  allowed: "schema.table",
  advice: 'write both names as PostgreSQL has them, in double quotes where they have a dot: public."a.b"',
};

const COLUMN = { pattern: /^[^\0]+$/, allowed: "the name of a column", advice: "write it as PostgreSQL has it" };

const names = (advice: string) => z.array(anyText(advice), { error: `a list; ${advice}` });

const set = mapWith({ columns: names("write the names of columns as [first, second]"), k: wholeK.default(DEFAULT_K) });

const table = mapWith({
  owner: owner.exactOptional(),
  partitions: names("write the names of the partitions as [first, second*]").default([]),
  columns: mapOf(COLUMN, columnRule),
  sets: z.array(set, { error: "a list; write `- columns: [first, second]` for each set" }).exactOptional(),
});

const approval = mapWith({ owner: owner.exactOptional(), reason });

const rulesSchema = mapWith({
  owner: owner.exactOptional(),
  epoch: oneOf(["per-snapshot", "fixed"], "leave it out for per-snapshot").default("per-snapshot"),
  tables: mapOf(RELATION, table),
  leftOut: mapOf(RELATION, approval).default({}),
  largeObjects: approval.exactOptional(),
});

type Written = z.output<typeof rulesSchema>;

/** Reads a scrub.yaml. Every problem at once, each beginning with file and line. */
export const parseScrubRules = (text: string, filename: string): Parsed<ScrubRules> =>
  parseYaml(text, filename, (document) => readScrubRules(document.toJS()));

/** Reads what a scrub.yaml holds. */
export function readScrubRules(value: unknown): Result<ScrubRules> {
  const parsed = rulesSchema.safeParse(value);
  if (!parsed.success) return fail(problemsOf(parsed.error, value));
  const written = parsed.data;
  const tables = Object.entries(written.tables).map(([key, rules]) => tableRules(key, rules));
  const problems = [
    ...unowned(written),
    ...twice(written),
    ...tables.flatMap(({ path, columns, sets }) => badSets(path, columns, sets)),
  ];
  if (problems.length > 0) return fail(problems);
  return succeed({
    epoch: written.epoch,
    tables: byName(tables),
    leftOut: byName(
      Object.entries(written.leftOut).map(([key, rule]) => ({
        ...approvalOf(rule, written.owner),
        name: nameOf(key),
        path: ["leftOut", key],
      })),
    ),
    largeObjects: written.largeObjects === undefined ? null : approvalOf(written.largeObjects, written.owner),
  });
}

function tableRules(key: string, written: Written["tables"][string]): TableRules {
  const columns = new Map(Object.entries(written.columns));
  const quasi = [...columns].filter(([, { tag }]) => isQuasi(tag)).map(([name]) => name);
  const sets = written.sets ?? (quasi.length === 0 ? [] : [{ columns: quasi, k: DEFAULT_K }]);
  return { name: nameOf(key), path: ["tables", key], partitions: written.partitions, columns, sets };
}

function nameOf(key: string): RelationName {
  const name = parseRelationName(key);
  if (name === undefined) throw new Error("a table's name that the schema let through cannot be read");
  return name;
}

const byName = <T extends { readonly name: RelationName }>(entries: readonly T[]): ReadonlyMap<string, T> =>
  new Map(entries.map((entry) => [relationText(entry.name), entry]));

const approvalOf = (written: { owner?: string; reason: string }, otherwise: string | undefined): Approval => ({
  owner: written.owner ?? otherwise ?? "",
  reason: written.reason,
});

/** Whatever is kept or left out has an owner: its own, its table's, or the file's. */
function unowned(written: Written): readonly Problem[] {
  if (written.owner !== undefined) return [];
  const problem = (...path: string[]): Problem => ({
    path: [...path, "owner"],
    got: "nothing",
    allowed: "the people who answer for it",
    advice: "name them here, or once for the table or the file",
  });
  const columns = Object.entries(written.tables).flatMap(([key, rules]) =>
    rules.owner !== undefined
      ? []
      : Object.entries(rules.columns).flatMap(([column, rule]) => {
          const path = ["tables", key, "columns", column];
          if (rule.tag === "public") return rule.owner === undefined ? [problem(...path)] : [];
          if (rule.tag !== "json") return [];
          return [...rule.paths]
            .filter(([, inner]) => inner.tag === "public" && inner.owner === undefined)
            .map(([inner]) => problem(...path, "paths", inner));
        }),
  );
  const leftOut = Object.entries(written.leftOut).filter(([, rule]) => rule.owner === undefined);
  const objects = written.largeObjects !== undefined && written.largeObjects.owner === undefined;
  return [
    ...columns,
    ...leftOut.map(([key]) => problem("leftOut", key)),
    ...(objects ? [problem("largeObjects")] : []),
  ];
}

/** One table under two spellings, or with rules and left out as well. */
function twice(written: Written): readonly Problem[] {
  const seen = new Set<string>();
  const entries = (["tables", "leftOut"] as const).flatMap((part) =>
    Object.keys(written[part]).map((key) => ({ path: [part, key], name: relationText(nameOf(key)) })),
  );
  return entries
    .filter(({ name }) => seen.size === seen.add(name).size)
    .map(({ path, name }) => ({
      path,
      got: `${name} a second time`,
      allowed: "each table once, with rules or left out",
      advice: "remove one of the two",
    }));
}

const isQuasi = (tag: string): boolean => QUASI_TAGS.some((quasi) => quasi === tag);

function badSets(
  path: readonly string[],
  columns: ReadonlyMap<string, ColumnRule>,
  sets: readonly QuasiColumns[],
): readonly Problem[] {
  const strangers = sets.flatMap((set, index) =>
    set.columns.flatMap((column, position): readonly Problem[] => {
      const tag = columns.get(column)?.tag;
      if (tag !== undefined && isQuasi(tag)) return [];
      return [
        {
          path: [...path, "sets", index, "columns", position],
          got: tag === undefined ? `${column}, which has no rule` : `${column}, which is tagged ${tag}`,
          allowed: "columns of this table with a tag quasi.*",
          advice: `tag it ${QUASI_TAGS.join(", ")}, or take it out of the set`,
        },
      ];
    }),
  );
  const counted = new Set(sets.flatMap((set) => set.columns));
  const uncounted = [...columns]
    .filter(([name, { tag }]) => isQuasi(tag) && !counted.has(name))
    .map(([name, { tag }]) => ({
      path: [...path, "columns", name],
      got: `the tag ${tag} in no set`,
      allowed: "each column with a tag quasi.* in at least one set",
      advice: "add it to one under sets, or leave sets out: then all of them are one set",
    }));
  return [...strangers, ...uncounted];
}
