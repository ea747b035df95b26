import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { z } from "zod";
import {
  DATABASE_SCHEMA,
  databaseSchema,
  type Canary,
  type DatabaseManifest,
  type DatabasePart,
  type FoundDatabase,
} from "../../core/scan/database";
import { readAdvisory, vectorsOf, type Advisory } from "../../core/scan/osvReport";
import { ratingOf } from "../../core/scan/severity";
import { RefusedError, reasonOf } from "../../platform/errors";
import { hmsHome } from "../../platform/home";

/** Where advisories are kept on this machine. */
export function defaultDatabase(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env.HMS_SCAN_DATABASE;
  return chosen === undefined || chosen === "" ? path.join(hmsHome(env), "scan", "database") : path.resolve(chosen);
}

const MANIFEST = "database.json";
const ARCHIVE = "all.zip";
/** The layout that osv-scanner looks for below the folder that it is given. */
const archiveOf = (folder: string, name: string): string => path.join(folder, "osv-scanner", name, ARCHIVE);
/** What is in force: a link, so that an import is there at once or not at all. */
const currentOf = (database: string): string => path.join(database, "current");

/** The folder to hand to osv-scanner; it stays as it is when another database is imported meanwhile. */
export const contentOf = async (database: string): Promise<string> =>
  path.resolve(database, await readlink(currentOf(database)));

/** What is there, with the digests of the archives as they are now. @param needed ecosystems to look at; all if absent. */
export async function findDatabase(database: string, needed?: readonly string[]): Promise<FoundDatabase> {
  let content: string;
  try {
    content = await contentOf(database);
  } catch {
    return { kind: "missing", where: database };
  }
  const text = await readFile(path.join(content, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) return { kind: "unreadable", where: database, why: `it has no ${MANIFEST}` };
  const read = readManifest(text);
  if (typeof read === "string") return { kind: "unreadable", where: database, why: read };
  const names = Object.keys(read.parts).filter(
    (name) => needed === undefined || needed.includes(name) || read.parts[name]?.canary.critical === true,
  );
  const digests = await Promise.all(
    names.map(async (name) => [name, await digestOf(archiveOf(content, name)).catch(() => null)] as const),
  );
  return { kind: "read", where: database, manifest: read, actual: Object.fromEntries(digests) };
}

function readManifest(text: string): DatabaseManifest | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return `${MANIFEST} is not JSON`;
  }
  const parsed = databaseSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${MANIFEST}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not of this form"} (a database of another version; import it again)`;
}

export interface ImportProgress {
  readonly signal: AbortSignal;
  /** Called now and then with an ecosystem and how many of its advisories were read. */
  readonly note: (name: string, advisories: number) => void;
}

/**
 * Takes over a folder of OSV's dumps, `<ecosystem>/all.zip` each, after reading every advisory in it. What was there
 * before is in force until all of it is good.
 * @throws RefusedError for a folder without dumps, and for one that is damaged, naming the file
 */
