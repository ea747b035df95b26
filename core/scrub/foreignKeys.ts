import type { Problem } from "../service/problem";
import type { Catalog, RelationName } from "./catalog";
import type { ColumnRule } from "./columnRule";
import { isFake, keeps } from "./fit";
import { relationText } from "./relationName";
import type { ScrubRules } from "./rules";

/** One of two columns that a foreign key joins, under the name that has the rules: a partition's are its table's. */
export interface End {
  readonly table: string;
  readonly column: string;
}

export interface Pair {
  readonly name: string;
  readonly from: End;
  readonly to: End;
}

/** Every pair of columns that a foreign key joins. */
export function pairsOf(catalog: Catalog): readonly Pair[] {
  const parents = new Map(
    catalog.relations.map((relation) => [relationText(relation), relation.parent && relationText(relation.parent)]),
  );
  const root = (name: RelationName): string => {
    let at = relationText(name);
    for (let parent = parents.get(at); parent; parent = parents.get(at)) at = parent;
    return at;
  };
  return catalog.foreignKeys.flatMap(({ name, from, to, columns }) =>
    columns.map(([source, target]) => ({
      name,
      from: { table: root(from), column: source },
      to: { table: root(to), column: target },
    })),
  );
}

/** Where the two ends of a foreign key would not meet any more. An end without a tag is another's problem. */
export function foreignKeyProblems(rules: ScrubRules, pairs: readonly Pair[]): readonly Problem[] {
  return pairs.flatMap(({ name, from, to }): readonly Problem[] => {
    const table = rules.tables.get(from.table);
    const rule = table?.columns.get(from.column);
    if (table === undefined || rule === undefined || isNulled(rule)) return [];
    const problem = (got: string, allowed: string, advice: string): readonly Problem[] => [
      { path: [...table.path, "columns", from.column], got, allowed, advice },
    ];
    if (rules.leftOut.has(to.table)) {
      const got = `the tag ${rule.tag} on a column that the foreign key ${name} joins with ${to.table}, which is left out`;
      return problem(got, "drop, or rules for that table", "a row cannot name one that is not there");
    }
    const other = rules.tables.get(to.table)?.columns.get(to.column);
    if (other === undefined || meet(rule, other)) return [];
    const got = `the tag ${tagText(rule)}, and ${tagText(other)} for ${to.table}.${to.column} at the other end of ${name}`;
    const allowed = "equal tags at both ends of a foreign key, each a fake or kept";
    return problem(got, allowed, "correct one of the two; a column that may be null can be dropped");
  });
}

const isNulled = (rule: ColumnRule): boolean => rule.tag === "drop" && rule.literal === undefined;

function meet(one: ColumnRule, other: ColumnRule): boolean {
  if (keeps(one.tag)) return keeps(other.tag);
  return isFake(one.tag) && tagText(one) === tagText(other);
}

const tagText = (rule: ColumnRule): string =>
  rule.tag === "gov.ssn" && rule.form === "reserved" ? "gov.ssn (reserved)" : rule.tag;
