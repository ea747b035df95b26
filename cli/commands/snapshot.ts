import { readFile } from "node:fs/promises";
import path from "node:path";
import { RefusedError } from "../../platform/errors";
import { elapsed, Progress } from "../../platform/progress";
import type { SnapshotFolder, SnapshotStore } from "../../provider/snapshot/store";
import { pgDumpOf } from "../../provider/snapshot/schemaDump";
import { secondsLeft, type TakeProgress } from "../../provider/snapshot/takeProgress";
import { snapshotsOf, trustedBy, vaultAt } from "../../provider/snapshot/vault";
import { pruneVault, takeIntoVault } from "../../provider/snapshot/vaultWork";
import { verifySnapshot } from "../../provider/snapshot/verify";
import { version } from "../../package.json";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { askOnStack } from "../permission";
import { RETENTION_OPTIONS, retentionOf, secondsOf, sizeOf, sizeText } from "../snapshots";
import { sourceOf } from "../source";
import { openStack, stackOf } from "../stack";
import { STACK_OPTION } from "./status";

export const SERVICE = { flags: "--service <name>", description: "whose database it is" };
export const VAULT = {
  flags: "--vault <folder>",
  description: "where snapshots and keys lie (default: vault in HMS_HOME)",
};

/** Of commands that act on the vault, which several stacks share: whose permission counts. */
const WHOSE_STACK = { ...STACK_OPTION, description: "stack whose service it is, and whose permission is asked" };

export const MAX_AGE = { flags: "--max-age <duration>", description: "how old it may be", default: "36h" };

export const vaultOf = (invocation: Invocation, io: Io) => vaultAt(invocation.text("vault"), io.env);

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
    WHOSE_STACK,
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
    await askOnStack("snapshot-take", stackOf(invocation.required("stack")), [service], io);
    const rules = await rulesOf(invocation, io);
    const address = sourceOf(invocation.text("from"));
    const place = vaultOf(invocation, io);
    const epoch = invocation.text("epoch");
    const progress = new Progress(io.err);
    const waiting = (holder: string) => {
      progress.line(`… ${holder} is taking a snapshot of ${service}; waiting for it`);
    };
    const shown = showing(progress);
    const taken = await takeIntoVault({
      ...{ service, place, address, rules, waiting },
      ...(epoch === undefined ? {} : { epoch }),
      ...{ tool: version, pgDump: pgDumpOf(io.env), progress: shown.show, signal: io.signal },
    }).finally(() => {
      shown.end();
      progress.close();
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
  const show = (taken: TakeProgress): void => {
    const { stage, part, rows, bytes } = taken;
    if (current?.stage !== stage) {
      end();
      current = { stage, step: progress.step(stage), since: Date.now() };
    }
    const seconds = Math.max(0.1, (Date.now() - current.since) / 1000);
    const speed = `${Math.round(rows / seconds)} rows/s, ${(bytes / seconds / 1e6).toFixed(1)} MB/s`;
    const where = part === undefined ? "" : `${part.table}, part ${part.number} of ${part.of}, `;
    const left = secondsLeft(taken, seconds);
    const rest = left === undefined ? "" : `, about ${elapsed(left * 1000)} left`;
    if (bytes > 0) current.step.note(`${where}${(bytes / 1e6).toFixed(0)} MB, ${speed}${rest}`);
  };
  return { show, end };
}

/** @param asked its id. @default - the newest. @throws RefusedError when there is none */
export async function snapshotNamed(store: SnapshotStore, asked: string | undefined): Promise<SnapshotFolder> {
  const found = await store.list();
  const one = asked === undefined ? found.at(-1) : found.find(({ id }) => id === asked);
  if (!one) throw new RefusedError(`${store.where} has no snapshot${asked === undefined ? "" : ` ${asked}`}`);
  return one;
}

/** `hms snapshot verify`: exit 0 when it may be used. */
const verify: Command = {
  name: "snapshot verify",
  summary: "Computes a snapshot anew from its files, and says whether it may be used.",
  arguments: [{ syntax: "[id]", description: "which one (default: the newest)" }],
  options: [SERVICE, MAX_AGE, VAULT, JSON_OPTION],
  examples: [
    "hms snapshot verify --service drought-benefit",
    "hms snapshot verify 20261122T014400Z-1a2b3c --service drought-benefit",
  ],
  async run(invocation, io) {
    const place = vaultOf(invocation, io);
    const store = snapshotsOf(place, invocation.required("service"));
    const one = await snapshotNamed(store, invocation.argument(0));
    const mostHours = secondsOf(invocation, "maxAge", "--max-age") / 3600;
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
    WHOSE_STACK,
    ...RETENTION_OPTIONS,
    { flags: "--dry-run", description: "says what would go, and why" },
    VAULT,
    JSON_OPTION,
  ],
  examples: ["hms snapshot prune --service drought-benefit --keep 3 --max-age 14d --dry-run"],
  async run(invocation, io) {
    const [place, service] = [vaultOf(invocation, io), invocation.required("service")];
    const [retention, isDry] = [retentionOf(invocation), invocation.flag("dryRun")];
    if (!isDry) await askOnStack("snapshot-prune", stackOf(invocation.required("stack")), [service], io);
    const judged = await pruneVault(place, service, retention, { now: new Date(), isDry });
    answer(io, invocation.flag("json"), { dryRun: isDry, snapshots: judged }, () =>
      judged
        .map(({ id, remove, reason }) => `${remove ? (isDry ? "would go" : "gone") : "stays"}  ${id}  ${reason}`)
        .join("\n"),
    );
  },
};

export const snapshotCommands: readonly Command[] = [take, verify, list, prune];
