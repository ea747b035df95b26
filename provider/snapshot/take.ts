import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { canonicalJson } from "../../core/canonicalJson";
import type { Signer } from "../../core/ledger/seal";
import type { Catalog } from "../../core/scrub/catalog";
import { cover, type ScrubPlan } from "../../core/scrub/cover";
import { ScrubError, withoutPersonal, withoutValues } from "../../core/scrub/errors";
import { groupMemory, kLines } from "../../core/scrub/kAnonymity";
import { ScrubKeys } from "../../core/scrub/key";
import { type Machine, meansFor } from "../../core/scrub/means";
import { signManifest, type SnapshotManifest, type SnapshotPart } from "../../core/scrub/manifest";
import { parseScrubRules, type ScrubRules } from "../../core/scrub/rules";
import { knownMemory } from "../../core/scrub/scan/known";
import { FindingBook, reportLines } from "../../core/scrub/scan/report";
import type { ScanReport } from "../../core/scrub/verdicts";
import { watchProblems } from "../../core/scrub/watch";
import { problemText } from "../../core/service/problem";
import { sha256 } from "../../core/sha256";
import { RefusedError } from "../../platform/errors";
import { readCatalog } from "./catalog";
import { Crew } from "./crew";
import type { CrewSetup } from "./job";
import { maskAndScan, partsOfAll, type Proven } from "./maskAndScan";
import { sampleWatched } from "./sample";
import { scanSchema } from "./scanParts";
import { dumpSchema } from "./schemaDump";
import { Source, type SourceAddress, type SourceMoment } from "./source";
import { manifestFile, snapshotId, type SnapshotFolder, type SnapshotStore } from "./store";
import type { TellProgress } from "./takeProgress";

/** Of a PostgreSQL that was not built otherwise, which hardly any was. */
const PAGE_BYTES = 8192;

export interface TakeParts {
  readonly service: string;
  readonly store: SnapshotStore;
  readonly address: SourceAddress;
  /** Text of the rules file, and its name for messages. */
  readonly rules: { readonly text: string; readonly file: string };
  /** 32 bytes; never leaves the vault. */
  readonly masterKey: Uint8Array;
  /** Names the fakes' key epoch. @default - a new one for each snapshot, or `fixed` where the rules say so */
  readonly epoch?: string;
  readonly signer: Signer;
  /** Version of this program. */
  readonly tool: string;
  /** Path of pg_dump, of the source's version or newer. */
  readonly pgDump: string;
  /** Threads that mask and scan; the snapshot is the same with any number. @default by the source and the machine, see `meansFor` */
  readonly threads?: number;
  /** Memory for known values. @default by the source and the machine, see `meansFor` */
  readonly knownBytes?: number;
  /** Pages of a table that make one part. @default 2048 */
  readonly pagesInPart?: number;
  /** Level of zstd for the parts, or of gzip in an older Node; 0 stores them as they are. @default 1, for more takes longer than the masking */
  readonly compression?: number;
  readonly progress: TellProgress;
  readonly signal: AbortSignal;
}

export interface TakenSnapshot extends SnapshotFolder {
  readonly manifest: SnapshotManifest;
}

/**
 * Takes a scrubbed snapshot of a database: all of it or nothing. What was written by a run that failed, was cancelled or
 * died is never seen as a snapshot, and is removed. @throws RefusedError with every problem of rules and schema; ScrubError,
 * which can hold no value; the signal's reason
 */
export async function takeSnapshot(parts: TakeParts): Promise<TakenSnapshot> {
  const rules = parseScrubRules(parts.rules.text, parts.rules.file);
  if (!rules.ok) throw new RefusedError(refusal("the scrub rules cannot be used", rules.problems));
  const source = await Source.open(parts.address);
  try {
    return await takeFrom(source, rules.value, parts);
  } catch (error) {
    await parts.store.discard().catch(() => undefined);
    parts.signal.throwIfAborted();
    if (error instanceof RefusedError && !(error instanceof ScrubError))
      throw new RefusedError(withoutPersonal(error.message));
    throw withoutValues(error);
  } finally {
    await source.close();
  }
}

