import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { fillDatabase } from "../examples/drought-benefit/database/fill";
import { asNumber, asString, path as at } from "../core/json";
import { RefusedError } from "../platform/errors";
import type { KubeClient } from "../platform/kube/client";
import type { Progress } from "../platform/progress";
import { publicKeyFile } from "../provider/keyFiles";
import { databaseServer, type ServerAddress } from "../provider/sandbox/server";
import { openVault, type VaultPlace } from "../provider/snapshot/vault";

const VAULT = "hms-vault";
const LOADS = "hms-sandboxes";
const SERVER = `${VAULT}/vault-server-admin`;
const READER = "snapshot_reader";

/** Services that bring data of any size for their database. */
const FILLERS: Readonly<Record<string, typeof fillDatabase>> = { "drought-benefit": fillDatabase };

export interface FillWish {
  readonly service: string;
  /** Rows of the table of people; everything else follows. */
  readonly people: number;
  /** Whether data of another size make room. */
  readonly anew: boolean;
  /** Keys of snapshots, which pods get too, and where snapshots lie. */
  readonly place: VaultPlace;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Filled {
  readonly database: string;
  readonly people: number;
  /** Whether nothing had to be done for its data. */
  readonly stood: boolean;
  /** How this machine reads it: variables of libpq. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Gives the vault's server the database of a service, with a role that reads it and may do nothing else. The role's
 * credentials and the keys of snapshots become Secrets for snapshot jobs. @throws RefusedError
 */
export async function fillVault(kube: KubeClient, wish: FillWish): Promise<Filled> {
  const fill = FILLERS[wish.service];
  if (fill === undefined)
    throw new RefusedError(
      `--service: got ${JSON.stringify(wish.service)}; allowed is ${Object.keys(FILLERS).join(", ")}, which bring data of any size`,
    );
  const server = await databaseServer(kube, SERVER);
  const database = wish.service.replaceAll("-", "_");
  const stood = await session(server, "postgres", (admin) => fillOnce(admin, server, database, fill, wish));
  const known = await kube.get({
    apiVersion: "v1",
    kind: "Secret",
    namespace: VAULT,
    name: "snapshot-reader",
  });
  const encoded = asString(at(known, "data", "password"));
  const password = encoded === undefined ? randomBytes(24).toString("hex") : Buffer.from(encoded, "base64").toString();
  await session(server, database, (admin) => makeReader(admin, database, password));
  const { host, port } = server.inCluster;
  await secret(kube, "snapshot-reader", { host, port: String(port), database, user: READER, password });
  await giveKeys(kube, wish.place);
  return {
    database,
    people: wish.people,
    stood,
    environment: await environment(server, database, password, wish.place),
  };
}

/** @returns whether it stood already. */
async function fillOnce(
  admin: Client,
  server: ServerAddress,
  database: string,
  fill: typeof fillDatabase,
  { people, anew, progress, signal }: FillWish,
): Promise<boolean> {
  const { rows } = await admin.query<{ note: string | null }>(
    "select shobj_description(oid, 'pg_database') as note from pg_database where datname = $1",
    [database],
  );
  const note = rows[0]?.note ?? undefined;
  // Its note is written last: without one a run did not get to its end.
  const standing = note === undefined ? undefined : asNumber(at(JSON.parse(note), "people"));
  if (standing === people && !anew) return true;
  if (standing !== undefined && !anew)
    throw new RefusedError(
      `the vault's ${database} has ${standing} people already; keep it, or replace it by data of ${people} with --anew`,
    );
  await admin.query(`drop database if exists ${database} with (force)`);
  await admin.query(`create database ${database}`);
  await progress.during(`fill ${database} (${people} people)`, async (step) => {
    await session(server, database, async (client) => {
      const rowCount = await fill(client, { people }, signal);
      step.note(`${rowCount} rows, analyze`);
      await client.query("analyze");
    });
  });
  await admin.query(`comment on database ${database} is '${JSON.stringify({ people })}'`);
  return false;
}

/** A role that sees every row of every table, now and later, and can change none. */
async function makeReader(admin: Client, database: string, password: string): Promise<void> {
  const { rowCount } = await admin.query("select from pg_roles where rolname = $1", [READER]);
  if (rowCount === 0) await admin.query(`create role ${READER}`);
  // The password is of hexadecimal digits, or was read from the Secret of an earlier run.
  await admin.query(
    `alter role ${READER} login bypassrls connection limit 20 password ${admin.escapeLiteral(password)}`,
  );
  await admin.query(`alter role ${READER} set default_transaction_read_only to on`);
  await admin.query(`grant pg_read_all_data to ${READER}`);
  await admin.query(`revoke connect, temporary on database ${database} from public`);
  await admin.query(`grant connect on database ${database} to ${READER}`);
}

/** The keys of this machine's vault: what a job takes and what a person takes are of one kind. */
async function giveKeys(kube: KubeClient, place: VaultPlace): Promise<void> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  await openVault(place);
  await secret(kube, "snapshot-keys", {
    "scrub.key": await readFile(place.scrubKey, "utf8"),
    "sign.pem": await readFile(place.signingKey, "utf8"),
  });
  // Who loads snapshots need not be able to make them.
  await secret(
    kube,
    "snapshot-trust",
    { "sign.pub.pem": await readFile(publicKeyFile(place.signingKey), "utf8") },
    LOADS,
  );
}

const secret = (kube: KubeClient, name: string, stringData: Readonly<Record<string, string>>, namespace = VAULT) =>
  kube.apply(
    { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, type: "Opaque", stringData },
    { fieldManager: "hms-platform", force: true },
  );

async function environment(server: ServerAddress, database: string, password: string, { folder }: VaultPlace) {
  const file = path.join(folder, "pgpass");
  await writeFile(file, `${server.host}:${server.port}:${database}:${READER}:${password}\n`, { mode: 0o600 });
  return { PGHOST: server.host, PGPORT: String(server.port), PGDATABASE: database, PGUSER: READER, PGPASSFILE: file };
}

async function session<T>(server: ServerAddress, database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, ssl } = server;
  const client = new Client({ host, port, user, password, database, ...(ssl === undefined ? {} : { ssl }) });
  // A connection that breaks between two statements is told by the next one.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
