import * as fs from "node:fs";
import * as path from "node:path";
import type { ClientBase, Pool } from "pg";

/** One step of the schema. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

/** Held while the schema changes: two runs at once wait for each other. Any number that nobody else uses. */
const LOCK = 7_204_119;

/** The steps in a folder of `0001-name.up.sql` and `0001-name.down.sql`, oldest first. */
export function readMigrations(folder: string): readonly Migration[] {
  const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");
  return fs
    .readdirSync(folder)
    .flatMap((file) => {
      const [, version = "", name = ""] = /^(\d{4})-([a-z0-9-]+)\.up\.sql$/.exec(file) ?? [];
      if (version === "") return [];
      return { version: Number(version), name, up: read(file), down: read(file.replace(/\.up\.sql$/, ".down.sql")) };
    })
    .sort((a, b) => a.version - b.version);
}

/** The newest version that this release's sources know. */
export const newestVersion = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

/**
 * Brings the schema to the newest version. Each step is one transaction with the note that it is done, so a run that was
 * killed is simply repeated. @returns the names of the steps that were done now.
 */
export function migrateUp(pool: Pool, migrations: readonly Migration[]): Promise<readonly string[]> {
  return locked(pool, async (client) => {
    const done = await versions(client);
    const names: string[] = [];
    for (const { version, name, up } of migrations.filter((one) => !done.includes(one.version))) {
      await inTransaction(client, async () => {
        await client.query(up);
        await client.query("insert into schema_migrations (version, name) values ($1, $2)", [version, name]);
      });
      names.push(name);
    }
    return names;
  });
}

/** Takes the newest step back, if this release's sources know it. @returns its name; none when there is nothing to do. */
export function migrateDown(pool: Pool, migrations: readonly Migration[]): Promise<readonly string[]> {
  return locked(pool, async (client) => {
    const last = (await versions(client)).at(-1);
    const step = migrations.find(({ version }) => version === last);
    if (!step) return [];
    await inTransaction(client, async () => {
      await client.query(step.down);
      await client.query("delete from schema_migrations where version = $1", [step.version]);
    });
    return [step.name];
  });
}

/** The newest step that the database has; 0 for none. @throws Error when it cannot be asked. */
export async function schemaVersion(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ version: number | null }>(
    "select max(version) as version from schema_migrations",
  );
  return rows[0]?.version ?? 0;
}

async function versions(client: ClientBase): Promise<readonly number[]> {
  const { rows } = await client.query<{ version: number }>("select version from schema_migrations order by version");
  return rows.map(({ version }) => version);
}

async function locked<T>(pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await client.query(
      `create table if not exists schema_migrations (
         version integer primary key, name text not null, done_at timestamptz not null default now())`,
    );
    return await work(client);
  } finally {
    // Ends the session, and the lock with it, also where the connection broke.
    client.release(true);
  }
}

async function inTransaction(client: ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
