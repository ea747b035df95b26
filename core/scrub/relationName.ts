import type { RelationName } from "./catalog";

const PART = String.raw`([^."\s][^."]*|"(?:[^"]|"")+")`;
const NAME = new RegExp(String.raw`^${PART}\.${PART}$`);

/**
 * Reads `schema.table`, names as PostgreSQL has them: no letter is made small. A name with a dot or a quote in it stands in
 * double quotes, as in SQL.
 */
export function parseRelationName(text: string): RelationName | undefined {
  const [, schema, table] = NAME.exec(text) ?? [];
  return schema === undefined || table === undefined ? undefined : { schema: unquote(schema), table: unquote(table) };
}

const unquote = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

/** As `parseRelationName` reads it; equal for equal names. */
export const relationText = ({ schema, table }: RelationName): string => `${partText(schema)}.${partText(table)}`;

const partText = (name: string): string => (/^[^."\s][^."]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
