import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import type { KubeClient, KubeObject } from "../kube/client";
import type { ImageOptions } from "./imageLayers";
import { applyAll, localClient, retryWaiting, type ClusterCheck } from "./cluster";
import type { Layout } from "./layout";
import { databaseServerManifests, POD_USER, type DatabaseServer } from "./manifests/databaseServer";
import { folderVolume } from "./manifests/folderVolume";
import type { PortName } from "./ports";
import { ensurePostgresImage } from "./postgresImage";
import { probePostgres } from "./probe";
import { becomesHealthy } from "./reconcile";

interface LocalServer extends DatabaseServer {
  readonly port: PortName;
}

/** Production's stand-in. A namespace where nobody talks to anybody unless a policy of its own says so. */
const VAULT: LocalServer = {
  name: "vault-postgres",
  namespace: "hms-vault",
  secret: "vault-server-admin",
  port: "vaultPostgres",
  settings: { shared_buffers: "128MB", max_connections: "100" },
  from: [{ podSelector: { matchExpressions: [{ key: "hms.delivery/snapshots", operator: "Exists" }] } }],
  closed: true,
};

/** What sandboxes clone their databases on: all of it can be made again, so nothing of it waits for the disk. */
const SANDBOXES: LocalServer = {
  name: "sandbox-postgres",
  namespace: "hms-sandboxes",
  secret: "sandbox-server-admin",
  port: "sandboxPostgres",
  settings: {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    wal_level: "minimal",
    max_wal_senders: "0",
    max_wal_size: "2GB",
    checkpoint_timeout: "30min",
    shared_buffers: "128MB",
    max_connections: "300",
  },
  from: [
    { namespaceSelector: { matchExpressions: [{ key: "hms.delivery/sandbox", operator: "Exists" }] } },
    { podSelector: { matchLabels: { "hms.delivery/administers": "sandbox-server" } } },
  ],
  closed: false,
};

const SERVERS = [VAULT, SANDBOXES];

/** The database servers that only `--sandboxes` brings, for status and logs. */
export const DATABASE_SERVERS: readonly Pick<DatabaseServer, "name" | "namespace">[] = SERVERS;

/** From a pod's start to its answer; the first one makes the database cluster, a later one may have to recover. */
const READY_MS = 180_000;

const wishFile = (layout: Layout): string => path.join(layout.data, "servers", "wanted");

/** Whether `--sandboxes` was said once on this platform. */
export const wantsDatabaseServers = (layout: Layout): boolean => fs.existsSync(wishFile(layout));

export const databaseServerChecks = ({ ports }: Layout, client: KubeClient): readonly ClusterCheck[] =>
  SERVERS.map(({ name, namespace, port }) => ({
    name,
    probe: async () => {
      const deployment = { apiVersion: "apps/v1", kind: "Deployment", name, namespace };
      // The server of yesterday answers too, until the one that is wanted takes its place.
      const verdict = isRolledOut(await client.get(deployment).catch(() => undefined))
        ? undefined
        : "its pod is not ready";
      return verdict ?? probePostgres(ports[port]);
    },
  }));

interface RolloutStatus {
  readonly observedGeneration?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly replicas?: number;
}

function isRolledOut(deployment: KubeObject | undefined): boolean {
  const status = deployment?.status as RolloutStatus | undefined;
  return (
    status?.observedGeneration === deployment?.metadata.generation &&
    [status?.replicas, status?.updatedReplicas, status?.readyReplicas].every((count) => count === 1)
  );
}

/** Where this machine reaches each. */
export const databaseServerAddresses = ({ ports }: Layout): Readonly<Record<string, string>> =>
  Object.fromEntries(SERVERS.map(({ name, port }) => [name, `127.0.0.1:${ports[port]}`]));

/**
 * Brings up the vault's and the sandboxes' PostgreSQL, or what is missing of them, and keeps in mind that they are
 * wanted. The cluster must be up.
 */
export async function ensureDatabaseServers(layout: Layout, options: ImageOptions): Promise<void> {
  const { progress, signal } = options;
  const client = localClient(layout);
  fs.mkdirSync(path.dirname(wishFile(layout)), { recursive: true, mode: 0o700 });
  fs.writeFileSync(wishFile(layout), "");
  const image = await ensurePostgresImage(layout, options);
  await Promise.all(
    SERVERS.map(async (server) => {
      const { folder, password } = placeOf(layout, server);
      const port = layout.ports[server.port];
      await applyAll(client, databaseServerManifests(server, { image, port, folder, password }));
    }),
  );
  await ensureSnapshotStore(layout, client);
  const checks = databaseServerChecks(layout, client);
  const well = async () => (await Promise.all(checks.map(({ probe }) => probe()))).every((verdict) => !verdict);
  if (await well()) return;
  await progress.during("wait for the vault's and the sandboxes' PostgreSQL", async (step) => {
    for (const { name, namespace } of SERVERS) await retryWaiting(client, { namespace, labelSelector: `app=${name}` });
    for (const { name, probe } of checks) {
      step.note(name);
      const verdict = await becomesHealthy(probe, READY_MS, signal);
      if (verdict !== undefined)
        throw new RefusedError(`${name} did not become ready: ${verdict} (see: hms local logs ${name})`);
    }
  });
}

/** A server's folder, which only its pod's user can read, and beside it the superuser's password. */
function placeOf(layout: Layout, { name }: LocalServer): { readonly folder: string; readonly password: string } {
  const place = path.join(layout.data, "servers", name);
  const folder = path.join(place, "data");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chownSync(folder, POD_USER, POD_USER);
  const file = path.join(place, "password");
  if (!fs.existsSync(file)) {
    // Whole or not at all: a server that has it once keeps it.
    fs.writeFileSync(`${file}.new`, randomBytes(24).toString("base64url"), { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  }
  return { folder, password: fs.readFileSync(file, "utf8") };
}

/**
 * Where the program keeps snapshots on this machine too: what a job took is there for a person, and the other way. Beside
 * the sandboxes' server it can only be read, and there only what was promoted: the rest is its owner's alone.
 */
async function ensureSnapshotStore(layout: Layout, client: KubeClient): Promise<void> {
  const folder = path.join(layout.home, "vault", "snapshots");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chmodSync(folder, 0o750);
  giveToPods(folder);
  for (const { namespace } of SERVERS) {
    const readOnly = namespace !== VAULT.namespace;
    const manifests = folderVolume({ name: `${namespace}-snapshots`, claim: "snapshots", namespace, folder, readOnly });
    const [volume] = manifests;
    const ref = { apiVersion: volume.apiVersion, kind: volume.kind, name: volume.metadata.name };
    const phase = (await client.get(ref))?.status as { readonly phase?: string } | undefined;
    // One whose claim went with its namespace takes no other claim; the folder stays where it is.
    if (phase?.phase === "Released" || phase?.phase === "Failed") await client.delete(ref);
    await applyAll(client, manifests);
  }
}

/** What root has made there before is the jobs' to remove, too. Others may be at work in it meanwhile. */
function giveToPods(folder: string): void {
  for (const name of ["", ...fs.readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    const file = path.join(folder, name);
    try {
      if (fs.lstatSync(file).uid === 0) fs.lchownSync(file, POD_USER, POD_USER);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}
