import { findingText } from "./finding";
import type { ScanVerdict } from "./verdict";

const SHOWN = 20;

/** The verdict in one sentence, with the first reasons; for errors. */
export function refusalText({ target, verdict, reasons }: ScanVerdict): string {
  const what = { pass: "passed", fail: "fails", stale: "cannot be trusted", error: "could not be made" }[verdict];
  const more = reasons.length > SHOWN ? [`… and ${reasons.length - SHOWN} more`] : [];
  const [only, ...others] = reasons;
  if (others.length === 0) return `the scan of ${target.name} ${what}: ${only ?? verdict}`;
  return [
    `the scan of ${target.name} ${what}:`,
    ...[...reasons.slice(0, SHOWN), ...more].map((one) => `  ${one}`),
  ].join("\n");
}

/** Everything, for a person. */
export function verdictText(result: ScanVerdict): string {
  const { target, components, databases, scanners, findings, waived, unusedWaivers, verdict, reasons } = result;
  const count = components === 1 ? "1 package" : `${components} packages`;
  const by = scanners.map(({ name, version }) => `${name} ${version}`).join(", ");
  const times = databases
    .map(({ scanner, builtAt }) => (databases.length === 1 ? builtAt : `${builtAt} (${scanner})`))
    .join(", ");
  const others = findings.map(findingText).filter((text) => !reasons.some((reason) => reason.startsWith(text)));
  return [
    `${target.name}  ${target.digest ?? target.id}`,
    `${count}; ${by || "no scanner"}; advisories of ${times || "no database"}`,
    ...reasons.map((reason) => `  ✗ ${reason}`),
    ...others.map((text) => `  · ${text}`),
    ...waived.map(
      ({ finding, waiver }) =>
        `  waived: ${findingText(finding)}; ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`,
    ),
    ...unusedWaivers.map(({ id, owner }) => `  unused waiver: ${id} (${owner})`),
    `verdict: ${verdict}${reasons[0] === undefined ? "" : `: ${reasons[0]}`}`,
  ].join("\n");
}
