import { setTimeout as sleep } from "node:timers/promises";
import { quoteName } from "../../core/scrub/sql";
import { RefusedError } from "../../platform/errors";
import type { Template } from "../snapshot/templates";
import { type Admin, isState } from "./admin";

/** From here on copying files is faster than writing every page to the log, and it leaves the server's cache alone. */
const LARGE = 64 * 2 ** 20;
/** Somebody, a vacuum for instance, is still in the template. */
const IN_USE = "55006";
const TRIES = 10;

/** Makes a database from a template; whoever is not an administrator is kept out of it. @throws RefusedError */
export async function copyDatabase(admin: Admin, template: Template, database: string): Promise<void> {
  const [server] = await admin.rows<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const strategy =
    (server?.version ?? 0) < 150_000 ? "" : ` strategy ${template.bytes < LARGE ? "wal_log" : "file_copy"}`;
  const name = quoteName(database);
  for (let tries = 1; ; tries++) {
    try {
      await admin.run(
        `create database ${name} template ${quoteName(template.name)}${strategy} allow_connections false`,
      );
      break;
    } catch (error) {
      if (isState(error, "3D000"))
        throw new RefusedError(`the template ${template.name} has just been removed; run it again for a newer one`);
      if (!isState(error, IN_USE) || tries === TRIES) throw error;
      await sleep(200 * tries);
    }
  }
  await admin.run(`revoke all on database ${name} from public`, `alter database ${name} with allow_connections true`);
}

/** Gives all that a role owns in this one database to another, which may make schemas there. @param inside it */
export async function handOver(inside: Admin, from: string, to: string): Promise<void> {
  const schemas = await inside.rows<{ name: string }>(
    "select nspname as name from pg_namespace where nspname = 'public' or pg_get_userbyid(nspowner) = $1",
    [from],
  );
  await inside.together(
    // First what the rest is in: who is no superuser may give things only to one who could have made them.
    ...schemas.map(({ name }) => `alter schema ${quoteName(name)} owner to ${quoteName(to)}`),
    `reassign owned by ${quoteName(from)} to ${quoteName(to)}`,
  );
}

/** What a role may use of a server that it shares. Where its own settings can be set, it may set others. */
export async function limitStatements(admin: Admin, role: string, connections: number): Promise<readonly string[]> {
  const name = quoteName(role);
  const [self] = await admin.rows<{ superuser: boolean }>(
    "select rolsuper as superuser from pg_roles where rolname = current_user",
  );
  return [
    `alter role ${name} with connection limit ${Math.trunc(connections)}`,
    `alter role ${name} set statement_timeout to '10min'`,
    `alter role ${name} set idle_in_transaction_session_timeout to '10min'`,
    // Only a superuser may say it, and the role cannot change it.
    ...(self?.superuser === true ? [`alter role ${name} set temp_file_limit to '2GB'`] : []),
  ];
}
