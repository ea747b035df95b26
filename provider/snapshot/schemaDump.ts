import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import type { SnapshotPart } from "../../core/scrub/manifest";
import { sha256 } from "../../core/sha256";
import { RefusedError } from "../../platform/errors";
import type { SourceAddress, SourceMoment } from "./source";

/** Where Debian's packages put each version. */
const DEBIAN = "/usr/lib/postgresql";

/** What stands before the rows (types, tables, functions) and after them (indexes, constraints, triggers). */
export type Section = "pre-data" | "post-data";

/**
 * Writes one section of the source's schema into `<folder>/<section>.sql`, by pg_dump, of the same moment as the rows.
 * Owners and rights stay behind: a sandbox has roles of its own. @throws ScrubError
 */
export async function dumpSchema(
  section: Section,
  folder: string,
  {
    address,
    moment,
    program,
    signal,
  }: {
    readonly address: SourceAddress;
    readonly moment: SourceMoment;
    /** Path of pg_dump. */
    readonly program: string;
    readonly signal: AbortSignal;
  },
): Promise<SnapshotPart> {
  const args = [
    `--section=${section}`,
    `--snapshot=${moment.name}`,
    "--no-owner",
    "--no-privileges",
    "--no-publications",
  ];
  const child = spawn(program, [...args, "--no-subscriptions", "--no-security-labels", "--no-tablespaces"], {
    env: { ...process.env, ...libpqVariables(address) },
    // What it says on stderr may quote the schema's texts: it stays in the vault.
    stdio: ["ignore", "pipe", "ignore"],
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  try {
    const code = await ended;
    if (code !== 0) throw new ScrubError("source-refused", { kind: "pg_dump", rule: section }, { exit: code ?? -1 });
    const bytes = Buffer.from(plainSql(Buffer.concat(chunks).toString("utf8")));
    const file = `${section}.sql`;
    await writeFile(path.join(folder, file), bytes, { mode: 0o600, flag: "wx" });
    return { file, bytes: bytes.length, sha256: sha256(bytes) };
  } catch (error) {
    signal.throwIfAborted();
    throw withoutValues(error, "source-refused", { kind: "pg_dump", rule: section });
  }
}

/**
 * A dump without the two lines that newer pg_dumps put around it for psql alone, with another random word each time:
 * so it is SQL and nothing else, and the same schema gives the same bytes. Servers from 15.19 on note a number of each
 * column among its options; a pg_dump from before takes it for a setting, which other servers would refuse.
 */
export const plainSql = (dump: string): string =>
  dump
    .replace(/^((?:--.*\n|\n)*)\\restrict (\w+)\n([^]*)\n\\unrestrict \2\n/, "$1$3")
    .replace(/^ALTER TABLE ONLY .* ALTER COLUMN .* SET \(pg_attver=\d+\);\n/gm, "")
    .replace(/^(ALTER TABLE ONLY .* ALTER COLUMN .* SET \()pg_attver=\d+, (.*\);)$/gm, "$1$2")
    .replace(/^(ALTER TABLE ONLY .* ALTER COLUMN .* SET \(.*), pg_attver=\d+\b(.*\);)$/gm, "$1$2");

/** The variables by which libpq's programs learn what is not in the environment already. */
function libpqVariables({ host, port, database, user, password }: SourceAddress): NodeJS.ProcessEnv {
  const given = {
    ...(host === undefined ? {} : { PGHOST: host }),
    ...(port === undefined ? {} : { PGPORT: String(port) }),
    ...(database === undefined ? {} : { PGDATABASE: database }),
    ...(user === undefined ? {} : { PGUSER: user }),
    ...(typeof password === "string" ? { PGPASSWORD: password } : {}),
  };
  return { ...given, PGAPPNAME: "hms snapshot" };
}

/** The pg_dump on PATH, else Debian's newest. It must be as new as the server. @throws RefusedError */
export function pgDumpOf(env: NodeJS.ProcessEnv): string {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => path.join(DEBIAN, version, "bin"))
    : [];
  const folders = [...(env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== ""), ...debian];
  const found = folders.map((folder) => path.join(folder, "pg_dump")).find((file) => existsSync(file));
  if (found === undefined)
    throw new RefusedError(
      "there is no pg_dump on PATH; install PostgreSQL's client programs, of the server's version or newer",
    );
  return found;
}
