import { fail, type Problem, type Result, succeed } from "../service/problem";
import type { Catalog, CatalogColumn, Relation, RelationName } from "./catalog";
import { coarsened } from "./coarsen";
import { columnProblems } from "./columnProblems";
import type { ColumnRule, JsonRule } from "./columnRule";
import { type FakeSpecs, fakeSpecs, isFakeRule } from "./fakeSpecs";
import { foreignKeyProblems, pairsOf } from "./foreignKeys";
import type { FieldAction, JsonAction, PlannedColumn, PlannedTable } from "./plan";
import type { ScrubRules } from "./rules";
import { quoteName, quoteText } from "./sql";
import { survey, type Surveyed } from "./survey";
import { type WatchedColumn, watchedColumns } from "./watched";

/** What a snapshot of a database takes, and what is done to it. */
export interface ScrubPlan {
  /** Each table that has rows, partitions one by one; by schema and name, ascending. */
  readonly tables: readonly PlannedTable[];
  readonly sets: readonly PlannedSet[];
  /** Values that are kept as they are, and so are looked at first. */
  readonly watched: readonly WatchedColumn[];
}

/** Columns of the output that together may single a person out. */
export interface PlannedSet {
  readonly name: RelationName;
  /** Planned tables that its rows are in: itself, or its partitions. */
  readonly tables: readonly RelationName[];
  readonly columns: readonly string[];
  readonly k: number;
}

/**
 * What is done with each column, if there is a rule for every one of them and each rule fits; else everything that does
 * not, in names only. Nothing is read but rules and catalog.
 * @param at when the snapshot is taken: who is older than 89 depends on the year
 */
export function cover(rules: ScrubRules, catalog: Catalog, at: Date): Result<ScrubPlan> {
  const pairs = pairsOf(catalog);
  const { surveyed, problems } = survey(rules, catalog, pairs);
  const all: readonly Problem[] = [
    ...problems,
    ...surveyed.flatMap(columnProblems),
    ...foreignKeyProblems(rules, pairs),
  ];
  if (all.length > 0) return fail(all);
  const specs = fakeSpecs(surveyed, pairs);
  return succeed({
    tables: surveyed
      .flatMap((each) => each.leaves.map((leaf) => plannedTable(each, leaf, specs, at.getUTCFullYear())))
      .sort(byName),
    sets: surveyed.flatMap(plannedSets),
    watched: surveyed.flatMap(watchedColumns),
  });
}

function byName(one: RelationName, other: RelationName): number {
  const [a, b] = one.schema === other.schema ? [one.table, other.table] : [one.schema, other.schema];
  return a < b ? -1 : a > b ? 1 : 0;
}

const nameOf = ({ schema, table }: RelationName): RelationName => ({ schema, table });

const plannedSets = ({ relation, rules, leaves }: Surveyed): readonly PlannedSet[] =>
  leaves.length === 0
    ? []
    : rules.sets.map(({ columns, k }) => ({ name: nameOf(relation), tables: leaves.map(nameOf), columns, k }));

function plannedTable(surveyed: Surveyed, leaf: Relation, specs: FakeSpecs, year: number): PlannedTable {
  const columns = leaf.columns.flatMap((column): readonly PlannedColumn[] => {
    const rule = surveyed.rules.columns.get(column.name);
    if (column.generated) return [];
    // A partition has the columns of its table; one that has not must not pass unseen.
    if (rule === undefined) throw new Error(`a column of the partition ${leaf.table} has no rule: ${column.name}`);
    const expression = expressionOf(column, rule, year);
    return [{ ...nameOf(leaf), column: column.name, expression, action: actionOf(surveyed, column, rule, specs) }];
  });
  return { ...nameOf(leaf), columns };
}

function expressionOf({ name, type }: CatalogColumn, rule: ColumnRule, year: number): string {
  switch (rule.tag) {
    case "drop":
      return `${rule.literal === undefined ? "null" : quoteText(rule.literal)}::${type.written}`;
    case "quasi.date":
    case "quasi.birthdate":
    case "quasi.zip":
    case "quasi.age":
      return coarsened(rule.tag, quoteName(name), type, year);
    default:
      return quoteName(name);
  }
}

function actionOf(surveyed: Surveyed, column: CatalogColumn, rule: ColumnRule, specs: FakeSpecs): FieldAction {
  switch (rule.tag) {
    case "drop":
    case "public":
    case "quasi.date":
    case "quasi.birthdate":
    case "quasi.zip":
    case "quasi.age":
    case "quasi.category":
      return { kind: "keep" };
    case "text.free":
      return { kind: "text", how: rule.how };
    case "json":
      return { kind: "json", rules: new Map([...rule.paths].map(([path, inner]) => [path, jsonAction(inner, specs)])) };
    default:
      return { kind: "fake", fake: specs.ofColumn(surveyed, column, rule) };
  }
}

function jsonAction(rule: JsonRule, specs: FakeSpecs): JsonAction {
  if (isFakeRule(rule)) return { kind: "fake", fake: specs.ofJson(rule) };
  if (rule.tag === "text.free") return { kind: "text", how: rule.how };
  return { kind: rule.tag === "public" ? "keep" : "drop" };
}
