import type { Finding } from "./finding";

/** The first two are built here when they are needed; the others are used where they are installed. */
export const SCANNERS = ["osv-scanner", "gitleaks", "trivy", "grype"] as const;
export type ScannerName = (typeof SCANNERS)[number];

/** Who is asked where nobody says otherwise. */
export const DEFAULT_SCANNERS: readonly ScannerName[] = ["osv-scanner", "gitleaks"];

const LOOK_FOR: Readonly<Record<Finding["kind"], { readonly what: string; readonly scanners: readonly string[] }>> = {
  vulnerability: { what: "known weaknesses", scanners: ["osv-scanner", "trivy", "grype"] },
  secret: { what: "secrets", scanners: ["gitleaks", "trivy"] },
};

/** Whether several of them look for the same, so that it matters who found what. */
export const overlap = (chosen: readonly string[]): boolean =>
  Object.values(LOOK_FOR).some(({ scanners }) => chosen.filter((name) => scanners.includes(name)).length > 1);

/** What may stand in a choice of scanners, in words. */
export const CHOICE = `a list of ${SCANNERS.join(", ")}, each once, somebody for weaknesses and somebody for secrets`;

/** What is wrong with a choice of scanners, in words; `undefined` for a good one. */
export function choiceProblem(chosen: readonly string[]): string | undefined {
  const stranger = chosen.find((name) => !SCANNERS.some((known) => known === name));
  if (stranger !== undefined) return JSON.stringify(stranger);
  const twice = chosen.find((name, index) => chosen.indexOf(name) !== index);
  if (twice !== undefined) return `${twice} twice`;
  const gap = Object.values(LOOK_FOR).find(({ scanners }) => !chosen.some((name) => scanners.includes(name)));
  return gap === undefined ? undefined : `${chosen.join(", ") || "an empty list"}, and nobody looks for ${gap.what}`;
}
