import type { Problem } from "../service/problem";
import type { Catalog, Relation, RelationName } from "./catalog";
import { relationText } from "./relationName";
import type { TableRules } from "./rules";

/** All partitions under a table, at any depth. */
export function partitionsOf(relation: RelationName, { relations }: Catalog): readonly Relation[] {
  const parts = relations.filter(({ parent }) => parent !== null);
  const known = new Set([relationText(relation)]);
  for (let before = 0; before !== known.size;) {
    before = known.size;
    for (const part of parts)
      if (part.parent !== null && known.has(relationText(part.parent))) known.add(relationText(part));
  }
  return parts.filter((part) => known.has(relationText(part)));
}

/** @param path where the rules speak of it, if they do */
export const foreignTable = (
  relation: RelationName,
  path: readonly string[] = ["leftOut", relationText(relation)],
): Problem => ({
  path,
  got: `${relationText(relation)}, a foreign table`,
  allowed: "tables whose rows are in this database",
  advice: "put it under leftOut with owner and reason: its rows are another database's to give",
});

/** Each partition is named, so that a new one is seen; none is named that is not there. */
export function partitionProblems(
  relation: Relation,
  rules: TableRules,
  parts: readonly Relation[],
): readonly Problem[] {
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
    ...parts.filter(({ kind }) => kind === "foreign table").map((part) => foreignTable(part)),
    ...patterns.flatMap(({ text, pattern }, index): readonly Problem[] =>
      parts.some(({ table }) => pattern.test(table))
        ? []
        : [{ path: [...path, index], got: `${text}, which no partition is called`, allowed, advice: "remove it" }],
    ),
  ];
}

const globPattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );
