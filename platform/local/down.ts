import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { tryExec } from "../exec";
import { isOurHome } from "../home";
import { withLock } from "../lock";
import type { Progress } from "../progress";
import { endProcess, OWNER_VARIABLE, stopDaemon } from "./daemon";
import type { Layout } from "./layout";
import { removeNetwork } from "./network";
import { PART_NAMES } from "./parts";
import { otherKubernetes } from "./preflight";
import { commandLine, descendantsOf, environmentOf, identify, parents, processesWhere } from "./procfs";

export interface DownOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Also removes every file: images, databases, state, tools. */
  readonly purge: boolean;
}

/** What is still there after a `down`; all zero if it did its work. */
export interface Leftovers {
  readonly processes: number;
  readonly mounts: number;
}

/** Stops the platform and takes back everything it did to the machine. Files stay for the next `up`, unless purged. */
export async function bringDown(layout: Layout, { progress, signal, purge }: DownOptions): Promise<Leftovers> {
  if (!fs.existsSync(layout.home)) return { processes: 0, mounts: 0 };
  if (!isOurHome(layout.home))
    throw new RefusedError(`${layout.home} was not made by this program (it has no mark of ours): nothing was touched`);
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is working on ${layout.home}; waiting for it`);
  };
  return withLock(`platform:${layout.home}`, waiting, signal, async () => {
    // Decided while ours still run: what else uses the same names on this machine keeps its rules.
    const alone = otherKubernetes(layout) === undefined;
    await progress.during("stop the platform's processes", async (step) => {
      // The store and its server go after everything that still wants to write to them.
      const last = ["kube-apiserver", "etcd", "containerd"];
      step.note("all but the store");
      await Promise.all(PART_NAMES.filter((name) => !last.includes(name)).map((name) => stopDaemon(layout, name)));
      step.note("pods");
      await endPods(layout);
      step.note("the store");
      // All that it holds is in etcd, so there is nothing to wait for.
      await stopDaemon(layout, "kube-apiserver", 2_000);
      await stopDaemon(layout, "etcd");
      await stopDaemon(layout, "containerd", 3_000);
      await endMarked(layout);
      await endOrphanedHosts(layout);
    });
    await progress.during("take back mounts, interfaces and rules", async () => {
      for (const mount of mountsBelow(layout.home)) await tryExec("umount", ["-l", mount]);
      await removeNetwork(layout, alone);
      if (alone) removeKubeletTraces(layout);
    });
    if (purge) await progress.during(`remove ${layout.home}`, () => removeHome(layout));
    return { processes: marked(layout).length, mounts: mountsBelow(layout.home).length };
  });
}

/** Processes that carry our mark: parts whose pid file is lost, containerd's shims. */
function marked(layout: Layout): number[] {
  return processesWhere((_, pid) => environmentOf(pid, OWNER_VARIABLE) === layout.home);
}

async function endAll(pids: readonly number[], graceMs: number): Promise<void> {
  await Promise.all(
    pids.map(async (pid) => {
      const identity = identify(pid);
      if (identity !== undefined) await endProcess(identity, graceMs);
    }),
  );
}

/** Ends the processes of pods and containers, then the shims that hold them. */
async function endPods(layout: Layout): Promise<void> {
  const shims = marked(layout).filter((pid) => (commandLine(pid)[0] ?? "").includes("containerd-shim"));
  for (const pid of descendantsOf(shims)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Its init took it along.
    }
  }
  await endAll(shims, 300);
}

async function endMarked(layout: Layout): Promise<void> {
  await endAll(marked(layout), 3_000);
}

/** Language hosts outlive an engine that was killed; those of ours without a parent serve nobody. */
async function endOrphanedHosts(layout: Layout): Promise<void> {
  const host = path.join(layout.bin, "pulumi-language-nodejs");
  const parentOf = parents();
  await endAll(
    processesWhere((words, pid) => words[0] === host && parentOf.get(pid) === 1),
    1_000,
  );
}

/** Mount points below a folder, deepest first. */
export function mountsBelow(folder: string, mounts = fs.readFileSync("/proc/self/mounts", "utf8")): string[] {
  return mounts
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replace(/\\040/g, " "))
    .filter((mount) => mount.startsWith(`${folder}/`))
    .sort()
    .reverse();
}

/** What the kubelet leaves outside of our folder: links to logs, empty control groups, its registration folder. */
function removeKubeletTraces(layout: Layout): void {
  for (const folder of ["/var/log/containers", "/var/log/pods"]) {
    if (!fs.existsSync(folder)) continue;
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name);
      if (fs.lstatSync(file).isSymbolicLink() && fs.readlinkSync(file).startsWith(`${layout.home}/`)) fs.rmSync(file);
    }
    removeIfEmpty(folder);
  }
  for (const controller of fs.readdirSync("/sys/fs/cgroup"))
    for (const group of ["kubepods", "k8s.io"]) removeGroup(path.join("/sys/fs/cgroup", controller, group));
  removeGroup("/sys/fs/cgroup/kubepods");
  const registration = "/var/lib/kubelet";
  for (const name of ["device-plugins/kubelet.sock", "device-plugins/DEPRECATION", "device-plugins", "pod-resources"])
    removeIfEmpty(path.join(registration, name));
  removeIfEmpty(registration);
}

/** Removes a control group without processes, from its leaves up. One that is in use stays. */
function removeGroup(group: string): void {
  try {
    for (const entry of fs.readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroup(path.join(group, entry.name));
    fs.rmdirSync(group);
  } catch {
    // Not there, or somebody's.
  }
}

function removeIfEmpty(file: string): void {
  try {
    const stats = fs.lstatSync(file);
    if (stats.isSocket() || stats.isFile()) fs.rmSync(file);
    else fs.rmdirSync(file);
  } catch {
    // Not there, or still holds something.
  }
}

/** Removes the home folder. The Go module cache is not in it; nothing mounted may be. */
async function removeHome(layout: Layout): Promise<void> {
  const mounted = mountsBelow(layout.home);
  if (mounted.length > 0)
    throw new RefusedError(`${mounted[0] ?? ""} is still mounted, so nothing below ${layout.home} was removed`);
  await fs.promises.rm(layout.home, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 });
}
