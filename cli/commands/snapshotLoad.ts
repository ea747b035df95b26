import { Progress, type Step } from "../../platform/progress";
import type { AdminAddress } from "../../provider/sandbox/admin";
import { SANDBOX_SERVER, sandboxServer } from "../../provider/sandbox/server";
import { loadSnapshot, type LoadProgress } from "../../provider/snapshot/load";
import { dropTemplates, templatesOf, type Template } from "../../provider/snapshot/templates";
import { snapshotsOf, trustedBy } from "../../provider/snapshot/vault";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { askOnStack } from "../permission";
import { addressOf } from "../source";
import { openStack, stackOf } from "../stack";
import { keepOf, secondsOf } from "../snapshots";
import { MAX_AGE, SERVICE, snapshotNamed, VAULT, vaultOf } from "./snapshot";
import { STACK_OPTION } from "./status";

const SERVER = {
  flags: "--server <namespace/secret>",
  description: "Secret of the stack's cluster that says where sandboxes have their databases",
  default: SANDBOX_SERVER,
};
const TO = {
  flags: "--to <url>",
  description:
    "postgresql://user@host:port instead, of one who may make databases; password by PGPASSWORD or PGPASSFILE",
};

/**
 * How the server of sandboxes is reached. PGHOST and PGUSER are not asked: where snapshots are taken they name production's.
 * @throws UsageError, RefusedError
 */
async function serverOf(invocation: Invocation, io: Io): Promise<AdminAddress> {
  const to = invocation.text("to");
  if (to === undefined) {
    const { session } = openStack(stackOf(invocation.required("stack")), invocation.required("service"), io.env);
    return sandboxServer(session.kube, invocation.required("server"));
  }
  const { host, user, port } = addressOf("--to", to);
  if (host === undefined || user === undefined)
    throw new UsageError("--to: got a URL without host or user; allowed is postgresql://user@host:port; name both");
  return { host, user, ...(port === undefined ? {} : { port }) };
}

/** `hms snapshot load`: a snapshot becomes the template of sandboxes' databases. */
const load: Command = {
  name: "snapshot load",
  summary:
    "Loads a snapshot on the server of sandboxes, whose databases are then copied from it; all of it or nothing.",
  options: [
    SERVICE,
    { flags: "--id <id>", description: "which one (default: the newest)" },
    MAX_AGE,
    { flags: "--keep <count>", description: "so many of the service's templates stay, the newest", default: "2" },
    STACK_OPTION,
    SERVER,
    TO,
    VAULT,
    JSON_OPTION,
  ],
  examples: [
    "hms snapshot load --service drought-benefit                       # the newest, for sandboxes of the dev stack's cluster",
    "PGPASSFILE=… hms snapshot load --service drought-benefit --to postgresql://admin@sandboxes.db.example.org:5432",
  ],
  async run(invocation, io) {
    const service = invocation.required("service");
    const keep = keepOf(invocation, 9999);
    await askOnStack("snapshot-load", stackOf(invocation.required("stack")), [service], io);
    const place = vaultOf(invocation, io);
    const snapshot = await snapshotNamed(snapshotsOf(place, service), invocation.text("id"));
    const mostHours = secondsOf(invocation, "maxAge", "--max-age") / 3600;
    const server = await serverOf(invocation, io);
    const progress = new Progress(io.err);
    const shown = showing(progress);
    try {
      const { signal } = io;
      const keys = await trustedBy(place);
      const template = await loadSnapshot({ service, snapshot, keys, mostHours, server, progress: shown.show, signal });
      shown.end();
      const dropped = await dropTemplates(server, service, { keep, signal });
      for (const { name } of dropped) progress.line(`${name} is gone: ${keep} newer ones stay`);
      answer(io, invocation.flag("json"), documentOf(template), () => lineOf(template));
    } finally {
      progress.close();
    }
  },
};

/** `hms snapshot templates`. */
const templates: Command = {
  name: "snapshot templates",
  summary: "The snapshots that sandboxes of a service can have, oldest first.",
  options: [SERVICE, STACK_OPTION, SERVER, TO, JSON_OPTION],
  examples: [
    "hms snapshot templates --service drought-benefit",
    "hms snapshot templates --service drought-benefit --json",
  ],
  async run(invocation, io) {
    const service = invocation.required("service");
    const found = await templatesOf(await serverOf(invocation, io), service);
    answer(io, invocation.flag("json"), { templates: found.map(documentOf) }, () =>
      found.length === 0
        ? `no snapshot of ${service} is loaded; hms snapshot load --service ${service}`
        : found.map(lineOf).join("\n"),
    );
  },
};

/** One step for each stage, with how far it is. */
function showing(progress: Progress) {
  let current: { readonly stage: string; readonly step: Step; readonly since: number } | undefined;
  const end = (): void => {
    current?.step.done();
    current = undefined;
  };
  const show = ({ stage, rows, bytes, of, statements }: LoadProgress): void => {
    if (current?.stage !== stage) {
      end();
      current = { stage, step: progress.step(STAGES[stage]), since: Date.now() };
    }
    const seconds = Math.max(0.1, (Date.now() - current.since) / 1000);
    if (statements) current.step.note(`${statements.done} of ${statements.of} statements`);
    else if (stage === "rows" && of.bytes > 0)
      current.step.note(
        `${rows} of ${of.rows} rows, ${Math.floor((100 * bytes) / of.bytes)} %, ${(bytes / seconds / 1e6).toFixed(1)} MB/s`,
      );
  };
  return { show, end };
}

const STAGES: Readonly<Record<LoadProgress["stage"], string>> = {
  waiting: "wait for who is loading a snapshot of it",
  verifying: "verify the snapshot",
  rows: "load rows",
  keys: "make indexes and keys",
  statistics: "gather the planner's figures",
  checking: "count rows",
};

const documentOf = ({ takenAt, loadedAt, ...template }: Template) => ({
  ...template,
  takenAt: takenAt.toISOString(),
  loadedAt: loadedAt.toISOString(),
});

const lineOf = ({ name, snapshot, rows, bytes }: Template): string =>
  `${snapshot}  ${name}  ${rows} rows, ${(bytes / 1e6).toFixed(0)} MB`;

export const snapshotLoadCommands: readonly Command[] = [load, templates];
