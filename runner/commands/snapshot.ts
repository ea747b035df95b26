import { readFile } from "node:fs/promises";
import path from "node:path";
import { UsageError, type Command } from "../../cli/command";
import { RETENTION_OPTIONS, retentionOf, sizeOf } from "../../cli/snapshots";
import { SERVICE_NAME } from "../../core/service/names";
import { version } from "../../package.json";
import { RefusedError } from "../../platform/errors";
import { pgDumpOf } from "../../provider/snapshot/schemaDump";
import type { TakeProgress } from "../../provider/snapshot/takeProgress";
import { pruneVault, takeIntoVault } from "../../provider/snapshot/vaultWork";
import { Log } from "../log";

/** A stage that takes long says how far it is every so often. */
const SAY_EVERY_MS = 10_000;

/** What `hms:snapshots` runs: `hms snapshot take` and `prune`, with keys and rules from where the pod has them. */
export const snapshot: Command = {
  name: "snapshot",
  summary: "Takes a scrubbed snapshot of the database that PGHOST, … name, and removes those that need not be kept.",
  options: [
    { flags: "--service <name>", description: "whose database it is" },
    { flags: "--vault <folder>", description: "its `snapshots` is where they lie" },
    { flags: "--keys <folder>", description: "with scrub.key and sign.pem" },
    { flags: "--rules <file>", description: "scrub rules" },
    ...RETENTION_OPTIONS,
  ],
  examples: ["runner snapshot --service drought-benefit --vault /vault --keys /keys --rules /rules/scrub.yaml"],
  async run(invocation, io) {
    const service = invocation.required("service");
    if (!SERVICE_NAME.pattern.test(service)) throw new UsageError(`--service must be ${SERVICE_NAME.allowed}`);
    const [folder, keys] = [path.resolve(invocation.required("vault")), path.resolve(invocation.required("keys"))];
    const retention = retentionOf(invocation);
    const log = new Log(io.out, { service });
    const place = { folder, scrubKey: path.join(keys, "scrub.key"), signingKey: path.join(keys, "sign.pem") };
    const { id, manifest } = await takeIntoVault({
      ...{ service, place, address: {}, rules: await rulesAt(invocation.required("rules")) },
      ...{ tool: version, pgDump: pgDumpOf(io.env), progress: saying(log), signal: io.signal },
      waiting: (holder) => {
        log.info(`waiting for ${holder}`);
      },
    });
    log.info("taken", { snapshot: id, ...sizeOf(manifest), verdict: manifest.scan.verdict });
    const judged = await pruneVault(place, service, retention, { now: new Date() });
    for (const { id: old, remove, reason } of judged) if (remove) log.info("removed", { snapshot: old, reason });
  },
};

async function rulesAt(file: string): Promise<{ readonly text: string; readonly file: string }> {
  try {
    return { text: await readFile(file, "utf8"), file: path.basename(file) };
  } catch {
    throw new RefusedError(`there are no scrub rules at ${file}; nothing is read without them`);
  }
}

function saying(log: Log): (progress: TakeProgress) => void {
  let last = { stage: "", at: 0 };
  return ({ stage, part, rows, bytes }) => {
    const now = Date.now();
    if (stage === last.stage && now - last.at < SAY_EVERY_MS) return;
    last = { stage, at: now };
    log.info(stage, { rows, bytes, ...(part === undefined ? {} : part) });
  };
}
