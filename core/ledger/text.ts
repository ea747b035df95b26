import type { Weights } from "../rollout/color";
import type { LedgerEntry } from "./entry";
import type { LedgerVerdict } from "./verify";

/** One line of a list: `   12  2026-01-01T00:00:00.000Z  deployed     web v2 (r2)  100/0 -> 0/100  by ann`. */
export function entryLine({ sequence, at, event, service, release, weights, by, reason }: LedgerEntry): string {
  const { tag, id } = release;
  const named = tag === "" || tag === id ? id : `${tag} (${id})`;
  const { before, after } = weights;
  const moved = before || after ? `  ${weightsText(before)} -> ${weightsText(after)}` : "";
  // A person's comment may have lines of its own.
  const why = reason === null ? "" : `: ${reason.replace(/\s+/g, " ")}`;
  return `${String(sequence).padStart(6)}  ${at}  ${event.padEnd(11)}  ${service} ${named}${moved}  by ${by}${why}`;
}

/** Blue's percent, then green's. */
const weightsText = (weights: Weights | null): string => (weights ? `${weights.blue}/${weights.green}` : "none");

/** What a verifier says, its last line the verdict. */
export function verdictText({ ledger, head, findings, checkpoint }: LedgerVerdict): string {
  const entries = head.count === 1 ? "1 entry" : `${head.count} entries`;
  const known =
    checkpoint === null
      ? "no checkpoint, so a cut end would not be seen"
      : `newest checkpoint of ${checkpoint.at}, ${checkpoint.count} entries`;
  if (findings.length === 0) return `the ledger of ${ledger} verifies: ${entries}; ${known}`;
  const list = findings.map(({ kind, message }) => `${kind}: ${message}`);
  const problems = findings.length === 1 ? "1 problem" : `${findings.length} problems`;
  return [...list, `the ledger of ${ledger} does not verify: ${problems}; ${entries}; ${known}`].join("\n");
}