export async function importDatabase(
  source: string,
  database: string,
  now: Date,
  progress: ImportProgress,
): Promise<DatabaseManifest> {
  const found = await dumpsIn(source);
  if (found.length === 0)
    throw new RefusedError(
      `${source} has no advisories: expected are folders named as OSV names ecosystems (npm, Go, PyPI, Debian), each with ${ARCHIVE}, ` +
        "as in a copy of https://osv-vulnerabilities.storage.googleapis.com",
    );
  const fresh = path.join(database, `new-${process.pid}`);
  try {
    const parts: Record<string, DatabasePart> = {};
    for (const [name, archive] of found) {
      const copy = archiveOf(fresh, name);
      await mkdir(path.dirname(copy), { recursive: true });
      await copyFile(archive, copy);
      parts[name] = await readPart(name, copy, archive, progress);
    }
    const manifest: DatabaseManifest = { schema: DATABASE_SCHEMA, importedAt: now.toISOString(), parts };
    await writeFile(path.join(fresh, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await putInForce(database, fresh, now);
    return manifest;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function putInForce(database: string, fresh: string, now: Date): Promise<void> {
  const name = `at-${now.toISOString().replace(/\D/g, "")}-${process.pid}`;
  const before = await readlink(currentOf(database)).catch(() => undefined);
  await rename(fresh, path.join(database, name));
  const link = path.join(database, `link-${process.pid}`);
  await rm(link, { force: true });
  await symlink(name, link);
  await rename(link, currentOf(database));
  // The one before stays for scans that are under way.
  for (const old of await readdir(database))
    if (/^at-/.test(old) && old !== name && old !== before)
      await rm(path.join(database, old), { recursive: true, force: true });
}

/** Dumps lie in the folder itself, or where osv-scanner keeps its own. */
async function dumpsIn(source: string): Promise<readonly (readonly [name: string, archive: string])[]> {
  for (const folder of [source, path.join(source, "osv-scanner")]) {
    const names = await readdir(folder).catch((error: unknown) => {
      if (folder === source) throw new RefusedError(`${source} cannot be read: ${reasonOf(error)}`);
      return [];
    });
    const dumps: (readonly [string, string])[] = [];
    for (const name of names.sort()) {
      const archive = path.join(folder, name, ARCHIVE);
      const there = await stat(archive).catch(() => undefined);
      if (there?.isFile() === true) dumps.push([name, archive]);
    }
    if (dumps.length > 0) return dumps;
  }
  return [];
}

const datedSchema = z.object({ modified: z.iso.datetime({ offset: true }), withdrawn: z.string().optional() });

async function readPart(
  name: string,
  archive: string,
  shown: string,
  { signal, note }: ImportProgress,
): Promise<DatabasePart> {
  let [advisories, newest] = [0, 0];
  let canary: Canary | undefined;
  const refuse = (what: string): never => {
    throw new RefusedError(`${shown}: ${what}; nothing was imported. Fetch it again`);
  };
  const zip = await openPromise(archive).catch((error: unknown) => refuse(`is damaged: ${reasonOf(error)}`));
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (!entry.fileName.endsWith(".json")) continue;
      const text = await zip
        .openReadStreamPromise(entry)
        .then(buffer)
        .catch((error: unknown) => refuse(`${entry.fileName} is damaged: ${reasonOf(error)}`));
      const { advisory, modified, withdrawn } =
        readEntry(text.toString("utf8")) ?? refuse(`${entry.fileName} is no advisory`);
      newest = Math.max(newest, Date.parse(modified));
      if (!withdrawn && canary?.critical !== true) canary = plantable(name, advisory, canary);
      if (++advisories % 1000 === 0) note(name, advisories);
    }
  } catch (error) {
    if (error instanceof RefusedError || signal.aborted) throw error;
    refuse(`is damaged: ${reasonOf(error)}`);
  } finally {
    zip.close();
  }
  if (advisories === 0) return refuse("holds no advisory");
  if (canary === undefined)
    return refuse("has no advisory that names a version, so that no scan with it could prove itself");
  const { size } = await stat(archive);
  return { sha256: await digestOf(archive), bytes: size, advisories, newest: new Date(newest).toISOString(), canary };
}

function readEntry(text: string) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const dated = datedSchema.safeParse(json);
  const advisory = readAdvisory(json);
  if (!dated.success || advisory === undefined) return undefined;
  return { advisory, modified: dated.data.modified, withdrawn: dated.data.withdrawn !== undefined };
}

/** An advisory that names a version can be asked for by it; a critical one says more than what was found before. */
function plantable(part: string, advisory: Advisory, before: Canary | undefined): Canary | undefined {
  for (const { package: of, versions } of advisory.affected) {
    const [version] = versions;
    if (of === undefined || version === undefined || of.ecosystem.split(":")[0] !== part) continue;
    const critical = ratingOf(vectorsOf(advisory, of.ecosystem, of.name)).severity === "critical";
    if (before === undefined || critical)
      return { id: advisory.id, ecosystem: of.ecosystem, name: of.name, version, critical };
  }
  return before;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
