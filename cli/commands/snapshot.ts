import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseDuration } from "../../core/service/duration";
import { retain, type Judged } from "../../core/scrub/retention";
import type { SnapshotManifest } from "../../core/scrub/manifest";
import { RefusedError } from "../../platform/errors";
import { withLock } from "../../platform/lock";
import { Progress } from "../../platform/progress";
import { takenAt } from "../../provider/snapshot/store";
import { pgDumpOf } from "../../provider/snapshot/schemaDump";
import { takeSnapshot, type TakeProgress } from "../../provider/snapshot/take";
import { openVault, snapshotsOf, trustedBy, vaultAt } from "../../provider/snapshot/vault";
import { verifySnapshot } from "../../provider/snapshot/verify";
import { version } from "../../package.json";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { sourceOf } from "../source";
import { openStack, stackOf } from "../stack";
import { STACK_OPTION } from "./status";

const SERVICE = { flags: "--service <name>", description: "whose database it is" };
const VAULT = { flags: "--vault <folder>", description: "where snapshots and keys lie (default: vault in HMS_HOME)" };

const vaultOf = (invocation: Invocation, io: Io) => vaultAt(invocation.text("vault"), io.env);

/** The rules file of a service: beside its service.yaml, unless named. */
async function rulesOf(invocation: Invocation, io: Io): Promise<{ readonly text: string; readonly file: string }> {
  const file = invocation.text("rules") ?? rulesBeside(invocation, io);
  try {
    return { text: await readFile(file, "utf8"), file: path.basename(file) };
  } catch {
    throw new RefusedError(
      `there are no scrub rules at ${file}; nothing is read without them. Write them (docs/snapshots.md), or name a file with --rules`,
    );
  }
}

function rulesBeside(invocation: Invocation, io: Io): string {
  const [stack, name] = [stackOf(invocation.required("stack")), invocation.required("service")];
  const [found] = openStack(stack, name, io.env).services;
  if (!found?.source)
    throw new UsageError(`${name} has no source folder in stack ${stack}; name its rules with --rules`);
  return path.join(found.source.context, "scrub.yaml");
}

/** `hms snapshot take`: a scrubbed copy of a database, or nothing. */
const take: Command = {
  name: "snapshot take",
  summary: "Takes a scrubbed snapshot of a service's database; keeps it only when its leak scan has passed.",
  options: [
    SERVICE,
    STACK_OPTION,
    {
      flags: "--from <url>",
      description: "postgresql://user@host:port/database; what is missing comes from PGHOST, …",
    },
    { flags: "--rules <file>", description: "scrub rules (default: scrub.yaml beside the service's source)" },
    { flags: "--epoch <name>", description: "key epoch, to make the same fakes again (default: a new one)" },
    VAULT,
    JSON_OPTION,
  ],
  examples: [
    "hms snapshot take --service drought-benefit            # the database that PGHOST, PGUSER, … name",
    "PGPASSFILE=vault/pgpass hms snapshot take --service drought-benefit --from postgresql://scrubber@db/benefits --json",
  ],
  async run(invocation, io) {
    const service = invocation.required("service");
    const rules = await rulesOf(invocation, io);
    const address = sourceOf(invocation.text("from"));
    const place = vaultOf(invocation, io);
    const store = snapshotsOf(place, service);
    const epoch = invocation.text("epoch");
    const progress = new Progress(io.err);
    const waiting = (holder: string) => {
      progress.line(`… ${holder} is taking a snapshot of ${service}; waiting for it`);
    };
    const shown = showing(progress);
    const taken = await withLock(`snapshot:${store.where}`, waiting, io.signal, async () => {
      try {
        const { masterKey, signer } = await openVault(place);
        return await takeSnapshot({
          ...{ service, store, address, rules, masterKey, signer },
          ...(epoch === undefined ? {} : { epoch }),
          ...{ tool: version, pgDump: pgDumpOf(io.env), progress: shown.show, signal: io.signal },
        });
      } finally {
        shown.end();
        progress.close();
      }
    });
    const { id, path: folder, manifest } = taken;
    const document = { id, path: folder, ...sizeOf(manifest), verdict: manifest.scan.verdict };
    answer(io, invocation.flag("json"), document, () => `${id}: ${sizeText(manifest)}, scan passed\n${folder}`);
  },
};

/** One step for each stage, with how fast it goes. */
function showing(progress: Progress) {
  let current:
    { readonly stage: string; readonly step: ReturnType<Progress["step"]>; readonly since: number } | undefined;
  const end = (): void => current?.step.done();
  const show = ({ stage, table, rows, bytes }: TakeProgress): void => {
    if (current?.stage !== stage) {
      end();
      current = { stage, step: progress.step(stage), since: Date.now() };
    }
    const seconds = Math.max(0.1, (Date.now() - current.since) / 1000);
    const speed = `${Math.round(rows / seconds)} rows/s, ${(bytes / seconds / 1e6).toFixed(1)} MB/s`;
    const where = table === undefined ? "" : `${table.name}, table ${table.number} of ${table.of}, `;
    if (bytes > 0) current.step.note(`${where}${speed}`);
  };
  return { show, end };
}

