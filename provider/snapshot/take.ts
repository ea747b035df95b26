import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { canonicalJson } from "../../core/canonicalJson";
import type { Signer } from "../../core/ledger/seal";
import type { Catalog } from "../../core/scrub/catalog";
import { cover, type ScrubPlan } from "../../core/scrub/cover";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { kLines } from "../../core/scrub/kAnonymity";
import { ScrubKeys } from "../../core/scrub/key";
import { signManifest, type SnapshotManifest } from "../../core/scrub/manifest";
import { parseScrubRules, type ScrubRules } from "../../core/scrub/rules";
import { KnownValues } from "../../core/scrub/scan/known";
import { Confirmation } from "../../core/scrub/scan/knownScan";
import { knownText } from "../../core/scrub/scan/prose";
import { FindingBook, reportLines, type ScanReport } from "../../core/scrub/scan/report";
import { watchProblems } from "../../core/scrub/watch";
import { problemText } from "../../core/service/problem";
import { sha256 } from "../../core/sha256";
import { RefusedError } from "../../platform/errors";
import { readCatalog } from "./catalog";
import { maskTable, rereadTable, type ManifestTable, type MaskParts } from "./maskParts";
import { proveByCanaries } from "./proof";
import { sampleWatched } from "./sample";
import { scanFiles, scanSchema } from "./scanParts";
import { dumpSchema, SECTIONS } from "./schemaDump";
import { Source, type SourceAddress, type SourceMoment } from "./source";
import { manifestFile, snapshotId, type SnapshotFolder, type SnapshotStore } from "./store";

/** How far a snapshot is; `rows` and `bytes` are of COPY text, of this stage alone. */
export interface TakeProgress {
  readonly stage: "looking" | "masking" | "scanning" | "confirming" | "proving";
  /** Table that is worked on, and how many there are. */
  readonly table?: { readonly name: string; readonly number: number; readonly of: number };
  readonly rows: number;
  readonly bytes: number;
}

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
  readonly progress: (progress: TakeProgress) => void;
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
    throw error instanceof RefusedError ? error : withoutValues(error);
  } finally {
    await source.close();
  }
}

async function takeFrom(source: Source, rules: ScrubRules, parts: TakeParts): Promise<TakenSnapshot> {
  const { store, signal } = parts;
  const moment = await source.moment();
  parts.progress({ stage: "looking", rows: 0, bytes: 0 });
  const catalog = await readCatalog(source.client);
  const plan = await planOf(source, rules, catalog, moment, signal);

  const keys = new ScrubKeys(parts.masterKey, parts.epoch ?? (rules.epoch === "fixed" ? "fixed" : newEpoch()));
  const id = snapshotId(moment.at, keys.epochId);
  const folder = await store.begin(id);
  const schemaFiles = SECTIONS.map((section) => path.join(folder, `${section}.sql`));
  for (const [index, section] of SECTIONS.entries())
    await dumpSchema(section, schemaFiles[index] ?? "", { ...parts, moment, program: parts.pgDump });

  // Of digests in memory and of tags in the report; gone with this process.
  const key = randomBytes(32);
  const known = new KnownValues({ key });
  const masking = { source, observer: known, signal };
  if (plan.tables.some(hasRewrittenText))
    await readAll(plan, "looking", { ...masking, maker: new FakeMaker(keys) }, parts);
  const isKnown = knownText(key, known);
  const tables = await maskAll(plan, folder, { ...masking, maker: new FakeMaker(keys), isKnown }, parts);
  known.close();

  const inSchema = new FindingBook(key);
  await scanSchema(schemaFiles, inSchema);
  refuseLeaks(inSchema.report());
  const book = new FindingBook(key);
  const moved = counter(parts, "scanning");
  const { suspects, k } = await scanFiles({ folder, plan, tables, known, key, book, signal, moved });
  if (suspects.byDigest.size > 0) {
    const observer = new Confirmation({ key }, suspects, book);
    await readAll(plan, "confirming", { ...masking, observer, maker: new FakeMaker(keys) }, parts);
  }
  parts.progress({ stage: "proving", rows: 0, bytes: 0 });
  const canaries = proveByCanaries(plan.tables, () => new FakeMaker(keys), key, known);
  const scan = book.report();
  if (canaries.verdict !== "pass") throw new ScrubError("canary-missed", {}, { ...counts(canaries) });
  refuseLeaks(scan);
  if (k.some(({ verdict }) => verdict === "fail"))
    throw new RefusedError(refusal(new ScrubError("k-too-small").message, kLines(k)));

  const manifest: SnapshotManifest = {
    version: 1,
    ...{ id, service: parts.service, tool: parts.tool, at: new Date().toISOString() },
    source: { at: moment.at.toISOString(), lsn: moment.lsn },
    ...{ epoch: keys.epochId, schema: sha256(canonicalJson(catalog)), rules: sha256(parts.rules.text) },
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
async function planOf(
  source: Source,
  rules: ScrubRules,
  catalog: Catalog,
  moment: SourceMoment,
  signal: AbortSignal,
): Promise<ScrubPlan> {
  const covered = cover(rules, catalog, moment.at);
  if (!covered.ok) throw new RefusedError(refusal("nothing was read", covered.problems.map(problemText)));
  const suspicious = watchProblems(await sampleWatched(source.client, covered.value.watched, signal));
  if (suspicious.length > 0)
    throw new RefusedError(refusal(new ScrubError("public-suspicious").message, suspicious.map(problemText)));
  return covered.value;
}

async function maskAll(plan: ScrubPlan, folder: string, parts: Omit<MaskParts, "moved">, take: TakeParts) {
  const written: ManifestTable[] = [];
  for (const [index, table] of plan.tables.entries()) {
    const moved = counter(take, "masking", { name: table.table, number: index + 1, of: plan.tables.length });
    written.push(await maskTable(table, index, folder, { ...parts, moved }));
  }
  return written;
}

async function readAll(
  plan: ScrubPlan,
  stage: TakeProgress["stage"],
  parts: Omit<MaskParts, "moved">,
  take: TakeParts,
): Promise<void> {
  const moved = counter(take, stage);
  for (const table of plan.tables) await rereadTable(table, { ...parts, moved });
}

/** Sums up what one stage has moved. */
function counter({ progress }: TakeParts, stage: TakeProgress["stage"], table?: TakeProgress["table"]) {
  const sum = { rows: 0, bytes: 0 };
  return (rows: number, bytes: number) => {
    sum.rows += rows;
    sum.bytes += bytes;
    progress({ stage, ...(table === undefined ? {} : { table }), ...sum });
  };
}

const hasRewrittenText = ({ columns }: ScrubPlan["tables"][number]): boolean =>
  columns.some(({ action }) => {
    if (action.kind === "text") return action.how === "rewrite";
    return (
      action.kind === "json" &&
      [...action.rules.values()].some((rule) => rule.kind === "text" && rule.how === "rewrite")
    );
  });

const newEpoch = (): string => randomBytes(16).toString("hex");

const counts = ({ planted, found, leaked }: SnapshotManifest["canaries"]) => ({ planted, found, leaked });

/** A sentence and a list under it. */
const refusal = (what: string, lines: readonly string[]): string =>
  [`${what}:`, ...lines.map((line) => `  ${line}`)].join("\n");
