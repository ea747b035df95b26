import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError, type Client, type ClientConfig, type QueryResultRow } from "pg";
import { quoteName, quoteText } from "../../core/scrub/sql";
import { RefusedError } from "../../platform/errors";
import { pgClient } from "../../platform/pgClient";

/**
 * How somebody who may make roles and databases reaches the sandboxes' server. What is not said comes from libpq's own
 * variables (PGHOST, PGUSER, PGPASSFILE and so on).
 */
export type AdminAddress = Pick<ClientConfig, "host" | "port" | "user" | "password" | "ssl">;

/** The database that every server has. Locks of PostgreSQL are a database's own, so all of us meet in one. */
const MEETING_PLACE = "postgres";

const POLL_MS = 200;
/** Else one waits minutes for a server that says nothing at all. */
const PATIENCE = { connectionTimeoutMillis: 10_000 };

/** A connection with which the server itself is changed: databases, roles, who may connect. */
export class Admin {
  private constructor(private readonly client: Client) {}

  /** @param database @default - the one for what concerns the whole server. @throws RefusedError when it is out of reach */
  static async open(server: AdminAddress, database = MEETING_PLACE): Promise<Admin> {
    const client = pgClient({ ...server, database, application_name: "hms sandbox", keepAlive: true, ...PATIENCE });
    // A connection that breaks between two statements is told by the next one.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("set statement_timeout to 0; set lock_timeout to '60s'; set search_path to pg_catalog");
      await client.query("set client_min_messages to error; set row_security to off");
      return new Admin(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
      const where = `${client.host}:${client.port}`;
      throw new RefusedError(
        `the sandboxes' server cannot be reached at ${where} as ${client.user ?? "nobody"}: ${code}; check address, role and password`,
      );
    }
  }

  async rows<Row extends QueryResultRow>(query: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.client.query<Row>(query, [...values])).rows;
  }

  /** One after the other, each for itself. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.client.query(statement);
  }

  /** All of them or none. */
  async together(...statements: readonly string[]): Promise<void> {
    await this.client.query("begin");
    try {
      await this.run(...statements);
      await this.client.query("commit");
    } catch (error) {
      await this.client.query("rollback").catch(() => undefined);
      throw error;
    }
  }

  /** Runs `work` while nobody else on this server holds the lock of that name; it is free once its holder is gone. */
  async exclusively<T>(
    name: string,
    { onWait, signal }: { readonly onWait?: () => void; readonly signal?: AbortSignal | undefined },
    work: () => Promise<T>,
  ): Promise<T> {
    const key = createHash("sha256").update(name).digest().readBigInt64BE().toString();
    let told = false;
    for (;;) {
      signal?.throwIfAborted();
      const [row] = await this.rows<{ got: boolean }>("select pg_try_advisory_lock($1::bigint) as got", [key]);
      if (row?.got === true) break;
      if (!told) onWait?.();
      told = true;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    try {
      return await work();
    } finally {
      await this.rows("select pg_advisory_unlock($1::bigint)", [key]).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/** Opens a connection for the time of `work`. */
export async function withAdmin<T>(
  server: AdminAddress,
  work: (admin: Admin) => Promise<T>,
  database?: string,
): Promise<T> {
  const admin = await Admin.open(server, database);
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/** Whether the server refused with that SQLSTATE. */
export const isState = (error: unknown, ...states: readonly string[]): boolean =>
  error instanceof DatabaseError && error.code !== undefined && states.includes(error.code);

/**
 * Takes away what every role may do by default: connect to any database of the server.
 * @throws RefusedError naming the databases where that is not ours to take
 */
export async function closeDatabases(admin: Admin): Promise<void> {
  const open = () =>
    admin.rows<{ name: string }>(
      `select d.datname as name from pg_database d
       where d.datallowconn and exists (
         select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) given
         where given.grantee = 0 and given.privilege_type = 'CONNECT')`,
    );
  for (const { name } of await open()) {
    try {
      await admin.run(`revoke connect, temporary on database ${quoteName(name)} from public`);
    } catch (error) {
      // Gone meanwhile, or closed by somebody else in the same moment.
      if (!isState(error, "3D000", "XX000")) throw error;
    }
  }
  const left = await open();
  if (left.length > 0)
    throw new RefusedError(
      `every role may connect to ${left.map(({ name }) => name).join(", ")}, and so could a sandbox; ` +
        "revoke connect on them from public as their owner",
    );
}

/** Ends every connection to a database, and lets nobody in any more, before it is dropped. Nothing where there is none. */
export async function dropDatabase(admin: Admin, database: string): Promise<void> {
  const name = quoteName(database);
  const [found] = await admin.rows("select from pg_database where datname = $1", [database]);
  if (!found) return;
  try {
    await admin.run(`alter database ${name} with is_template false allow_connections false`);
  } catch (error) {
    if (!isState(error, "3D000")) throw error;
  }
  await admin.run(`drop database if exists ${name} with (force)`);
}

/** @returns whether it is gone: a role stays as long as something on the server belongs to it. */
export async function dropRole(admin: Admin, role: string): Promise<boolean> {
  try {
    await admin.run(`drop role if exists ${quoteName(role)}`);
    return true;
  } catch (error) {
    if (isState(error, "2BP01")) return false;
    throw error;
  }
}

/** Names of a role that has no right but to connect where it is let in; and who made it may hand things over to it. */
export async function makeRole(
  admin: Admin,
  role: string,
  verifier: string,
  ...more: readonly string[]
): Promise<void> {
  const name = quoteName(role);
  const [self] = await admin.rows<{ superuser: boolean }>(
    "select rolsuper as superuser from pg_roles where rolname = current_user",
  );
  await admin.together(
    `create role ${name} with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password ${quoteText(verifier)}`,
    ...(self?.superuser === true ? [] : [`grant ${name} to current_user`]),
    ...more,
  );
}
