import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import type { Client } from "pg";
import { scramVerifier } from "../../core/postgres/scram";
import type { TrustedKeys } from "../../core/ledger/seal";
import { labelText, loadingName, templateName, type TemplateLabel } from "../../core/sandbox/template";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import { manifestProblemsText, type SnapshotManifest, type SnapshotPart } from "../../core/scrub/manifest";
import { quoteName, quoteRelation, quoteText } from "../../core/scrub/sql";
import { sha256 } from "../../core/sha256";
import { RefusedError } from "../../platform/errors";
import { pgClient } from "../../platform/pgClient";
import {
  type Admin,
  type AdminAddress,
  closeDatabases,
  dropDatabase,
  dropRole,
  makeRole,
  withAdmin,
} from "../sandbox/admin";
import { makeKeys, makeTables, spread } from "./loadDefinitions";
import { loadTable } from "./loadRows";
import { setSequences } from "./sequences";
import type { SnapshotFolder } from "./store";
import { dropLeftovers, loadLock, standingTemplates, type Template } from "./templates";
import { verifySnapshot } from "./verify";

/** How far a load is. */
export interface LoadProgress {
  readonly stage: "waiting" | "verifying" | "rows" | "keys" | "statistics" | "checking";
  /** Of all tables, since the stage began; bytes of COPY text. */
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole snapshot. */
  readonly of: { readonly rows: number; readonly bytes: number };
  /** Statements that make indexes, keys and triggers. */
  readonly statements?: { readonly done: number; readonly of: number };
}

export interface LoadParts {
  readonly service: string;
  readonly snapshot: SnapshotFolder;
  /** Whose signatures count. */
  readonly keys: TrustedKeys;
  /** Of the source's moment. @default 36 */
  readonly mostHours?: number;
  /** The server of sandboxes, never the one that the snapshot was taken from. */
  readonly server: AdminAddress;
  /** Connections that load at once. @default - as many as this machine has processors, at most 8 */
  readonly connections?: number;
  readonly progress: (progress: LoadProgress) => void;
  readonly signal: AbortSignal;
}

/**
 * Loads a snapshot into a template database: all of it or nothing. One that stands already is the answer at once; one that
 * somebody else is loading is waited for. What a load that failed or was killed has left is never seen as a template.
 * @throws RefusedError where the snapshot may not be used; ScrubError, which can hold no value; the signal's reason
 */
export async function loadSnapshot(parts: LoadParts): Promise<Template> {
  const { service, snapshot, server, signal } = parts;
  const name = templateName(service, snapshot.id);
  return withAdmin(server, async (admin) => {
    const standing = async () => (await standingTemplates(admin, service)).find((template) => template.name === name);
    const there = await standing();
    if (there) return there;
    const onWait = () => {
      parts.progress({ stage: "waiting", rows: 0, bytes: 0, of: { rows: 0, bytes: 0 } });
    };
    return admin.exclusively(loadLock(service), { onWait, signal }, async () => {
      const loaded = await standing();
      if (loaded) return loaded;
      const manifest = await verified(parts);
      await dropLeftovers(admin, service);
      await closeDatabases(admin);
      try {
        return await loadInto(admin, name, manifest, parts);
      } catch (error) {
        await withAdmin(server, (fresh) => discard(fresh, name)).catch(() => undefined);
        signal.throwIfAborted();
        throw error instanceof RefusedError ? error : withoutValues(error, "load-failed");
      }
    });
  });
}

async function verified({
  service,
  snapshot,
  keys,
  mostHours,
  progress,
  signal,
}: LoadParts): Promise<SnapshotManifest> {
  progress({ stage: "verifying", rows: 0, bytes: 0, of: { rows: 0, bytes: 0 } });
  const limits = mostHours === undefined ? {} : { mostHours };
  const verdict = await verifySnapshot(snapshot.path, keys, { now: new Date(), ...limits, signal });
  const refuse = (why: string): never => {
    throw new RefusedError(`the snapshot ${snapshot.id} of ${service} may not be loaded: ${why}`);
  };
  if (!verdict.ok) return refuse(manifestProblemsText(verdict.problems));
  const { manifest } = verdict;
  if (manifest.service !== service) return refuse(`it is one of ${manifest.service}`);
  if (manifest.id !== snapshot.id) return refuse(`its manifest is that of ${manifest.id}`);
  return manifest;
}

async function discard(admin: Admin, name: string): Promise<void> {
  await dropDatabase(admin, loadingName(name));
  await dropRole(admin, name);
}

async function loadInto(admin: Admin, name: string, manifest: SnapshotManifest, parts: LoadParts): Promise<Template> {
  const loading = loadingName(name);
  const password = randomBytes(24).toString("hex");
  await makeRole(admin, name, scramVerifier(password));
  await admin.run(
    `create database ${quoteName(loading)} owner ${quoteName(name)} template template0 encoding 'UTF8' allow_connections false`,
    `revoke all on database ${quoteName(loading)} from public`,
    `alter database ${quoteName(loading)} with allow_connections true`,
  );
  // Definitions are SQL that others wrote: they are run by a role that can do nothing outside of this database.
  const credentials = { ...parts.server, database: loading, user: name, password };
  await withConnections(credentials, parts, (clients) => fill(clients, manifest, parts));
  parts.progress({ stage: "checking", ...sizeOf(manifest) });
  await withAdmin(parts.server, (inside) => countRows(inside, manifest, parts.signal), loading);
  return finish(admin, name, manifest);
}

