import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ScrubPlan } from "../../core/scrub/cover";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { GroupCounts } from "../../core/scrub/kAnonymity";
import type { ScrubKeys } from "../../core/scrub/key";
import { partsOf } from "../../core/scrub/parts";
import { sumCanaries } from "../../core/scrub/scan/canaries";
import { KnownValues } from "../../core/scrub/scan/known";
import { Suspects } from "../../core/scrub/scan/suspects";
import { FindingBook } from "../../core/scrub/scan/report";
import type { CanaryResult, KResult, ScanReport } from "../../core/scrub/verdicts";
import { sync } from "../../platform/durable";
import type { Crew } from "./crew";
import type { CrewSetup, MaskedPart, PartOf, ScanOf } from "./job";
import { type ManifestTable, tableOf } from "./maskParts";
import { setOf } from "./scanParts";
import type { Source } from "./source";
import { StageProgress, type TellProgress } from "./takeProgress";

/** Jobs of a second reading for each thread: it has all suspicions with it, so not one for each part. */
const CONFIRMING_JOBS = 16;

/** Parts after which the set of known values is looked at for the first time. */
const FIRST_LOOK = 64;

/** What was written, and what its scan says. */
export interface Proven {
  readonly tables: readonly ManifestTable[];
  readonly scan: ScanReport;
  readonly canaries: CanaryResult;
  readonly k: readonly KResult[];
}

/** Every part of every table, in the order of the snapshot, and their pages. */
export async function partsOfAll(
  source: Source,
  plan: ScrubPlan,
  pagesInPart?: number,
): Promise<{ readonly parts: readonly PartOf[]; readonly pages: number }> {
  const parts: PartOf[] = [];
  let sum = 0;
  for (const [table, planned] of plan.tables.entries()) {
    const pages = await source.pages(planned);
    sum += pages;
    for (const { number, fromPage, toPage } of partsOf(planned, pages, pagesInPart))
      parts.push({ table, number, fromPage, toPage, pages: (toPage ?? pages) - fromPage });
  }
  return { parts, pages: sum };
}

/**
 * Has the parts masked and written, and then, when every value of the source is known, read back and scanned, and the
 * scan proven by canaries. Its crew has nothing to do after that, and ends.
 * @throws ScrubError; the signal's reason
 */
export async function maskAndScan(
  crew: Crew,
  setup: CrewSetup,
  parts: readonly PartOf[],
  keys: ScrubKeys,
  tell: TellProgress,
): Promise<Proven> {
  const { plan } = setup;
  const key = Buffer.from(setup.key);
  const rewrites = plan.tables.some(hasRewrittenText);
  if (rewrites) await crew.run("read", parts, new StageProgress(tell, "looking").moved);

  const jobs = maskingJobs(plan, parts, keys);
  const masking = new StageProgress(tell, "masking");
  const answers = await crew.run(
    "mask",
    jobs.map((job) => ({ parts: job, rewrites })),
    masking.moved,
    (index, ended) => {
      if (isPowerOfTwo(index)) refuseFull(setup, key);
      const { schema = "", table = "" } = plan.tables[jobs[index]?.[0]?.table ?? 0] ?? {};
      masking.begin({ table: `${schema}.${table}`, number: index + 1, of: jobs.length }, ended);
    },
  );
  const tables = byTable(plan, answers.flat());
  const written = tables.map(({ planned, parts: own }) => tableOf(planned, own));
  const scans = largestFirst(tables.flatMap(({ parts: own }) => scansOf(own)));
  const bytes = written.reduce((sum, table) => sum + table.bytes, 0);
  const scanning = crew.run("scan", scans.jobs, new StageProgress(tell, "scanning", bytes).moved);
  // Between scans, largest first: the short ones that are left make up for whoever has had more of it.
  const proving = crew.run("prove", [...plan.tables.keys()], () => undefined);
  // Millions of places are counted, and files written through, while threads that need nothing of this one go on.
  const others = [closed(setup, key), onDisk(scans.jobs, setup.folder)] as const;
  const [scanned, canaries] = await Promise.all([scanning.then(scans.inOrder), proving, ...others]);
  const book = new FindingBook(key);
  const suspects = new Suspects();
  for (const each of scanned) {
    book.merge(each.report);
    suspects.merge(each.suspects);
  }
  if (suspects.byDigest.size > 0) {
    const among = piecesOf(parts, CONFIRMING_JOBS).map((own) => ({ parts: own, suspects: suspects.byDigest }));
    const confirmed = new Set((await crew.run("confirm", among, new StageProgress(tell, "confirming").moved)).flat());
    for (const digest of suspects.byDigest.keys()) if (confirmed.has(digest)) suspects.report(digest, book);
  }
  // Millions of groups are counted while the threads take leave.
  const left = crew.end();
  await nextTurn();
  const k = plan.sets.map((set, index) => new GroupCounts(setOf(set), key, setup.groups[index]).result());
  await left;
  return { tables: written, scan: book.report(), canaries: sumCanaries(canaries), k };
}

