import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import { RefusedError } from "../../platform/errors";
import type { SourceAddress, SourceMoment } from "./source";

/** Where Debian's packages put each version. */
const DEBIAN = "/usr/lib/postgresql";

/** What stands before the rows (types, tables, functions) and after them (indexes, constraints, triggers). */
export const SECTIONS = ["pre-data", "post-data"] as const;
export type Section = (typeof SECTIONS)[number];

export interface DumpedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes one section of the source's schema into a file, by pg_dump, of the same moment as the rows. Owners and rights stay
 * behind: a sandbox has roles of its own. @throws ScrubError
 */
export async function dumpSchema(
  section: Section,
  file: string,
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
): Promise<DumpedFile> {
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
  const hash = createHash("sha256");
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  try {
    await pipeline(child.stdout, createWriteStream(file, { mode: 0o600 }));
    const code = await ended;
    if (code !== 0) throw new ScrubError("source-refused", { kind: "pg_dump", rule: section }, { exit: code ?? -1 });
    return { bytes, sha256: hash.digest("hex") };
  } catch (error) {
    signal.throwIfAborted();
    throw withoutValues(error, "source-refused", { kind: "pg_dump", rule: section });
  }
}

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
