import { scramVerifier } from "../../core/postgres/scram";
import { labelText, parseLabel, type SandboxLabel } from "../../core/sandbox/template";
import { DEFAULT_MOST_HOURS } from "../../core/scrub/manifest";
import { quoteName, quoteText } from "../../core/scrub/sql";
import { RefusedError } from "../../platform/errors";
import { standingTemplates, type Template } from "../snapshot/templates";
import { type Admin, type AdminAddress, closeDatabases, dropDatabase, dropRole, makeRole, withAdmin } from "./admin";
import { copyDatabase, handOver, limitStatements } from "./copy";

/** What a sandbox's database is to be. */
export interface SandboxDatabaseWish {
  /** Name of the sandbox, `sbx-42`. */
  readonly sandbox: string;
  readonly service: string;
  /** `latest`: the newest that is loaded when the database is made; it keeps that one. */
  readonly snapshot: string;
  /** Its name, and that of the one role that may use it: the sandbox's with `_`. */
  readonly database: string;
  /** Of printable ASCII characters. The server is told its verifier alone. */
  readonly password: string;
  /** Of the role, at once. */
  readonly connectionLimit: number;
  /** Of the snapshot's source. @default 36 */
  readonly mostHours?: number;
}

/** Which database, and whose it must be to be touched. */
export type SandboxPlace = Pick<SandboxDatabaseWish, "sandbox" | "database">;

/** A sandbox's database that is whole. */
export interface SandboxDatabase extends Omit<SandboxLabel, "kind" | "takenAt"> {
  readonly database: string;
  readonly takenAt: Date;
}

/** One as it stands on the server, whole or not. */
export interface SeenDatabase {
  /** Of the role too. */
  readonly database: string;
  readonly sandbox: string;
  /** `half-made`: whoever made it, or took it away, did not come to the end. */
  readonly state: "whole" | "half-made";
  /** Id of the snapshot in it, where it is whole. */
  readonly snapshot?: string;
  /** On disk; 0 where there is a role alone. */
  readonly bytes: number;
}

/**
 * Makes a sandbox's database as a copy of a loaded snapshot, and the one role that may connect to it, and to nothing else.
 * One that is whole already is kept as it is, with this password and limit; what a killed run has left is made anew.
 * @throws RefusedError when the snapshot is not loaded or too old, or something else has that name
 */
export async function createSandboxDatabase(
  server: AdminAddress,
  wish: SandboxDatabaseWish,
  signal?: AbortSignal,
): Promise<SandboxDatabase> {
  const verifier = scramVerifier(wish.password);
  return withAdmin(server, (admin) =>
    admin.exclusively(lockOf(wish.database), { signal }, async () => {
      const standing = await ourOwn(admin, wish);
      const { snapshot, service } = wish;
      if (standing?.service === service && (snapshot === "latest" || snapshot === standing.snapshot)) {
        await setRole(admin, wish, verifier);
        return standing;
      }
      const template = await templateFor(admin, wish);
      await remove(admin, wish.database);
      await closeDatabases(admin);
      try {
        return await make(admin, server, { wish, template, verifier, signal });
      } catch (error) {
        await remove(admin, wish.database).catch(() => undefined);
        throw error;
      }
    }),
  );
}

