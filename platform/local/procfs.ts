import * as fs from "node:fs";

/**
 * Names one process for good. A process id alone is reused, so its start time and the boot it belongs to count too, and
 * the program for the reader of a pid file.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Start time and state in a text of /proc/PID/stat. The second field holds any text, parentheses and spaces too. */
export function parseStat(text: string): { readonly state: string; readonly startTime: string } | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const startTime = fields[19];
  return state === undefined || state === "" || startTime === undefined ? undefined : { state, startTime };
}

export function bootId(): string {
  return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The identity of a running process; undefined if there is none, or only its corpse. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
    return { pid, startTime: stat.startTime, bootId: bootId() };
  } catch {
    return undefined;
  }
}

/** Ticks a second in /proc: fixed for programs on every Linux that Node.js runs on. */
const TICKS = 100;

/** When a running process began, by the wall clock as it is set now, in ms since 1970; `undefined` where that cannot be told. */
export function startedAt(pid: number): number | undefined {
  try {
    const stat = parseStat(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    const [, boot] = /^btime (\d+)$/m.exec(fs.readFileSync("/proc/stat", "utf8")) ?? [];
    if (stat === undefined || boot === undefined) return undefined;
    return Number(boot) * 1000 + (Number(stat.startTime) / TICKS) * 1000;
  } catch {
    return undefined;
  }
}

/** Whether exactly that process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** Words of a process's command line; empty for a kernel thread or a process that is gone. */
export function commandLine(pid: number): readonly string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** All processes of this machine whose command line satisfies `matches`. */
export function processesWhere(matches: (words: readonly string[], pid: number) => boolean): number[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && matches(commandLine(pid), pid));
}

/** Whether a process shares our network; one in a container of its own does not touch our tables and ports. */
export function sharesNetwork(pid: number): boolean {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/net`) === fs.readlinkSync("/proc/self/ns/net");
  } catch {
    return false;
  }
}

/** Value of a variable in the environment that a process was started with. */
export function environmentOf(pid: number, variable: string): string | undefined {
  try {
    const entries = fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return entries.find((entry) => entry.startsWith(`${variable}=`))?.slice(variable.length + 1);
  } catch {
    return undefined;
  }
}

/** Parent of each running process. */
export function parents(): ReadonlyMap<number, number> {
  const result = new Map<number, number>();
  for (const name of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      result.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // Gone meanwhile.
    }
  }
  return result;
}

/** All processes below the given ones. */
export function descendantsOf(roots: readonly number[], parentOf: ReadonlyMap<number, number> = parents()): number[] {
  const found = new Set(roots);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parentOf) if (found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => !roots.includes(pid));
}
