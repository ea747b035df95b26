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

/**
 * How the columns of a planned table are scanned.
 *
 * @param more for single columns, by name: what is kept there, see `outputOf`.
 */
export const outputTable = (
  { schema, table, columns }: PlannedTable,
  more: Readonly<Record<string, Omit<OutputColumn, "column">>> = {},
): OutputTable => ({
  schema,
  table,
  columns: columns.map(({ column, action }) => {
    const own = more[column] ?? {};
    if (action.kind === "text" && action.how === "rewrite") return { column, singleNames: true, ...own };
    if (action.kind !== "fake") return { column, ...own };
    const { tag, ssn = "token" } = action.fake;
    return {
      column,
      reservedSsn: tag === "gov.ssn" && ssn === "reserved",
      bareNumbers: tag === "id.integer",
      knownNumbers: !REAL_NUMBERS.includes(tag),
      ...own,
    };
  }),
});