async function make(
  admin: Admin,
  server: AdminAddress,
  {
    wish,
    template,
    verifier,
    signal,
  }: {
    readonly wish: SandboxDatabaseWish;
    readonly template: Template;
    readonly verifier: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<SandboxDatabase> {
  const { sandbox, service } = wish;
  const { snapshot, takenAt, name } = template;
  const label: SandboxLabel = {
    ...{ kind: "sandbox", sandbox, service, snapshot, template: name },
    takenAt: takenAt.toISOString(),
  };
  const comment = quoteText(labelText(label));
  const database = quoteName(wish.database);
  // The role's label says from the start whose a half-made database is.
  await makeRole(admin, wish.database, verifier, `comment on role ${database} is ${comment}`);
  await setRole(admin, wish, verifier);
  signal?.throwIfAborted();
  await copyDatabase(admin, template, wish.database);
  signal?.throwIfAborted();
  await admin.run(`grant create on database ${database} to ${database}`);
  await withAdmin(server, (inside) => handOver(inside, name, wish.database), wish.database);
  signal?.throwIfAborted();
  await admin.together(
    `grant connect, temporary on database ${database} to ${database}`,
    `comment on database ${database} is ${comment}`,
  );
  return wholeOf(wish.database, label);
}

/** What stands on the server; `undefined` when there is none, or not a whole one. */
export const readSandboxDatabase = (server: AdminAddress, database: string): Promise<SandboxDatabase | undefined> =>
  withAdmin(server, async (admin) => {
    const label = await labelOf(admin, database);
    return label?.kind === "sandbox" ? wholeOf(database, label) : undefined;
  });

/** Gives the role another password or limit. @throws RefusedError when the database is not there */
export async function updateSandboxDatabase(
  server: AdminAddress,
  wish: Pick<SandboxDatabaseWish, "sandbox" | "database" | "password" | "connectionLimit">,
): Promise<SandboxDatabase> {
  const verifier = scramVerifier(wish.password);
  return withAdmin(server, async (admin) => {
    const standing = await ourOwn(admin, wish);
    if (!standing) throw new RefusedError(`there is no database ${wish.database}; make it with pulumi up --refresh`);
    await setRole(admin, wish, verifier);
    return standing;
  });
}

/**
 * Takes a sandbox's database away with its role: nobody new gets in, who is in is put out. Nothing to do is done.
 * The template need not be there. @throws RefusedError when it is no sandbox's
 */
export const dropSandboxDatabase = (server: AdminAddress, of: SandboxPlace, signal?: AbortSignal): Promise<void> =>
  withAdmin(server, (admin) =>
    admin.exclusively(lockOf(of.database), { signal }, async () => {
      await ourOwn(admin, of);
      await remove(admin, of.database);
    }),
  );

/** All of them on a server, half-made ones too. */
export const listSandboxDatabases = (server: AdminAddress): Promise<readonly SeenDatabase[]> =>
  withAdmin(server, async (admin) => {
    const rows = await admin.rows<{ name: string; comment: string | null; mark: string | null; bytes: string }>(
      `select coalesce(d.datname, r.rolname)::text as name, shobj_description(d.oid, 'pg_database') as comment,
         shobj_description(r.oid, 'pg_authid') as mark, coalesce(pg_database_size(d.oid), 0)::text as bytes
       from pg_database d full join pg_roles r on r.rolname = d.datname
       order by 1`,
    );
    return rows.flatMap(({ name, comment, mark, bytes }): readonly SeenDatabase[] => {
      const [whole, begun] = [parseLabel(comment), parseLabel(mark)];
      const seen = { database: name, bytes: Number(bytes) };
      if (whole?.kind === "sandbox")
        return [{ ...seen, sandbox: whole.sandbox, state: "whole", snapshot: whole.snapshot }];
      return begun?.kind === "sandbox" ? [{ ...seen, sandbox: begun.sandbox, state: "half-made" }] : [];
    });
  });

const lockOf = (database: string): string => `hms sandbox database ${database}`;

const wholeOf = (database: string, { kind: _kind, takenAt, ...label }: SandboxLabel): SandboxDatabase => ({
  database,
  ...label,
  takenAt: new Date(takenAt),
});

/** What the server says of a database. */
async function labelOf(admin: Admin, database: string) {
  const [row] = await admin.rows<{ comment: string | null }>(
    "select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1",
    [database],
  );
  return row && parseLabel(row.comment);
}

/** The whole one of that name. @throws RefusedError when what has the name is not this sandbox's, half-made or not */
async function ourOwn(admin: Admin, { sandbox, database }: SandboxPlace): Promise<SandboxDatabase | undefined> {
  const [seen] = await admin.rows<{ exists: boolean; mark: string | null; made: boolean }>(
    `select exists (select from pg_database where datname = $1) as exists,
       exists (select from pg_roles where rolname = $1) as made,
       (select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1) as mark`,
    [database],
  );
  const label = await labelOf(admin, database);
  const mark = parseLabel(seen?.mark ?? null);
  const isOurs = (one: typeof label): boolean => one?.kind === "sandbox" && one.sandbox === sandbox;
  // A role of ours stands from before the database to after it; one without its database is a half-made one's.
  if ((seen?.exists === true || seen?.made === true) && !isOurs(label) && !isOurs(mark))
    throw new RefusedError(
      `${database} is on the sandboxes' server and not a database of ${sandbox}, so it is left alone; choose another name`,
    );
  return label?.kind === "sandbox" && seen?.made === true ? wholeOf(database, label) : undefined;
}

/** @throws RefusedError that says how to get it */
async function templateFor(admin: Admin, wish: SandboxDatabaseWish): Promise<Template> {
  const { service, snapshot, mostHours = DEFAULT_MOST_HOURS } = wish;
  const standing = await standingTemplates(admin, service);
  const found = snapshot === "latest" ? standing.at(-1) : standing.find((one) => one.snapshot === snapshot);
  const get = `hms snapshot load --service ${service}`;
  if (!found && snapshot === "latest")
    throw new RefusedError(`no snapshot of ${service} is loaded on the sandboxes' server; load one: ${get}`);
  if (!found)
    throw new RefusedError(
      `the snapshot ${snapshot} of ${service} is not loaded on the sandboxes' server, which has ` +
        `${standing.map((one) => one.snapshot).join(", ") || "none"}; load it: ${get} --id ${snapshot}`,
    );
  const hours = (Date.now() - found.takenAt.getTime()) / 3_600_000;
  if (hours > mostHours)
    throw new RefusedError(
      `the snapshot ${found.snapshot} of ${service} is ${hours.toFixed(1)} h old, at most ${mostHours} h allowed; ` +
        `take and load a newer one: hms snapshot take --service ${service}, then ${get}`,
    );
  return found;
}

async function setRole(
  admin: Admin,
  { database, connectionLimit }: Pick<SandboxDatabaseWish, "database" | "connectionLimit">,
  verifier: string,
): Promise<void> {
  const limits = await limitStatements(admin, database, connectionLimit);
  await admin.together(...limits, `alter role ${quoteName(database)} with login password ${quoteText(verifier)}`);
}

/** From its first step on it is no whole database any more, wherever it ends. */
async function remove(admin: Admin, database: string): Promise<void> {
  const name = quoteName(database);
  const [seen] = await admin.rows<{ exists: boolean; made: boolean }>(
    `select exists (select from pg_database where datname = $1) as exists,
       exists (select from pg_roles where rolname = $1) as made`,
    [database],
  );
  await admin.together(
    ...(seen?.made === true ? [`alter role ${name} with nologin`] : []),
    ...(seen?.exists === true
      ? [`comment on database ${name} is null`, `alter database ${name} with allow_connections false`]
      : []),
  );
  await dropDatabase(admin, database);
  if (!(await dropRole(admin, database)))
    throw new RefusedError(
      `the role ${database} has rights or things in another database of the server; take them away there, then run it again`,
    );
}
