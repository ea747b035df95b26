import { readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { parse } from "yaml";
import { path as at } from "../core/json";
import { reasonOf, RefusedError } from "../platform/errors";
import { commandLine, identify, startedAt } from "../platform/local/procfs";
import { stateFolder } from "./stateFiles";

/** Who holds the engine's lock of a stack, as the engine noted it. */
export interface EngineLock {
  readonly pid: number;
  readonly user: string;
  readonly host: string;
  /** ISO 8601; absent where the engine did not say. */
  readonly since?: string;
}

/** A lock, and the file that it is. */
export interface LockFile {
  readonly file: string;
  readonly lock: EngineLock;
}

/** The line that names a lock: `file:///…/<uuid>.json?…: created by USER@HOST (pid N) at TIME`. */
export function lockOf(line: string): EngineLock | undefined {
  const pattern = /^\s*\S+: created by ([^@]*)@(\S+) \(pid (\d+)\)(?: at (\S+))?/;
  const [, user, host, pid, since] = pattern.exec(line) ?? [];
  if (user === undefined || host === undefined || pid === undefined) return undefined;
  return { user, host, pid: Number(pid), ...(since === undefined ? {} : { since }) };
}

export const describeLock = (lock: EngineLock): string => `${lock.user}@${lock.host}, pid ${lock.pid}`;

/**
 * - `alive`: its process runs.
 * - `ended`: its process was on this machine and is gone, or its pid was given to another one since.
 * - `elsewhere`: its process is on another machine, so nobody here can say.
 */
export type Owner = "alive" | "ended" | "elsewhere";

/** A clock that was set, or a pid that was taken again so soon, is no proof that the owner has ended. */
const CLOCK_SLACK_MS = 60_000;

export function ownerOf(lock: EngineLock): Owner {
  if (lock.host !== os.hostname()) return "elsewhere";
  try {
    process.kill(lock.pid, 0);
  } catch (error) {
    return at(error, "code") === "EPERM" ? "alive" : "ended";
  }
  if (process.platform !== "linux") return "alive";
  if (identify(lock.pid) === undefined) return "ended";
  // Where the command line cannot be read, any living process counts.
  const words = commandLine(lock.pid);
  if (words.length > 0 && words[0]?.includes("pulumi") !== true) return "ended";
  const started = startedAt(lock.pid);
  const since = Date.parse(lock.since ?? "");
  return started !== undefined && started > since + CLOCK_SLACK_MS ? "ended" : "alive";
}

/** @throws RefusedError unless the lock's owner is known to have ended. */
export function refuseLiving(lock: EngineLock, stack: string): void {
  const owner = ownerOf(lock);
  if (owner === "ended") return;
  const busy = `stack ${stack} is being updated by ${describeLock(lock)}`;
  throw new RefusedError(
    owner === "alive"
      ? `${busy}. Wait until that ends, or stop it`
      : `${busy}, on another machine. Wait, or when you know that it has ended: pulumi cancel ${stack}`,
  );
}

const lockSchema = z.object({
  pid: z.number().int().positive(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/**
 * The locks of a stack whose state lies in a folder. Takes none and changes nothing.
 * @throws RefusedError for another backend, whose locks only the engine can read, and for a lock that is none.
 */
export function readLocks(backend: string, root: string, stack: string): readonly LockFile[] {
  const folder = path.join(
    folderOf(backend, root, stack),
    ".pulumi",
    "locks",
    "organization",
    projectName(root),
    stack,
  );
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (at(error, "code") === "ENOENT") return [];
    throw new RefusedError(`the locks in ${folder} cannot be read: ${reasonOf(error)}`);
  }
  return names.filter((name) => name.endsWith(".json")).flatMap((name) => readLock(path.join(folder, name)) ?? []);
}

/** Removes one lock; quiet when it has gone by itself. */
export function removeLock({ file }: LockFile): void {
  for (const part of [file, `${file}.attrs`]) rmSync(part, { force: true });
}

/** `undefined` when it went away meanwhile. */
function readLock(file: string): LockFile | undefined {
  try {
    const { pid, username, hostname, timestamp } = lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return { file, lock: { pid, user: username, host: hostname, since: timestamp } };
  } catch (error) {
    if (at(error, "code") === "ENOENT") return undefined;
    throw new RefusedError(`${file} is a lock that does not say who holds it. Look at it, and remove it by hand`);
  }
}

function folderOf(backend: string, root: string, stack: string): string {
  const folder = stateFolder(backend, root);
  if (folder !== undefined) return folder;
  const kind = backend.split(":")[0] ?? backend;
  throw new RefusedError(
    `the locks of a ${kind} backend can be read by the engine alone. hms-deploy --env ${stack} does that: it names the owner, ` +
      `and clears the lock when that has ended here; pulumi cancel ${stack} removes it whoever holds it`,
  );
}

const projectName = (root: string): string => {
  const name = at(parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")), "name");
  if (typeof name !== "string") throw new RefusedError("Pulumi.yaml has no name");
  return name;
};
