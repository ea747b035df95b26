import { quoteRelation } from "./sql";
import type { PlannedTable } from "./plan";

/**
 * A run of pages of one table. Where parts begin follows from the page number alone, so that one source gives the same
 * parts to however many workers.
 */
export interface Part {
  readonly table: PlannedTable;
  /** From 1, within the table. */
  readonly number: number;
  readonly fromPage: number;
  /** First page that is not in it; `null`: the end, wherever that is by now. */
  readonly toPage: number | null;
}

/** Of 8 KiB each: 64 MiB of a table, some seconds of work. */
export const PAGES_IN_PART = 8192;

/** @param pages of the table, by its size on disk. */
export function partsOf(table: PlannedTable, pages: number): readonly Part[] {
  const count = Math.max(1, Math.ceil(pages / PAGES_IN_PART));
  return Array.from({ length: count }, (_, index) => ({
    table,
    number: index + 1,
    fromPage: index * PAGES_IN_PART,
    toPage: index === count - 1 ? null : (index + 1) * PAGES_IN_PART,
  }));
}

/** The statement that gives a part's rows in the order in which they lie. */
export function copyStatement({ table, fromPage, toPage }: Part): string {
  const list = table.columns.map(({ expression }) => expression).join(", ");
  const from = `ctid >= '(${fromPage},0)'::tid`;
  const range = toPage === null ? from : `${from} AND ctid < '(${toPage},0)'::tid`;
  return `COPY (SELECT ${list} FROM ONLY ${quoteRelation(table)} WHERE ${range}) TO STDOUT`;
}
