import * as fs from "node:fs";
import { RefusedError } from "../errors";
import { AWS, ACCOUNT_REGISTRIES, wantsAws } from "./aws";
import { endProcess, OWNER_VARIABLE, runningDaemon } from "./daemon";
import { CLUSTER, type Layout } from "./layout";
import { busyPorts, portVariable, type PortName } from "./ports";
import { commandLine, environmentOf, identify, parents, processesWhere, sharesNetwork } from "./procfs";

/** Ports by the part that listens on them; those of the gateway belong to a pod. */
const PORTS_OF: Readonly<Record<string, readonly PortName[]>> = {
  etcd: ["etcd", "etcdPeer"],
  registry: ["registry"],
  postgres: ["postgres"],
  prometheus: ["prometheus"],
  kubelet: ["kubelet", "kubeletHealth"],
  "kube-apiserver": ["apiserver"],
  "kube-proxy": ["proxyMetrics", "proxyHealth"],
  "kube-controller-manager": ["controllerManager"],
  "kube-scheduler": ["scheduler"],
  gateway: ["gateway", "gatewayTls", "gatewayMetrics", "gatewayPing"],
};

/** Those of `--aws`, where it is wanted. */
const AWS_PORTS_OF: Readonly<Record<string, readonly PortName[]>> = {
  [AWS]: ["aws"],
  ...Object.fromEntries(ACCOUNT_REGISTRIES.map(({ part, port }) => [part, [port]])),
};

const onNodeAddress = new Set<PortName>(["apiserver", "kubelet"]);

/** Whether a process is part of this very platform, or was started by one that is. */
export function belongsTo(layout: Layout, pid: number, parentOf: ReadonlyMap<number, number> = parents()): boolean {
  const marked = (candidate: number | undefined) =>
    candidate !== undefined && candidate > 1 && environmentOf(candidate, OWNER_VARIABLE) === layout.home;
  return marked(pid) || marked(parentOf.get(pid));
}

/** Refuses, before anything is started, what would collide with something else on this machine. */
export async function preflight(layout: Layout): Promise<void> {
  if (process.platform !== "linux")
    throw new RefusedError(
      `the local platform runs on Linux, and this is ${process.platform}; set hms:kubeContext to a cluster that runs already`,
    );
  if (process.getuid?.() !== 0)
    throw new RefusedError(
      "the local platform makes network interfaces and mounts, which only root may: run as root, or set hms:kubeContext to a cluster that runs already",
    );
  const stranger = otherKubernetes(layout);
  if (stranger !== undefined)
    throw new RefusedError(
      `${stranger.program} (pid ${stranger.pid}) already runs on this machine's network, and two of them would overwrite each other's rules: ` +
        "stop it, or set hms:kubeContext to its cluster",
    );
  await freePorts(layout);
}

/** A kube-proxy or kubelet on our network that is not ours. */
export function otherKubernetes(layout: Layout): { readonly pid: number; readonly program: string } | undefined {
  const names = new Set(["kube-proxy", "kubelet", "k3s", "k3s-server", "k0s", "microk8s"]);
  const nameOf = (words: readonly string[]) => (words[0] ?? "").split("/").pop() ?? "";
  const parentOf = parents();
  const found = processesWhere((words) => names.has(nameOf(words))).find(
    (pid) => sharesNetwork(pid) && !belongsTo(layout, pid, parentOf),
  );
  return found === undefined ? undefined : { pid: found, program: nameOf(commandLine(found)) };
}

async function freePorts(layout: Layout): Promise<void> {
  const wanted = Object.entries({ ...PORTS_OF, ...(wantsAws(layout) ? AWS_PORTS_OF : {}) })
    .filter(([part]) => runningDaemon(layout, part) === undefined)
    .flatMap(([, names]) => names)
    .map((name) => ({ name, host: onNodeAddress.has(name) ? CLUSTER.address : "127.0.0.1", port: layout.ports[name] }));
  const busy = busyPorts(wanted);
  if (busy.length === 0) return;
  const parentOf = parents();
  const strangers: string[] = [];
  for (const { port, pid, program } of busy) {
    const name = wanted.find((entry) => entry.port === port)?.name;
    if (pid !== undefined && belongsTo(layout, pid, parentOf)) {
      // Ours, but its pid file is lost. A pod's process stays: the cluster looks after it.
      if (environmentOf(pid, OWNER_VARIABLE) === layout.home) await endOrphan(pid);
    } else if (name !== undefined) {
      const owner = pid === undefined ? program : `${program} (pid ${pid})`;
      strangers.push(`port ${port} is taken by ${owner}: stop it, or set ${portVariable(name)} to a free port`);
    }
  }
  if (strangers.length > 0) throw new RefusedError(strangers.join("; "));
}

async function endOrphan(pid: number): Promise<void> {
  const identity = identify(pid);
  if (identity !== undefined) await endProcess(identity, 10_000);
}

/** The Docker socket belongs to whoever the pid file names; a stale file is of no use to anybody. */
export function removeStaleDockerPid(layout: Layout): void {
  if (runningDaemon(layout, "dockerd") === undefined) fs.rmSync(`${layout.run}/dockerd.pid`, { force: true });
}