async function takeFrom(source: Source, rules: ScrubRules, parts: TakeParts): Promise<TakenSnapshot> {
  const { store, signal } = parts;
  const moment = await source.moment();
  parts.progress({ stage: "looking", rows: 0, bytes: 0 });
  const catalog = await readCatalog(source.client);
  const plan = planOf(rules, catalog, moment);

  const epoch = parts.epoch ?? (rules.epoch === "fixed" ? "fixed" : newEpoch());
  const keys = new ScrubKeys(parts.masterKey, epoch);
  const id = snapshotId(moment.at, keys.epochId);
  const folder = await store.begin(id);
  // Of digests in memory and of tags in the report; gone with this process.
  const key = randomBytes(32);
  const all = await partsOfAll(source, plan, parts.pagesInPart);
  const means = meansFor(all.pages * PAGE_BYTES, machine());
  const known = knownMemory(parts.knownBytes ?? means.knownBytes);
  const groups = plan.sets.map(() => groupMemory());
  const setup: CrewSetup = {
    ...{ address: parts.address, moment, plan, masterKey: parts.masterKey, epoch, key, folder, known, groups },
    compression: parts.compression ?? 1,
  };
  const crew = new Crew(setup, parts.threads ?? means.threads, signal);
  const stop = new AbortController();
  const dumps: Promise<SnapshotPart>[] = [];
  let both: readonly [readonly SnapshotPart[], Proven];
  try {
    // While threads start, which have nothing to do before.
    await refuseSuspicious(source, plan, signal);
    // First: to start two programs takes this thread some 20 ms, in which the others would have nothing to do.
    const proving = maskAndScan(crew, setup, all.parts, keys, parts.progress);
    const dumping = { ...parts, moment, program: parts.pgDump, signal: AbortSignal.any([signal, stop.signal]) };
    dumps.push(...(["pre-data", "post-data"] as const).map((section) => dumpSchema(section, folder, dumping)));
    both = await Promise.all([Promise.all(dumps), proving]);
  } finally {
    // Nothing is written any more when one of them has failed.
    stop.abort();
    await Promise.allSettled(dumps);
    await crew.end();
  }
  const [[preData, postData], { tables, scan, canaries, k }] = both;
  if (preData === undefined || postData === undefined) throw new RangeError("no such section");
  parts.progress({ stage: "proving", rows: 0, bytes: 0 });
  const definitions = { preData, postData };
  const inSchema = new FindingBook(key);
  await scanSchema(
    Object.values(definitions).map(({ file }) => path.join(folder, file)),
    inSchema,
  );
  refuseLeaks(inSchema.report());
  if (canaries.verdict !== "pass") throw new ScrubError("canary-missed", {}, { ...counts(canaries) });
  refuseLeaks(scan);
  if (k.some(({ verdict }) => verdict === "fail"))
    throw new RefusedError(refusal(new ScrubError("k-too-small").message, kLines(k)));

  const manifest: SnapshotManifest = {
    version: 1,
    ...{ id, service: parts.service, tool: parts.tool, at: new Date().toISOString() },
    source: { at: moment.at.toISOString(), lsn: moment.lsn },
    ...{ epoch: keys.epochId, schema: sha256(canonicalJson(catalog)), rules: sha256(parts.rules.text) },
    definitions,
    tables: [...tables],
    ...{ scan, canaries, k: [...k] },
  };
  await writeFile(manifestFile(folder), await signManifest(manifest, parts.signer), { mode: 0o600 });
  signal.throwIfAborted();
  return { ...(await store.promote(id)), manifest };
}

function refuseLeaks(report: ScanReport): void {
  if (report.verdict !== "pass")
    throw new RefusedError(refusal(new ScrubError("leak-found").message, reportLines(report)));
}

/** What is to be done with each column; refused with every problem at once, before a row is read. */
function planOf(rules: ScrubRules, catalog: Catalog, moment: SourceMoment): ScrubPlan {
  const covered = cover(rules, catalog, moment.at);
  if (!covered.ok) throw new RefusedError(refusal("nothing was read", covered.problems.map(problemText)));
  return covered.value;
}

/** Looks at a sample of what the rules keep, before anything is masked. */
async function refuseSuspicious(source: Source, plan: ScrubPlan, signal: AbortSignal): Promise<void> {
  const suspicious = watchProblems(await sampleWatched(source.client, plan.watched, signal));
  if (suspicious.length > 0)
    throw new RefusedError(refusal(new ScrubError("public-suspicious").message, suspicious.map(problemText)));
}

/** The limit of a container counts, where there is one; without one Node says 0, or more than there is. */
const machine = (): Machine => ({
  processors: os.availableParallelism(),
  memory: Math.min(os.totalmem(), process.constrainedMemory() || Infinity),
});

const newEpoch = (): string => randomBytes(16).toString("hex");

const counts = ({ planted, found, leaked }: SnapshotManifest["canaries"]) => ({ planted, found, leaked });

/** A sentence and a list under it. */
const refusal = (what: string, lines: readonly string[]): string =>
  [`${what}:`, ...lines.map((line) => `  ${line}`)].join("\n");
