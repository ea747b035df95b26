import type { DatabaseFacts, DatabaseState } from "./database";
import { findingText, type Finding, type Secret, type Vulnerability } from "./finding";
import type { FailOn } from "./failOn";
import { stops } from "./severity";
import { weigh, type Waived, type Waiver } from "./waiver";

/** Only `pass` goes on. `stale`: the database is too old to say so. `error`: it cannot be known. */
export type Verdict = "pass" | "fail" | "stale" | "error";

/** What was scanned. */
export interface ScanTarget {
  /** As it was asked for. */
  readonly name: string;
  /** `sha256:…` of its configuration, which names its layers: what the Docker Engine calls its id. */
  readonly id: string;
  /** `sha256:…` of its manifest in a registry; `null` before it is in one. */
  readonly digest: string | null;
}

/** What one scanner said. */
export interface Scanned {
  readonly scanner: { readonly name: string; readonly version: string };
  readonly findings: readonly (Vulnerability | Secret)[];
  /** What kept it from saying all: each is an error. */
  readonly problems: readonly string[];
}

export interface ScanEvidence {
  readonly target: ScanTarget;
  /** Packages in the bill of materials. */
  readonly components: number;
  /** Fewer than this is no bill of materials but a failure to read the image. */
  readonly leastComponents: number;
  readonly database: DatabaseState;
  /** What could not be read of the image, and the like. */
  readonly problems: readonly string[];
  readonly scanned: readonly Scanned[];
  readonly waivers: readonly Waiver[];
  readonly failOn: FailOn;
  readonly now: Date;
}

export interface ScanVerdict {
  readonly verdict: Verdict;
  /** Why it is not `pass`, worst first; empty for `pass`. */
  readonly reasons: readonly string[];
  readonly target: ScanTarget;
  readonly components: number;
  readonly failOn: FailOn;
  readonly scanners: readonly { readonly name: string; readonly version: string }[];
  readonly database: DatabaseFacts | null;
  /** Everything that was found and that nobody answers for, also what is not bad enough to fail. */
  readonly findings: readonly Finding[];
  readonly waived: readonly Waived[];
  readonly unusedWaivers: readonly Waiver[];
  /** ISO 8601. */
  readonly at: string;
}

/**
 * The verdict of a scan, from what was found and not from how scanners ended. An error outweighs everything, and a finding
 * outweighs the age of the database that knew it.
 */
export function judgeScan(evidence: ScanEvidence): ScanVerdict {
  const { target, components, leastComponents, database, scanned, waivers, failOn, now } = evidence;
  const all = scanned.flatMap(({ findings }) => findings);
  const names = [target.id, ...(target.digest === null ? [] : [target.digest])];
  const { open, waived, expired, unused } = weigh(all, waivers, names, now);
  const errors = [
    ...(database.state === "error" ? [database.why] : []),
    ...evidence.problems,
    ...(components < leastComponents ? [tooFew(components, leastComponents)] : []),
    ...(scanned.length === 0 ? ["no scanner looked at the image"] : []),
    ...scanned.flatMap(({ scanner, problems }) => problems.map((problem) => `${scanner.name}: ${problem}`)),
  ];
  const bad = open
    .filter((finding) => finding.kind === "secret" || stops(finding.severity, failOn))
    .sort((a, b) => badness(b) - badness(a));
  const failures = bad.map((finding) => {
    const late = expired.find((one) => one.finding === finding)?.waiver;
    return `${findingText(finding)}${late === undefined ? "" : `; the waiver of ${late.owner} expired on ${late.expires}`}`;
  });
  const stale = database.state === "stale" ? [database.why] : [];
  const verdict = errors.length > 0 ? "error" : failures.length > 0 ? "fail" : stale.length > 0 ? "stale" : "pass";
  return {
    verdict,
    reasons: [...errors, ...failures, ...stale],
    target,
    components,
    failOn,
    scanners: scanned.map(({ scanner }) => scanner),
    database: database.facts,
    findings: open,
    waived,
    unusedWaivers: unused,
    at: now.toISOString(),
  };
}

/** A secret cannot be weighed by a score: whoever has the image has it. */
const badness = (finding: Finding): number =>
  finding.kind === "secret" ? 11 : finding.severity === "unknown" ? 10.5 : (finding.score ?? 0);

const tooFew = (found: number, least: number): string =>
  `${found === 1 ? "1 package was" : `${found} packages were`} found in the image, and ${least} is the least: what it is made of could not be read`;
