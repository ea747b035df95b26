import type { RelationName } from "./catalog";
import { isNumber } from "./fit";
import type { PlannedTable } from "./plan";
import { relationText } from "./relationName";
import { type OutputColumn, type OutputTable, outputTable } from "./scan/columns";
import type { SuspicionKind } from "./suspicion";
import type { Surveyed } from "./survey";

export interface WatchedColumn {
  /** Planned table. */
  readonly table: RelationName;
  readonly column: string;
  /** Of a JSON document: the path that is kept, among all paths of its rules; `null` for a whole column. */
  readonly json: { readonly path: string; readonly paths: readonly string[] } | null;
  /** Its type is a number: digits in it are amounts and counts. */
  readonly isNumber: boolean;
  /** Findings that somebody has looked at. */
  readonly acknowledged: readonly SuspicionKind[];
  /** Where the rules say that it is kept. */
  readonly path: readonly string[];
}

/** What rules keep of a table, in each of the tables that its rows are in. */
export function watchedColumns({ relation, rules, leaves }: Surveyed): readonly WatchedColumn[] {
  const kept = relation.columns.flatMap(({ name, type }): readonly Omit<WatchedColumn, "table">[] => {
    const rule = rules.columns.get(name);
    const path = [...rules.path, "columns", name];
    if (rule?.tag === "public" || rule?.tag === "quasi.category")
      return [{ column: name, json: null, isNumber: isNumber(type), acknowledged: rule.acknowledged, path }];
    if (rule?.tag !== "json") return [];
    return [...rule.paths].flatMap(([jsonPath, inner]) =>
      inner.tag === "public"
        ? [
            {
              column: name,
              json: { path: jsonPath, paths: [...rule.paths.keys()] },
              isNumber: false,
              acknowledged: inner.acknowledged,
              path: [...path, "paths", jsonPath],
            },
          ]
        : [],
    );
  });
  return leaves.flatMap((leaf) =>
    kept.map((column) => ({ table: { schema: leaf.schema, table: leaf.table }, ...column })),
  );
}

/**
 * How the output of a table is scanned, by what is kept of it: amounts are no numbers of people, and what somebody has
 * acknowledged is not found again.
 */
export function outputOf(table: PlannedTable, watched: readonly WatchedColumn[]): OutputTable {
  const name = relationText(table);
  const more: Record<string, Omit<OutputColumn, "column">> = {};
  for (const each of watched) {
    if (relationText(each.table) !== name) continue;
    const before = more[each.column];
    const allowed = [...(before?.allowed ?? []), ...PUBLIC_SHAPES.filter((kind) => each.acknowledged.includes(kind))];
    const bare = before?.bareNumbers === true || each.isNumber || each.acknowledged.some((kind) => NUMBERS.has(kind));
    more[each.column] = { allowed, bareNumbers: bare, knownNumbers: !each.isNumber };
  }
  return outputTable(table, more);
}

const PUBLIC_SHAPES = ["phone", "email"] as const;
const NUMBERS: ReadonlySet<SuspicionKind> = new Set(["ssn", "card", "phone"]);
