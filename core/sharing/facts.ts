import type { LedgerFact } from "../ledger/entry";
import type { RecordBook, SharingRecord } from "./records";

/** Chain of the ledger that holds what happened at the doors of all sandboxes. No stack has this name. */
export const SANDBOX_LEDGER = "sandboxes";

/** What the ledger says of a record; the same however often it is asked, so that telling it twice adds nothing. */
export function factOfRecord({ sandbox }: RecordBook, record: SharingRecord): LedgerFact {
  const { kind, at, who, owner, snapshot, revision, roles, reason, comment, what, times, sequence } = record;
  return {
    event: kind,
    at,
    by: who ?? "nobody who signed in",
    service: sandbox,
    namespace: sandbox,
    // What was looked at, or would have been.
    release: { id: revision, tag: "", image: null },
    weights: { before: null, after: null },
    gates: [],
    decisions: [
      `snapshot ${snapshot}`,
      `owner ${owner}`,
      ...(roles.length === 0 ? [] : [`as ${roles.join(", ")}`]),
      ...(what === undefined ? [] : [what]),
      ...(times === undefined ? [] : [`${times} times`]),
    ],
    reason: comment ?? reason ?? null,
    origin: `${sandbox} record ${sequence}`,
  };
}
