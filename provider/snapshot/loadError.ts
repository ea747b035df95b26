import { DatabaseError } from "pg";
import { ScrubError, type ScrubNames, withoutValues } from "../../core/scrub/errors";

/**
 * What the server refused while a snapshot was loaded: which SQLSTATE, table and constraint, and the line of the file;
 * never its message or detail, which quote rows.
 */
export function loadError(thrown: unknown, names: ScrubNames, script?: string): ScrubError {
  const bare = withoutValues(thrown, "load-failed", names);
  if (!(thrown instanceof DatabaseError)) return bare;
  const { schema, table, column, constraint, position, where } = thrown;
  const place = Object.entries({ schema, table, column, key: constraint }).filter(([, name]) => name !== undefined);
  const [, row] = /^COPY .*, line (\d+)/.exec(where ?? "") ?? [];
  const line = script === undefined || position === undefined ? undefined : lineAt(script, Number(position));
  return new ScrubError(
    bare.code,
    { ...bare.names, ...Object.fromEntries(place) },
    { ...(row === undefined ? {} : { row: Number(row) }), ...(line === undefined ? {} : { line }) },
  );
}

/** @param position in characters, from 1. */
const lineAt = (script: string, position: number): number => script.slice(0, position - 1).split("\n").length;