async function withConnections<T>(
  address: AdminAddress & { readonly database: string },
  { connections = Math.min(8, availableParallelism()), signal }: LoadParts,
  work: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  const clients = Array.from({ length: connections }, () => {
    const client = pgClient({ ...address, application_name: "hms load", keepAlive: true });
    client.on("error", () => undefined);
    return client;
  });
  const close = () => void Promise.allSettled(clients.map((client) => client.end()));
  signal.addEventListener("abort", close);
  try {
    for (const client of clients) {
      await client.connect();
      await client.query("set statement_timeout to 0; set lock_timeout to 0; set synchronous_commit to off");
      // As pg_dump's own restore has it: what definitions call is named in full.
      await client.query("select set_config('search_path', '', false)");
      await client.query("set client_encoding to 'UTF8'; set datestyle to 'ISO, YMD'; set timezone to 'UTC'");
    }
    return await work(clients);
  } catch (error) {
    signal.throwIfAborted();
    throw withoutValues(error, "load-failed");
  } finally {
    signal.removeEventListener("abort", close);
    await Promise.allSettled(clients.map((client) => client.end()));
  }
}

async function fill(clients: readonly Client[], manifest: SnapshotManifest, parts: LoadParts): Promise<void> {
  const { progress, signal } = parts;
  const folder = parts.snapshot.path;
  const [first] = clients;
  if (!first) return;
  const { preData, postData } = manifest.definitions;
  await makeTables(first, preData.file, await definitions(folder, preData));

  const sum = { rows: 0, bytes: 0 };
  const { of } = sizeOf(manifest);
  const moved = (rows: number, bytes: number) => {
    sum.rows += rows;
    sum.bytes += bytes;
    progress({ stage: "rows", ...sum, of });
  };
  const largestFirst = [...manifest.tables].sort((one, other) => other.bytes - one.bytes);
  await spread(largestFirst, clients, (client, table) => loadTable(client, table, { folder, signal, moved }));
  await setSequences(first);

  await makeKeys(clients, postData.file, await definitions(folder, postData), (done, statements) => {
    progress({ stage: "keys", ...sum, of, statements: { done, of: statements } });
  });
  progress({ stage: "statistics", ...sum, of });
  await analyze(clients, first);
}

/** What the planner goes by, for every copy of the template; as much work as making the indexes. */
async function analyze(clients: readonly Client[], first: Client): Promise<void> {
  // A partitioned table takes its partitions along.
  const { rows } = await first.query<{ schema: string; table: string }>(
    `select n.nspname as schema, c.relname as "table" from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     order by c.relkind = 'p' desc, c.relpages desc`,
  );
  await spread(rows, clients, async (client, table) => {
    await client.query(`analyze ${quoteRelation(table)}`);
  });
}

/** Text of definitions, as they were verified. @throws ScrubError */
async function definitions(folder: string, { file, sha256: wanted }: SnapshotPart): Promise<string> {
  const text = await readFile(path.join(folder, file), "utf8");
  if (sha256(text) !== wanted) throw new ScrubError("part-mismatch", { file });
  return text;
}

/** Counts what is there at last, whoever may have changed it. @throws ScrubError */
async function countRows(admin: Admin, { tables }: SnapshotManifest, signal: AbortSignal): Promise<void> {
  for (const table of tables) {
    signal.throwIfAborted();
    const [row] = await admin.rows<{ rows: string }>(
      `select count(*)::text as "rows" from only ${quoteRelation(table)}`,
    );
    const { schema, table: name, rowsOut } = table;
    if (Number(row?.rows) !== rowsOut)
      throw new ScrubError("count-mismatch", { schema, table: name }, { written: rowsOut, loaded: Number(row?.rows) });
  }
}

/** From here on it is a template, in one step. */
async function finish(admin: Admin, name: string, manifest: SnapshotManifest): Promise<Template> {
  const loading = loadingName(name);
  const [size] = await admin.rows<{ bytes: string }>("select pg_database_size($1)::text as bytes", [loading]);
  const { service, id: snapshot, source } = manifest;
  const label: TemplateLabel = {
    ...{ kind: "template", service, snapshot, takenAt: source.at, loadedAt: new Date().toISOString() },
    ...{ rows: sizeOf(manifest).rows, bytes: Number(size?.bytes ?? 0) },
  };
  await admin.together(
    `alter role ${quoteName(name)} with nologin password null`,
    `alter database ${quoteName(loading)} owner to current_user`,
    `alter database ${quoteName(loading)} with is_template true allow_connections false`,
    `comment on database ${quoteName(loading)} is ${quoteText(labelText(label))}`,
    `alter database ${quoteName(loading)} rename to ${quoteName(name)}`,
  );
  const { rows, bytes } = label;
  return { name, service, snapshot, rows, bytes, takenAt: new Date(label.takenAt), loadedAt: new Date(label.loadedAt) };
}

function sizeOf({ tables }: SnapshotManifest) {
  const of = {
    rows: tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0),
    bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return { ...of, of };
}
