import { z } from "zod";
import { sha256 } from "../sha256";
import { canonicalBytes, type Head } from "./entry";

/** ConfigMap in the stack's namespace that keeps the ledger's newest checkpoint. */
export const WITNESS = "hms-ledger";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * Where a ledger stood at a moment. Signed and kept in another place than the entries, it is what tells a ledger whose
 * end was cut off from one that is whole: each hash in a shortened chain is still right.
 */
export const checkpointSchema = z.strictObject({
  version: z.literal(1),
  ledger: z.string().min(1),
  count: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Hash of the entry with that number. */
  head: hash,
  /** ISO 8601, UTC, milliseconds. */
  at: z.iso.datetime({ precision: 3 }),
  /** Hash of the checkpoint before; `null` for the first. */
  previous: hash.nullable(),
});
export type Checkpoint = Readonly<z.infer<typeof checkpointSchema>>;

/** @param before the newest checkpoint there is. */
export const nextCheckpoint = (ledger: string, head: Head, before: Checkpoint | null, at: Date): Checkpoint => ({
  version: 1,
  ledger,
  count: head.count,
  head: head.hash,
  at: at.toISOString(),
  previous: before && hashOfCheckpoint(before),
});

export const hashOfCheckpoint = (checkpoint: Checkpoint): string => sha256(canonicalBytes(checkpoint));