/**
 * What one thread masks without another one: a part, or all parts of all tables whose fakes depend on the rows before
 * them. The most comes first, so that no thread ends long after the others.
 */
function maskingJobs(plan: ScrubPlan, parts: readonly PartOf[], keys: ScrubKeys): readonly (readonly PartOf[])[] {
  const maker = new FakeMaker(keys);
  const ordered = new Set(
    [...plan.tables.entries()].filter(([, table]) => maker.isOrdered(table)).map(([index]) => index),
  );
  const together = parts.filter(({ table }) => ordered.has(table));
  const alone = parts.filter(({ table }) => !ordered.has(table));
  const rest = alone.sort((one, other) => other.pages - one.pages).map((part) => [part]);
  return together.length === 0 ? rest : [together, ...rest];
}

function byTable(plan: ScrubPlan, masked: readonly MaskedPart[]) {
  const tables = plan.tables.map((planned) => ({ planned, parts: [] as MaskedPart[] }));
  for (const each of masked) tables[each.part.table]?.parts.push(each);
  for (const { parts } of tables) parts.sort((one, other) => one.part.number - other.part.number);
  return tables;
}

function scansOf(masked: readonly MaskedPart[]): readonly ScanOf[] {
  let rowsBefore = 0;
  return masked.map(({ part, stored, counts }) => {
    const scan = { table: part.table, stored, rowsBefore };
    rowsBefore += counts.rows;
    return scan;
  });
}

async function closed(setup: CrewSetup, key: Buffer): Promise<void> {
  // Not before the threads have their first jobs.
  await nextTurn();
  refuseFull(setup, key);
}

/** For the promotion, which waits for it, to find it done. */
async function onDisk(scans: readonly ScanOf[], folder: string): Promise<void> {
  for (const { stored } of scans) await sync(path.join(folder, stored.file));
}

/** @throws ScrubError known-values-full: then nothing that a scan says is of use. */
function refuseFull({ known }: CrewSetup, key: Buffer): void {
  new KnownValues({ key, memory: known }).close();
}

/** When a set is looked at that only grows: seldom, and yet of a full one at most half of the work was in vain. */
const isPowerOfTwo = (index: number): boolean => index >= FIRST_LOOK && (index & (index - 1)) === 0;

/** Jobs so that no thread ends long after the others, and what puts their answers into the order that they had. */
function largestFirst(scans: readonly ScanOf[]) {
  const order = [...scans.keys()].sort((one, other) => bytesOf(scans[other]) - bytesOf(scans[one]));
  return {
    jobs: order.flatMap((index) => scans[index] ?? []),
    inOrder: <T>(answers: readonly T[]): readonly T[] => {
      const sorted: T[] = [];
      order.forEach((index, at) => (sorted[index] = answers[at] as T));
      return sorted;
    },
  };
}

const bytesOf = (scan: ScanOf | undefined): number => scan?.stored.bytes ?? 0;

function piecesOf<T>(all: readonly T[], count: number): readonly (readonly T[])[] {
  const size = Math.ceil(all.length / count);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

const hasRewrittenText = ({ columns }: ScrubPlan["tables"][number]): boolean =>
  columns.some(({ action }) => {
    if (action.kind === "text") return action.how === "rewrite";
    return (
      action.kind === "json" &&
      [...action.rules.values()].some((rule) => rule.kind === "text" && rule.how === "rewrite")
    );
  });
