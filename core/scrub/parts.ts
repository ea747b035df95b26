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

/** Of 8 KiB each: 16 MiB of a table, about a second of work, so that no thread waits long for the last one. */
export const PAGES_IN_PART = 2048;

/** @param pages of the table, by its size on disk. */
export function partsOf(table: PlannedTable, pages: number, pagesInPart = PAGES_IN_PART): readonly Part[] {
  const count = Math.max(1, Math.ceil(pages / pagesInPart));
  return Array.from({ length: count }, (_, index) => ({
    table,
    number: index + 1,
    fromPage: index * pagesInPart,
    toPage: index === count - 1 ? null : (index + 1) * pagesInPart,
  }));
}

/** The statement that gives a part's rows in the order in which they lie. */
export function copyStatement({ table, fromPage, toPage }: Part): string {
  const list = table.columns.map(({ expression }) => expression).join(", ");
  const from = `ctid >= '(${fromPage},0)'::tid`;
  const range = toPage === null ? from : `${from} AND ctid < '(${toPage},0)'::tid`;
  return `COPY (SELECT ${list} FROM ONLY ${quoteRelation(table)} WHERE ${range}) TO STDOUT`;
}
