import type { Problem } from "../service/problem";
import type { CatalogColumn, Relation } from "./catalog";
import type { ColumnRule } from "./columnRule";
import { fitting, isFake, keeps, misfit, sameType } from "./fit";
import { relationText } from "./relationName";
import type { Surveyed } from "./survey";

/** Where a column and its rule do not go together: its type, and the constraints that its values are under. */
export function columnProblems(surveyed: Surveyed): readonly Problem[] {
  const { relation, rules } = surveyed;
  const isView = surveyed.leaves.length === 0 && relation.kind !== "partitioned table";
  return relation.columns.flatMap((column): readonly Problem[] => {
    const rule = rules.columns.get(column.name);
    if (rule === undefined || column.generated) return [];
    const path = [...rules.path, "columns", column.name];
    const typed = typeProblems(path, column, rule, isView);
    if (typed.length > 0 || isView) return typed;
    return [
      ...dropProblems(path, column, rule),
      ...constraintProblems(path, column, rule, surveyed),
      ...partitionKeyProblems(path, column, rule, surveyed),
    ];
  });
}

type Path = readonly string[];

function typeProblems(path: Path, column: CatalogColumn, rule: ColumnRule, isView: boolean): readonly Problem[] {
  const { type } = column;
  const allowed = misfit(rule.tag, type);
  if (allowed !== undefined) {
    const advice = `correct the tag; this type takes ${fitting(type).join(", ")}`;
    return [
      { path, got: `the tag ${rule.tag} on a column of type ${type.written}`, allowed: `on it ${allowed}`, advice },
    ];
  }
  if (isView || (rule.tag !== "public" && rule.tag !== "quasi.category")) return [];
  if (rule.type !== undefined && sameType(rule.type, column)) return [];
  return [
    {
      path: [...path, "type"],
      got: rule.type === undefined ? "nothing" : `${rule.type} for a column that is ${type.written} now`,
      allowed: "the type of a column whose values are kept",
      advice: `look at what it holds now, then write type: ${type.written}`,
    },
  ];
}

function dropProblems(path: Path, column: CatalogColumn, rule: ColumnRule): readonly Problem[] {
  if (rule.tag !== "drop") return [];
  const { labels } = column.type;
  if (rule.literal === undefined) {
    if (!column.notNull) return [];
    const advice = `write { tag: drop, literal: ${labels?.[0] ?? "…"} } with what every row is to have instead`;
    return [
      { path, got: "drop without a literal on a column that is not null", allowed: "drop with a literal", advice },
    ];
  }
  if (labels === null || column.type.array || labels.includes(rule.literal)) return [];
  const allowed = `one of ${labels.join(", ")}`;
  return [{ path: [...path, "literal"], got: "another text", allowed, advice: "write a label of the enumeration" }];
}

/** Different values stay different. */
const staysUnique = (rule: ColumnRule): boolean => keeps(rule.tag) || isFake(rule.tag);

function constraintProblems(
  path: Path,
  column: CatalogColumn,
  rule: ColumnRule,
  { relation, leaves }: Surveyed,
): readonly Problem[] {
  if (keeps(rule.tag) || !("holds" in rule)) return [];
  const relations: readonly Relation[] = [relation, ...leaves];
  const touching = <T extends { readonly name: string; readonly columns: readonly string[] }>(list: readonly T[]) =>
    list.filter(({ columns }) => columns.includes(column.name));
  const keys = relations.flatMap((each) => touching(each.keys));
  const checks = [
    ...relations.flatMap((each) => touching(each.checks)).map(({ name }) => name),
    ...column.type.domainChecks,
  ];
  const nulls = rule.tag === "drop" && rule.literal === undefined;
  const broken = staysUnique(rule) ? [] : keys.filter(({ nullsEqual }) => !nulls || nullsEqual).map(({ name }) => name);
  const open = [...new Set([...broken, ...checks])].filter((name) => !rule.holds.includes(name));
  const known = new Set([...keys.map(({ name }) => name), ...checks]);
  const keyNames = new Set(broken);
  return [
    ...open.map((name) => ({
      path,
      got: `the tag ${rule.tag} on a column of the ${keyNames.has(name) ? "unique key" : "constraint"} ${name}`,
      allowed: keyNames.has(name) ? "a tag that keeps different values different" : "values that it holds for",
      advice: keyNames.has(name)
        ? `tag it id.*, person.username or public; or write holds: [${name}] if the other columns of the key are unique`
        : `write holds: [${name}] if it holds for every fake of ${rule.tag}; else drop the column`,
    })),
    ...rule.holds.flatMap((name, index): readonly Problem[] =>
      known.has(name)
        ? []
        : [
            {
              path: [...path, "holds", index],
              got: `${name}, a constraint that the column is not under`,
              allowed: known.size === 0 ? "nothing" : `some of ${[...known].join(", ")}`,
              advice: "remove it",
            },
          ],
    ),
  ];
}

/** A row must stay in its partition: it is loaded into it. */
function partitionKeyProblems(
  path: Path,
  column: CatalogColumn,
  rule: ColumnRule,
  { relation, parts }: Surveyed,
): readonly Problem[] {
  if (keeps(rule.tag)) return [];
  const divided = [relation, ...parts].filter(({ partitionKey }) => partitionKey.includes(column.name));
  const bounds = divided.flatMap((whole) => {
    const name = relationText(whole);
    return parts.filter(({ parent }) => parent !== null && relationText(parent) === name).map((part) => part.bounds);
  });
  if (divided.length === 0 || (rule.tag === "quasi.date" && bounds.every(yearsOnly))) return [];
  return [
    {
      path,
      got: `the tag ${rule.tag} on a column that decides the partition of a row`,
      allowed: "public, quasi.category, or quasi.date where each partition begins and ends with a year",
      advice: "keep the column, or leave the table out",
    },
  ];
}

/** `FOR VALUES FROM ('2024-01-01') TO ('2026-01-01')`, and `DEFAULT`; not a hash. */
const yearsOnly = (bounds: string | null): boolean =>
  bounds !== null &&
  /^(DEFAULT$|FOR VALUES (FROM|IN) )/.test(bounds) &&
  [...bounds.matchAll(/'([^']*)'/g)].every(([, value = ""]) => /^\d{4}-01-01( 00:00:00(\+00)?)?$/.test(value));
