import type { RelationName } from "./catalog";

/** A name in SQL, whatever stands in it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteRelation = ({ schema, table }: RelationName): string => `${quoteName(schema)}.${quoteName(table)}`;

/** A text in SQL; the same whether or not the server takes backslashes as escapes. */
export const quoteText = (text: string): string =>
  `${text.includes("\\") ? " E" : ""}'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
