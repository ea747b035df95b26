import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { UsageError, type Command } from "../../cli/command";
import { RETENTION_OPTIONS, retentionOf } from "../../cli/snapshots";
import { SERVICE_NAME } from "../../core/service/names";
import { RefusedError } from "../../platform/errors";
import { readServer, type ServerAddress } from "../../provider/sandbox/server";
import { loadSnapshot, type LoadProgress } from "../../provider/snapshot/load";
import { dropTemplates } from "../../provider/snapshot/templates";
import { snapshotsOf, trustedBy } from "../../provider/snapshot/vault";
import { Log } from "../log";

/** A stage that takes long says how far it is every so often. */
const SAY_EVERY_MS = 10_000;

/** What `load` of `hms:snapshots` runs: `hms snapshot load` of the newest, with what the pod has mounted. */
export const snapshotLoad: Command = {
  name: "snapshot-load",
  summary: "Loads the newest snapshot on the sandboxes' server, and drops templates that need not be kept.",
  options: [
    { flags: "--service <name>", description: "whose snapshot it is" },
    { flags: "--vault <folder>", description: "its `snapshots` is where they lie" },
    { flags: "--trust <folder>", description: "with sign.pub.pem, the key whose signatures count" },
    { flags: "--server <folder>", description: "the server's Secret as files: host, port, user, password" },
    ...RETENTION_OPTIONS,
  ],
  examples: ["runner snapshot-load --service drought-benefit --vault /vault --trust /trust --server /server"],
  async run(invocation, io) {
    const service = invocation.required("service");
    if (!SERVICE_NAME.pattern.test(service)) throw new UsageError(`--service must be ${SERVICE_NAME.allowed}`);
    const { keep, maxAgeDays } = retentionOf(invocation);
    const trust = path.resolve(invocation.required("trust"));
    const place = {
      folder: path.resolve(invocation.required("vault")),
      scrubKey: path.join(trust, "scrub.key"),
      signingKey: path.join(trust, "sign.pem"),
    };
    const log = new Log(io.out, { service });
    const store = snapshotsOf(place, service);
    const snapshot = (await store.list()).at(-1);
    if (!snapshot) throw new RefusedError(`${store.where} has no snapshot`);
    const server = await serverIn(path.resolve(invocation.required("server")));
    const { signal } = io;
    const keys = await trustedBy(place);
    const template = await loadSnapshot({
      ...{ service, snapshot, keys, server, signal },
      ...{ mostHours: maxAgeDays * 24, progress: saying(log) },
    });
    log.info("loaded", { snapshot: snapshot.id, template: template.name });
    for (const { name } of await dropTemplates(server, service, { keep, signal }))
      log.info("dropped", { template: name });
  },
};

/** A Secret's keys as the kubelet mounts them, read as `sandboxServer` reads it; pods reach it from inside the cluster. */
async function serverIn(folder: string): Promise<ServerAddress> {
  const files = (await readdir(folder)).filter((name) => !name.startsWith("."));
  const data = await Promise.all(
    files.map(async (name) => [name, (await readFile(path.join(folder, name))).toString("base64")] as const),
  );
  const { inCluster, ...server } = readServer(folder, Object.fromEntries(data));
  return { ...server, ...inCluster };
}

function saying(log: Log): (progress: LoadProgress) => void {
  let last = { stage: "", at: 0 };
  return ({ stage, rows, bytes, of }) => {
    const now = Date.now();
    if (stage === last.stage && now - last.at < SAY_EVERY_MS) return;
    last = { stage, at: now };
    log.info(stage, { rows, bytes, of });
  };
}
