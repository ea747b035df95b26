import type { PlannedTable } from "../plan";
import type { FakeTag } from "../tags";

/** A column of the output, with what may be in its bytes. What is left out is the stricter. */
export interface OutputColumn {
  readonly column: string;
  /** Of a column tagged gov.ssn that is masked into numbers that were never issued. @default false */
  readonly reservedSsn?: boolean;
  /** Digits without a separator are numbers of this column's own: keys, accounts, amounts. @default false */
  readonly bareNumbers?: boolean;
  /** Shapes that belong here, as the rules file says with a reason: a public office's phone. Never a number of a person. */
  readonly allowed?: readonly ("phone" | "email")[];
  /** Known names, streets, addresses and codes may not be here. `false` where fakes are made of real words. @default true */
  readonly knownWords?: boolean;
  /** Known numbers of nine digits and more may not be here. `false` where fakes are numbers. @default true */
  readonly knownNumbers?: boolean;
  /** A known given or family name alone may not be here, if it is not a common word: prose that was kept. @default false */
  readonly singleNames?: boolean;
}

export interface OutputTable {
  readonly schema: string;
  readonly table: string;
  /** In the order of the rows. */
  readonly columns: readonly OutputColumn[];
}

/** Tags whose fakes are numbers that may be somebody's by chance. */
const REAL_NUMBERS: readonly FakeTag[] = ["contact.phone", "id.integer"];

/** What somebody has looked at in a kept column, as the rules file says; `ScrubPlan.watched` has it. */
export interface Acknowledged {
  readonly table: { readonly schema: string; readonly table: string };
  readonly column: string;
  readonly acknowledged: readonly string[];
}

/**
 * How the columns of a planned table are scanned. What is acknowledged of a kept column may be there: phones and
 * addresses; of SSNs and cards only runs of digits, as keys and amounts are written, never a spelled number.
 */
export const outputTable = (
  { schema, table, columns }: PlannedTable,
  acknowledged: readonly Acknowledged[] = [],
): OutputTable => ({
  schema,
  table,
  columns: columns.map(({ column, action }) => {
    if (action.kind === "fake") {
      const { tag, ssn = "token" } = action.fake;
      return {
        column,
        reservedSsn: tag === "gov.ssn" && ssn === "reserved",
        bareNumbers: tag === "id.integer",
        knownNumbers: !REAL_NUMBERS.includes(tag),
      };
    }
    const seen = acknowledged
      .filter((each) => each.table.schema === schema && each.table.table === table && each.column === column)
      .flatMap((each) => each.acknowledged);
    const isNumbers = seen.includes("ssn") || seen.includes("card");
    return {
      column,
      ...(action.kind === "text" && action.how === "rewrite" ? { singleNames: true } : {}),
      ...(isNumbers ? { bareNumbers: true, knownNumbers: false } : {}),
      allowed: (["phone", "email"] as const).filter((kind) => seen.includes(kind)),
    };
  }),
});
