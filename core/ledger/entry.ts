import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";

/** SHA-256 of nothing before: what the first entry of a ledger has for `previous`. */
export const BEGINNING = "0".repeat(64);

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime({ precision: 3 });
const weight = z.number().int().min(0).max(100);
const weights = z.strictObject({ blue: weight, green: weight });
/** Beyond 2^53 a number is rounded when it is read, and two texts would have one hash. */
const exact = z.number().refine((value) => Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER);

/**
 * What may happen to a service. `moving` is written before weights are, at each step of a move; the others when it is
 * known how it ended: `deployed`, `parked`, `rolled-back`, `restored` (put back by a gate, a person or a watcher),
 * `failed` (held before it had any traffic) and `repaired` (the route was put right again). Of a move that waits for its
 * instant: `scheduled`, `delayed` by a freeze, `cancelled` or `expired` without traffic. Of a run of a migration:
 * `migrating` before it begins, `migrated` or `migration-failed` when it has ended. At the door of a sandbox: `shared`,
 * `revoked`, `opened`, `refused`, and what a reviewer said: `approved`, `rejected`. Of an image: `scanned`, and it passed,
 * or `scan-refused`, and it was not pushed.
 */
export const LEDGER_EVENTS = [
  ...(["moving", "deployed", "parked", "rolled-back", "restored", "failed", "repaired"] as const),
  ...(["scheduled", "delayed", "cancelled", "expired"] as const),
  ...(["migrating", "migrated", "migration-failed"] as const),
  ...(["shared", "revoked", "opened", "refused", "approved", "rejected"] as const),
  ...(["scanned", "scan-refused"] as const),
] as const;

/** What happened; who writes it knows nothing of the chain yet. */
export const factSchema = z.strictObject({
  event: z.enum(LEDGER_EVENTS),
  /** ISO 8601, UTC, milliseconds. */
  at: instant,
  /** Who: user, host and process. */
  by: z.string().min(1),
  service: z.string().min(1),
  namespace: z.string().min(1),
  release: z.strictObject({
    id: z.string().min(1),
    tag: z.string(),
    /** By digest; `null` when it was never built. */
    image: z.string().nullable(),
  }),
  /** Percent per color; `null` where there was no route. Of a move that ended: over all its steps. */
  weights: z.strictObject({ before: weights.nullable(), after: weights.nullable() }),
  /** What the gates last said. */
  gates: z.array(
    z.strictObject({
      gate: z.string().min(1),
      value: exact.nullable(),
      samples: exact.nullable(),
      synthetic: exact.optional(),
    }),
  ),
  /** What else was asked before the weights were written, and said something: a freeze that is lifted, for instance. */
  decisions: z.array(z.string()),
  reason: z.string().nullable(),
  /** Where the fact comes from: the marker on the route that it stands for, or the number of the record that has it. */
  origin: z.string().min(1),
});
export type LedgerFact = Readonly<z.infer<typeof factSchema>>;

export const entrySchema = factSchema.extend({
  version: z.literal(1),
  /** Name of the chain: the stack. An entry that is copied to another one says where it came from. */
  ledger: z.string().min(1),
  /** Place in the chain, from 1. */
  sequence: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Hash of the entry before. */
  previous: hash,
  /** The same for the same fact, however often it is noted. */
  id: hash,
});
export type LedgerEntry = Readonly<z.infer<typeof entrySchema>>;

/** The bytes of a value that are hashed and signed. */
export const canonicalBytes = (value: unknown): Buffer => Buffer.from(canonicalJson(value));

export const hashOf = (entry: LedgerEntry): string => sha256(canonicalBytes(entry));

/** Names a fact: all that it says, so that noting it again finds it, and another fact of the same moment does not. */
export const idOf = (ledger: string, fact: LedgerFact): string => sha256(canonicalBytes({ ledger, fact }));

/** Where a chain stands. */
export interface Head {
  /** Entries so far; 0 before the first. */
  readonly count: number;
  /** Hash of the last entry. */
  readonly hash: string;
}

export const EMPTY: Head = { count: 0, hash: BEGINNING };

/** The entry of a fact, as the next one after `head`. @throws ZodError for a fact that is none. */
export function nextEntry(ledger: string, head: Head, fact: LedgerFact): LedgerEntry {
  return entrySchema.parse({
    ...fact,
    version: 1,
    ledger,
    sequence: head.count + 1,
    previous: head.hash,
    id: idOf(ledger, fact),
  });
}
