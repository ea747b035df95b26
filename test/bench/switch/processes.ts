import { readdirSync, readFileSync } from "node:fs";

/** A process and its words. */
export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
}

const pids = (): string[] => readdirSync("/proc").filter((name) => /^\d+$/.test(name));
const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");

/** The processes of a pod's containers, without the one that only holds its network. */
export function processesOfPod(uid: string): readonly SeenProcess[] {
  return pids()
    .map(Number)
    .filter((pid) => read(`/proc/${pid}/cgroup`).includes(`pod${uid}`))
    .map((pid) => ({ pid, command: commandOf(pid) }))
    .filter(({ command }) => command !== "" && !command.startsWith("/pause"));
}

/** The processes that `root` started, and what those started; itself included. */
export function descendants(root: number): readonly SeenProcess[] {
  const parents = new Map<number, number>();
  for (const entry of pids()) {
    const stat = read(`/proc/${entry}/stat`);
    parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const found = [root];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found.map((pid) => ({ pid, command: commandOf(pid) }));
}

/** Empty for a process that has gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
