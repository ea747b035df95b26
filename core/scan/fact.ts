import type { LedgerFact } from "../ledger/entry";
import { findingText } from "./finding";
import type { ScanVerdict } from "./verdict";

/** What a ledger says of the scan of a service's image. @param image by digest; `null` when it was not pushed */
export function factOfScan(
  place: { readonly service: string; readonly namespace: string; readonly contextHash: string },
  { verdict, reasons, target, databases, scanners, waived, failOn, at }: ScanVerdict,
  image: string | null,
  by: string,
): LedgerFact {
  const { service, namespace, contextHash } = place;
  return {
    event: verdict === "pass" ? "scanned" : "scan-refused",
    ...{ at, by, service, namespace },
    release: { id: contextHash.slice(0, 12), tag: "", image },
    weights: { before: null, after: null },
    gates: [],
    decisions: [
      `${verdict}, failing on ${failOn}: ${target.id}`,
      `by ${scanners.map(({ name, version }) => `${name} ${version}`).join(", ") || "no scanner"}`,
      ...(databases.length === 0 ? ["without advisories"] : []),
      ...databases.map(({ scanner, digest, builtAt }) =>
        scanner === "osv-scanner"
          ? `advisories ${digest} of ${builtAt}`
          : `advisories of ${scanner}: ${digest} of ${builtAt}`,
      ),
      ...waived.map(
        ({ finding, waiver }) =>
          `waived by ${waiver.owner} until ${waiver.expires}: ${findingText(finding)}: ${waiver.reason}`,
      ),
    ],
    reason: reasons.length === 0 ? null : reasons.slice(0, 5).join("; "),
    origin: `scan of ${target.id} at ${at}`,
  };
}
