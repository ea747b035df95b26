import { readFileSync } from "node:fs";
import { commandLine, descendantsOf, processesWhere } from "../../../platform/local/procfs";

/** A process and its words. */
export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
}

const commandOf = (pid: number): string => commandLine(pid).join(" ");

/** The processes of a pod's containers, without the one that only holds its network. */
export function processesOfPod(uid: string): readonly SeenProcess[] {
  return processesWhere((_, pid) => read(`/proc/${pid}/cgroup`).includes(`pod${uid}`))
    .map((pid) => ({ pid, command: commandOf(pid) }))
    .filter(({ command }) => command !== "" && !command.startsWith("/pause"));
}

/** The processes that `root` started, and what those started; itself included. */
export const descendants = (root: number): readonly SeenProcess[] =>
  [root, ...descendantsOf([root])].map((pid) => ({ pid, command: commandOf(pid) }));

/** Empty for a process that has gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
