import type { Consulted, DatabaseFacts } from "./database";
import { findingText, type Finding } from "./finding";
import type { FailOn } from "./failOn";
import { mergeFindings, type Found } from "./merge";
import { overlap } from "./scanners";
import { stops, weightOf } from "./severity";
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
  readonly findings: readonly Finding[];
  /** What kept it from saying all: each is an error. */
  readonly problems: readonly string[];
}

export interface ScanEvidence {
  readonly target: ScanTarget;
  /** Packages in the bill of materials. */
  readonly components: number;
  /** Fewer than this is no bill of materials but a failure to read the image. */
  readonly leastComponents: number;
  /** What was asked about weaknesses, by the scanner that asked it. */
  readonly databases: readonly { readonly scanner: string; readonly database: Consulted }[];
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
  /** Of the databases that were asked the oldest; `null` where there was none. */
  readonly database: DatabaseFacts | null;
  /** Each of them that could be read. */
  readonly databases: readonly (DatabaseFacts & { readonly scanner: string })[];
  /** Everything that was found and that nobody answers for, also what is not bad enough to fail; with who found it. */
  readonly findings: readonly Found[];
  readonly waived: readonly Waived<Found>[];
  readonly unusedWaivers: readonly Waiver[];
  /** ISO 8601. */
  readonly at: string;
}

/**
 * The verdict of a scan, from what was found and not from how scanners ended. An error outweighs everything, and a finding
 * outweighs the age of the database that knew it: of several scanners the one with the worst to say decides.
 */
export function judgeScan(evidence: ScanEvidence): ScanVerdict {
  const { target, components, leastComponents, databases, scanned, waivers, failOn, now } = evidence;
  const all = mergeFindings(scanned);
  const names = [target.id, ...(target.digest === null ? [] : [target.digest])];
  const { open, waived, expired, unused } = weigh(all, waivers, names, now);
  const errors = [
    ...databases.flatMap(({ database }) => (database.state === "error" ? [database.why] : [])),
    ...evidence.problems,
    ...(components < leastComponents ? [tooFew(components, leastComponents)] : []),
    ...(scanned.length === 0 ? ["no scanner looked at the image"] : []),
    ...scanned.flatMap(({ scanner, problems }) => problems.map((problem) => `${scanner.name}: ${problem}`)),
  ];
  const bad = open
    .filter((finding) => finding.kind === "secret" || stops(finding.severity, failOn))
    .sort((a, b) => badness(b) - badness(a));
  const several = overlap(scanned.map(({ scanner }) => scanner.name));
  const failures = bad.map((finding) => {
    const late = expired.find((one) => one.finding === finding)?.waiver;
    const who = several ? `; found by ${finding.by.join(", ")}` : "";
    return `${findingText(finding)}${who}${late === undefined ? "" : `; the waiver of ${late.owner} expired on ${late.expires}`}`;
  });
  const stale = databases.flatMap(({ database }) => (database.state === "stale" ? [database.why] : []));
  const facts = databases.flatMap(({ scanner, database }) =>
    database.facts === null ? [] : [{ scanner, ...database.facts }],
  );
  const verdict = errors.length > 0 ? "error" : failures.length > 0 ? "fail" : stale.length > 0 ? "stale" : "pass";
  return {
    verdict,
    reasons: [...errors, ...failures, ...stale],
    target,
    components,
    failOn,
    scanners: scanned.map(({ scanner }) => scanner),
    database: oldest(facts),
    databases: facts,
    findings: open,
    waived,
    unusedWaivers: unused,
    at: now.toISOString(),
  };
}

/** A secret cannot be weighed by a score: whoever has the image has it. */
const badness = (finding: Finding): number => (finding.kind === "secret" ? 11 : weightOf(finding));

function oldest(facts: readonly (DatabaseFacts & { readonly scanner: string })[]): DatabaseFacts | null {
  const [first] = [...facts].sort((a, b) => (a.builtAt < b.builtAt ? -1 : 1));
  return first === undefined ? null : { digest: first.digest, builtAt: first.builtAt };
}

const tooFew = (found: number, least: number): string =>
  `${found === 1 ? "1 package was" : `${found} packages were`} found in the image, and ${least} is the least: what it is made of could not be read`;
