import type { Severity } from "./severity";

/** A known weakness of a package that is in the image. */
export interface Vulnerability {
  readonly kind: "vulnerability";
  /** The name it is best known by: CVE, else GHSA, else its database's own. */
  readonly id: string;
  /** Every name of it, `id` among them. */
  readonly names: readonly string[];
  readonly severity: Severity;
  readonly score: number | null;
  /** `npm/lodash`; for Debian the source package. */
  readonly package: string;
  readonly version: string;
  /** Versions in which it is mended; empty where there is none. */
  readonly fixed: readonly string[];
}

/** Something in the image that looks like a password, key or token. Its value is nowhere here. */
export interface Secret {
  readonly kind: "secret";
  /** The scanner's rule: `github-pat`. */
  readonly id: string;
  /** File of the image, with the layer: `layer 2: etc/app.conf`. */
  readonly where: string;
  readonly line: number;
}

export type Finding = Vulnerability | Secret;

/** The name that a weakness is best known by: CVE, else GHSA, else the first. */
export const bestName = (names: readonly string[]): string =>
  names.find((name) => name.startsWith("CVE-")) ?? names.find((name) => name.startsWith("GHSA-")) ?? names[0] ?? "";

/** `CVE-2021-44906 (critical 9.8) in npm/minimist 1.2.5, mended in 1.2.6` */
export function findingText(finding: Finding): string {
  if (finding.kind === "secret") return `secret (${finding.id}) in ${finding.where}, line ${finding.line}`;
  const { id, severity, score, package: name, version, fixed } = finding;
  const how =
    severity === "unknown" ? "of unknown severity" : `${severity}${score === null ? "" : ` ${score.toFixed(1)}`}`;
  const mended = fixed.length === 0 ? "" : `, mended in ${fixed.join(", ")}`;
  return `${id} (${how}) in ${name} ${version}${mended}`;
}
