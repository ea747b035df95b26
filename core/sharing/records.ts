import { z } from "zod";
import { VERDICTS, type Review } from "./review";

export const RECORD_KINDS = ["shared", "revoked", "opened", "refused", ...VERDICTS] as const;

const instant = z.iso.datetime({ precision: 3 });
const text = z.string().max(4000);

/** What happened at the door of one sandbox. No cookie, token, ticket or query is ever part of it. */
const recordSchema = z.strictObject({
  /** Place in the sandbox's list, from 1. */
  sequence: z.number().int().min(1),
  kind: z.enum(RECORD_KINDS),
  at: instant,
  /** Subject of who did it, or who it was granted by; `null` for somebody who did not sign in. */
  who: text.nullable(),
  /** Whose sandbox it was. */
  owner: text,
  /** Id of the snapshot that it showed. */
  snapshot: text,
  revision: text,
  roles: z.array(text).max(200).readonly().default([]),
  /** Of a refusal. */
  reason: text.exactOptional(),
  /** Of a review. */
  comment: text.exactOptional(),
  /** Of a grant. */
  what: text.exactOptional(),
  /** Refusals of the same person for the same reason that came close together. */
  times: z.number().int().min(1).exactOptional(),
});
export type SharingRecord = Readonly<z.infer<typeof recordSchema>>;
export type NewRecord = Omit<SharingRecord, "sequence">;

const bookSchema = z.strictObject({
  version: z.literal(1),
  /** Of the sandbox that all this is about, which is needed when the sandbox is gone. */
  sandbox: text,
  /** Every record up to this one is in the ledger. */
  ledgered: z.number().int().min(0),
  /** Refusals that were not kept, because there were too many. */
  dropped: z.number().int().min(0),
  records: z.array(recordSchema),
});
export type RecordBook = Readonly<z.infer<typeof bookSchema>>;

export const emptyBook = (sandbox: string): RecordBook => ({
  version: 1,
  sandbox,
  ledgered: 0,
  dropped: 0,
  records: [],
});

/** @throws Error for a text that is no book. */
export function readBook(stored: string): RecordBook {
  return bookSchema.parse(JSON.parse(stored));
}

/** One line a record, so that a person can read it where it lies. */
export function writeBook(book: RecordBook): string {
  const { records, ...rest } = book;
  const head = JSON.stringify(rest).slice(1, -1);
  return `{${head},"records":[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]}\n`;
}

/** A ConfigMap holds a megabyte; a record with the longest comment takes some nine kilobytes. */
const MOST_BYTES = 700_000;
const MOST_RECORDS = 2000;

/** With what happened since, in that order. A record that stands is never changed: the ledger may have it. */
export function withRecords(book: RecordBook, fresh: readonly NewRecord[]): RecordBook {
  return bounded(fresh.reduce(withRecord, book));
}

function withRecord(book: RecordBook, fresh: NewRecord): RecordBook {
  const sequence = Math.max(book.ledgered, book.records.at(-1)?.sequence ?? 0) + 1;
  return { ...book, records: [...book.records, { sequence, ...fresh }] };
}

/** Who is refused may come again as often as they like, and shall not push out what counts: refusals go first, oldest first. */
function bounded(book: RecordBook): RecordBook {
  let { records, dropped } = book;
  while (records.length > MOST_RECORDS || writeBook({ ...book, records }).length > MOST_BYTES) {
    const half = Math.ceil(records.length / 2);
    const old = records.slice(0, half).filter(({ kind }) => kind === "refused");
    if (old.length === 0) break;
    dropped += old.reduce((sum, { sequence, times = 1 }) => sum + (sequence > book.ledgered ? times : 0), 0);
    records = [...records.slice(0, half).filter(({ kind }) => kind !== "refused"), ...records.slice(half)];
  }
  return { ...book, records, dropped };
}

/** What the ledger does not know yet. */
export const owedTo = ({ records, ledgered }: RecordBook): readonly SharingRecord[] =>
  records.filter(({ sequence }) => sequence > ledgered);

export const withLedgered = (book: RecordBook, sequence: number): RecordBook => ({
  ...book,
  ledgered: Math.max(book.ledgered, sequence),
});

/** What reviewers said, oldest first. */
export const reviewsOf = ({ records }: RecordBook): readonly Review[] =>
  records.flatMap(({ kind, who, roles, comment = "", at, revision }) => {
    const verdict = VERDICTS.find((one) => one === kind);
    return verdict && who !== null ? [{ verdict, who, roles, comment, at, revision }] : [];
  });
