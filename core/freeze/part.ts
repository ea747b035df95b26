import { parseDocument } from "yaml";
import type { z } from "zod";
import { describeValue, problemsOf, problemText } from "../service/problem";

/** One of the texts of a store, read; with a problem its value is not to be relied on. */
export interface Part<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

export type ReadMap<T> =
  | { readonly kind: "map"; readonly value: T }
  /** A sentence, not meant to have a structure. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "broken"; readonly problems: readonly string[] };

/** Too long to be an honest flag or calendar; reading it would only cost. */
const LONGEST = 256 * 1024;

/** Reads YAML (JSON is YAML) that is to be a map of the schema's. */
export function readMap<T>(text: string, schema: z.ZodType<T>): ReadMap<T> {
  if (text.length > LONGEST) return { kind: "broken", problems: [`it is longer than ${LONGEST / 1024} KiB`] };
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  const [error] = document.errors;
  if (error) return { kind: "broken", problems: [`not valid YAML: ${error.message.trim()}`] };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (thrown) {
    return {
      kind: "broken",
      problems: [`not valid YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`],
    };
  }
  if (typeof value === "string") return { kind: "text", text: value.trim() };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { kind: "broken", problems: [`got ${describeValue(value)}; allowed is a map; write it with keys`] };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: "map", value: parsed.data };
  return { kind: "broken", problems: problemsOf(parsed.error, value).map(problemText) };
}
