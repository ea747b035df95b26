import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RefusedError } from "../errors";
import type { Layout } from "./layout";
import { identify, isAlive, type ProcessIdentity } from "./procfs";

/** A long-lived process of the platform, and what it reads. */
export interface DaemonSpec {
  readonly name: string;
  readonly argv: readonly [program: string, ...args: string[]];
  /** Configuration files by path. A change of any restarts the process. */
  readonly files: Readonly<Record<string, string>>;
  /** Who must be able to read the files, if not root. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Extra environment; nothing of the caller's own environment is handed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What is kept of a started process, to find it again and to see whether it is still the wanted one. */
export interface DaemonRecord extends ProcessIdentity {
  readonly name: string;
  readonly spec: string;
}

const recordFile = (layout: Layout, name: string): string => path.join(layout.run, `${name}.json`);
export const logFile = (layout: Layout, name: string): string => path.join(layout.log, `${name}.log`);

/** Set in every process of a platform, and inherited by what it starts: tells whose it is when the pid file is lost. */
export const OWNER_VARIABLE = "HMS_PLATFORM_HOME";

/** Largest log before it is put aside at the next start, or emptied into its predecessor while the process runs. */
const LOG_LIMIT = 16 * 1024 * 1024;

/** Changes with anything that would make a freshly started process differ from the running one. */
export function specHash(spec: DaemonSpec, programStamp: string): string {
  const text = JSON.stringify([spec.argv, Object.entries(spec.files).sort(), spec.env ?? {}, programStamp]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function programStamp(program: string): string {
  const { mtimeMs, size } = fs.statSync(program);
  return `${mtimeMs}:${size}`;
}

/** The record in a pid file; undefined if it is missing, cut short or not ours. */
export function parseRecord(text: string): DaemonRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<DaemonRecord> | null;
    if (value === null || typeof value !== "object") return undefined;
    const { name, pid, startTime, bootId, spec } = value;
    if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return undefined;
    if (typeof name !== "string" || typeof startTime !== "string") return undefined;
    if (typeof bootId !== "string" || typeof spec !== "string") return undefined;
    return { name, pid, startTime, bootId, spec };
  } catch {
    return undefined;
  }
}

/** The running process of that name, by its pid file; undefined if it is not running. */
export function runningDaemon(layout: Layout, name: string): DaemonRecord | undefined {
  const file = recordFile(layout, name);
  if (!fs.existsSync(file)) return undefined;
  const record = parseRecord(fs.readFileSync(file, "utf8"));
  return record !== undefined && isAlive(record) ? record : undefined;
}

/** Whether the running process was started from this very specification. */
export function isCurrent(record: DaemonRecord, spec: DaemonSpec): boolean {
  return record.spec === specHash(spec, programStamp(spec.argv[0]));
}

/** Starts a process in a session of its own, so that it outlives the command and hears no signal meant for it. */
export function startDaemon(layout: Layout, spec: DaemonSpec): DaemonRecord {
  for (const [file, text] of Object.entries(spec.files)) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
    if (spec.owner !== undefined) fs.chownSync(file, spec.owner.uid, spec.owner.gid);
  }
  const log = logFile(layout, spec.name);
  fs.mkdirSync(layout.log, { recursive: true });
  if (fs.existsSync(log) && fs.statSync(log).size > LOG_LIMIT) fs.renameSync(log, `${log}.1`);
  const fd = fs.openSync(log, "a", 0o600);
  const [program, ...args] = spec.argv;
  const env = {
    PATH: `${layout.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: layout.home,
    LANG: "C.UTF-8",
    [OWNER_VARIABLE]: layout.home,
    ...spec.env,
  };
  try {
    const child = spawn(program, args, { detached: true, stdio: ["ignore", fd, fd], cwd: layout.home, env });
    child.on("error", () => undefined);
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined)
      throw new RefusedError(`${spec.name} could not be started: ${tailOf(layout, spec.name)}`);
    const record = { name: spec.name, ...identity, spec: specHash(spec, programStamp(program)) };
    const file = recordFile(layout, spec.name);
    fs.writeFileSync(`${file}.new`, JSON.stringify(record));
    fs.renameSync(`${file}.new`, file);
    return record;
  } finally {
    fs.closeSync(fd);
  }
}

/** Signals that ask for a stop, where SIGTERM means something else: PostgreSQL would wait for its clients to leave. */
const STOP_SIGNALS: Readonly<Record<string, NodeJS.Signals>> = { postgres: "SIGINT" };

/** Ends a process: asks first, then insists. */
export async function stopDaemon(layout: Layout, name: string, graceMs = 10_000): Promise<void> {
  const record = runningDaemon(layout, name);
  if (record !== undefined) await endProcess(record, graceMs, STOP_SIGNALS[name]);
  fs.rmSync(recordFile(layout, name), { force: true });
}

export async function endProcess(
  identity: ProcessIdentity,
  graceMs: number,
  ask: NodeJS.Signals = "SIGTERM",
): Promise<void> {
  for (const [signal, wait] of [
    [ask, graceMs],
    ["SIGKILL", 5_000],
  ] as const) {
    try {
      process.kill(identity.pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + wait; Date.now() < until;) {
      if (!isAlive(identity)) return;
      await sleep(25);
    }
  }
}

/** The last lines that a process said, for an error's text. */
export function tailOf(layout: Layout, name: string, lines = 8): string {
  try {
    const text = fs.readFileSync(logFile(layout, name), "utf8");
    return text.trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(it logged nothing)";
  }
}

/** Keeps logs of running processes small; they append, so cutting the file under them is safe. */
export function trimLogs(layout: Layout): void {
  if (!fs.existsSync(layout.log)) return;
  for (const name of fs.readdirSync(layout.log).filter((entry) => entry.endsWith(".log"))) {
    const file = path.join(layout.log, name);
    if (fs.statSync(file).size <= 2 * LOG_LIMIT) continue;
    fs.copyFileSync(file, `${file}.1`);
    fs.truncateSync(file);
  }
}