const sizeOf = ({ tables }: SnapshotManifest) => ({
  rows: tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0),
  bytes: tables.reduce((sum, { parts }) => sum + parts.reduce((size, { bytes }) => size + bytes, 0), 0),
});

function sizeText(manifest: SnapshotManifest): string {
  const { rows, bytes } = sizeOf(manifest);
  return `${rows} rows in ${manifest.tables.length} tables, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** `hms snapshot verify`: exit 0 when it may be used. */
const verify: Command = {
  name: "snapshot verify",
  summary: "Computes a snapshot anew from its files, and says whether it may be used.",
  arguments: [{ syntax: "[id]", description: "which one (default: the newest)" }],
  options: [
    SERVICE,
    { flags: "--max-age <duration>", description: "how old it may be", default: "36h" },
    VAULT,
    JSON_OPTION,
  ],
  examples: [
    "hms snapshot verify --service drought-benefit",
    "hms snapshot verify 20261122T014400Z-1a2b3c --service drought-benefit",
  ],
  async run(invocation, io) {
    const place = vaultOf(invocation, io);
    const store = snapshotsOf(place, invocation.required("service"));
    const found = await store.list();
    const asked = invocation.argument(0);
    const one = asked === undefined ? found.at(-1) : found.find(({ id }) => id === asked);
    if (!one) throw new RefusedError(`${store.where} has no snapshot${asked === undefined ? "" : ` ${asked}`}`);
    const mostHours = seconds(invocation, "maxAge", "--max-age") / 3600;
    const verdict = await verifySnapshot(one.path, await trustedBy(place), {
      now: new Date(),
      mostHours,
      signal: io.signal,
    });
    const problems = verdict.ok ? [] : verdict.problems.map(({ what, why }) => `${what}: ${why}`);
    answer(io, invocation.flag("json"), { id: one.id, ok: verdict.ok, problems }, () =>
      verdict.ok
        ? `${one.id} verifies: ${sizeText(verdict.manifest)}`
        : [...problems, `${one.id} may not be used`].join("\n"),
    );
    return verdict.ok ? 0 : 1;
  },
};

/** `hms snapshot list`. */
const list: Command = {
  name: "snapshot list",
  summary: "The snapshots of a service, oldest first.",
  options: [SERVICE, VAULT, JSON_OPTION],
  examples: ["hms snapshot list --service drought-benefit", "hms snapshot list --service drought-benefit --json"],
  async run(invocation, io) {
    const store = snapshotsOf(vaultOf(invocation, io), invocation.required("service"));
    const snapshots = await store.list();
    answer(io, invocation.flag("json"), { snapshots }, () =>
      snapshots.length === 0 ? `${store.where} has no snapshot` : snapshots.map(({ id }) => id).join("\n"),
    );
  },
};

/** `hms snapshot prune`. */
const prune: Command = {
  name: "snapshot prune",
  summary: "Removes old snapshots; the newest always stays.",
  options: [
    SERVICE,
    { flags: "--keep <count>", description: "so many of the newest stay, whatever their age", default: "7" },
    { flags: "--max-age <duration>", description: "others go when they are older", default: "30d" },
    { flags: "--dry-run", description: "says what would go, and why" },
    VAULT,
    JSON_OPTION,
  ],
  examples: ["hms snapshot prune --service drought-benefit --keep 3 --max-age 14d --dry-run"],
  async run(invocation, io) {
    const store = snapshotsOf(vaultOf(invocation, io), invocation.required("service"));
    const keep = invocation.required("keep");
    if (!/^[1-9]\d{0,5}$/.test(keep))
      throw new UsageError(`--keep: got "${keep}"; allowed is a whole number above zero; say how many are to stay`);
    const maxAgeDays = seconds(invocation, "maxAge", "--max-age") / 86_400;
    const aged = (await store.list()).map(({ id }) => ({ id, takenAt: takenAt(id) }));
    const judged: readonly Judged[] = retain(aged, { keep: Number(keep), maxAgeDays }, new Date());
    const isDry = invocation.flag("dryRun");
    for (const { id, remove } of judged) if (remove && !isDry) await store.remove(id);
    answer(io, invocation.flag("json"), { dryRun: isDry, snapshots: judged }, () =>
      judged
        .map(({ id, remove, reason }) => `${remove ? (isDry ? "would go" : "gone") : "stays"}  ${id}  ${reason}`)
        .join("\n"),
    );
  },
};

function seconds(invocation: Invocation, name: string, flag: string): number {
  const text = invocation.required(name);
  const found = parseDuration(text);
  if (found === undefined || found <= 0)
    throw new UsageError(`${flag}: got "${text}"; allowed is a duration such as 36h or 30d; say how old one may be`);
  return found;
}

export const snapshotCommands: readonly Command[] = [take, verify, list, prune];
