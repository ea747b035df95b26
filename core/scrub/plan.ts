import type { FakeTag } from "./tags";

/** A column, by names as PostgreSQL has them, unquoted. */
export interface ColumnName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** How a fake has to look beside its tag. */
export interface FakeSpec {
  readonly tag: FakeTag;
  /** Part of a unique key: different values must have different fakes. */
  readonly unique: boolean;
  /** Characters that the column takes at most; `null` for no limit. */
  readonly maxLength: number | null;
  /** Of integers: the values that the column takes. */
  readonly range?: readonly [min: bigint, max: bigint];
  /** Of gov.ssn: letters that no scanner takes for a number, or numbers that were never issued. @default "token" */
  readonly ssn?: "token" | "reserved";
}

/** What happens to a scalar of a JSON document. A path that no rule names is dropped, keys and tree stay. */
export type JsonAction =
  | { readonly kind: "keep" }
  | { readonly kind: "drop" }
  | { readonly kind: "fake"; readonly fake: FakeSpec }
  | { readonly kind: "text"; readonly how: TextHow };

/** `replace`: filler of the same length. `rewrite`: kept where nothing in it is known or looks personal, else replaced. */
export type TextHow = "replace" | "rewrite";

/** The same, as a string that is quick to compare: one that came from another thread is a string of its own. */
export const ownHow = (how: TextHow): TextHow => (how === "replace" ? "replace" : "rewrite");

/** The same for an action, see `ownHow`. */
export function ownAction(action: JsonAction): JsonAction {
  switch (action.kind) {
    case "keep":
      return { kind: "keep" };
    case "drop":
      return { kind: "drop" };
    case "fake":
      return { kind: "fake", fake: action.fake };
    case "text":
      return { kind: "text", how: ownHow(action.how) };
  }
}

/** Path of a scalar, keys joined by dots, `*` for each element of a list: `members.*.name`. */
export type JsonRules = ReadonlyMap<string, JsonAction>;

/** What the stream does with one field of a row. Dropped and coarsened columns come out of the SELECT as they are to be. */
export type FieldAction =
  | { readonly kind: "keep" }
  | { readonly kind: "fake"; readonly fake: FakeSpec }
  | { readonly kind: "text"; readonly how: TextHow }
  | { readonly kind: "json"; readonly rules: JsonRules };

export interface PlannedColumn extends ColumnName {
  /** SQL expression of the SELECT list, quoted. */
  readonly expression: string;
  readonly action: FieldAction;
}

/** One table (or partition) of a snapshot; columns in the order of the SELECT list. */
export interface PlannedTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly PlannedColumn[];
}
