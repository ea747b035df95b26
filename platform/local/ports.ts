import * as fs from "node:fs";
import { RefusedError } from "../errors";

/** Every port that the platform listens on. The first five are for people; the rest keep the cluster together. */
export const DEFAULT_PORTS = {
  gateway: 8080,
  gatewayTls: 8443,
  registry: 5000,
  prometheus: 9090,
  postgres: 15432,
  gatewayMetrics: 8082,
  gatewayPing: 8083,
  apiserver: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  kubelet: 10250,
  kubeletHealth: 10248,
  proxyMetrics: 10249,
  proxyHealth: 10256,
  controllerManager: 10257,
  scheduler: 10259,
  /** Only with --sandboxes: ports of Services, which the cluster gives from a range of their own. */
  vaultPostgres: 30432,
  sandboxPostgres: 30433,
  /** Only with --aws: the emulator, and the registry of each emulated account. */
  aws: 4566,
  registryUsda: 5001,
  registryEpa: 5002,
  registryDoi: 5003,
} as const;

export type PortName = keyof typeof DEFAULT_PORTS;
export type Ports = Readonly<Record<PortName, number>>;

const PORT_NAMES = Object.keys(DEFAULT_PORTS) as PortName[];

const SERVICE_PORTS = new Set<PortName>(["vaultPostgres", "sandboxPostgres"]);

/** Environment variable that overrides a port: `HMS_PORT_GATEWAY_METRICS` for `gatewayMetrics`. */
export function portVariable(name: PortName): string {
  return `HMS_PORT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The ports to use. @throws RefusedError that lists every wrong override at once. */
export function loadPorts(env: Readonly<Record<string, string | undefined>>): Ports {
  const problems: string[] = [];
  const ports: Record<PortName, number> = { ...DEFAULT_PORTS };
  for (const name of PORT_NAMES) {
    const text = env[portVariable(name)];
    if (text === undefined || text === "") continue;
    const port = Number(text);
    const [first, last] = SERVICE_PORTS.has(name) ? [30_000, 32_767] : [1, 65_535];
    if (/^\d+$/.test(text) && port >= first && port <= last) ports[name] = port;
    else problems.push(`${portVariable(name)} must be a port from ${first} to ${last}, got "${text}"`);
  }
  for (const [index, name] of PORT_NAMES.entries()) {
    const twin = PORT_NAMES.slice(0, index).find((other) => ports[other] === ports[name]);
    if (twin !== undefined)
      problems.push(`${portVariable(twin)} and ${portVariable(name)} are both ${ports[name]}; each needs its own`);
  }
  if (problems.length > 0) throw new RefusedError(problems.join("; "));
  return ports;
}

/** A listening socket by /proc/net/tcp: local address as the kernel prints it, and the socket's inode. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** Listening sockets in a text of /proc/net/tcp or /proc/net/tcp6. */
export function parseListeners(text: string): Listener[] {
  const listeners: Listener[] = [];
  for (const line of text.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address, port] = (fields[1] ?? "").split(":");
    const inode = fields[9];
    if (fields[3] !== "0A" || address === undefined || port === undefined || inode === undefined) continue;
    listeners.push({ address, port: parseInt(port, 16), inode });
  }
  return listeners;
}

/** Whether a listener at that address stands in the way of one on `host` (an IPv4 address). */
export function clashes(listener: Listener, host: string): boolean {
  if (/^0+$/.test(listener.address)) return true;
  const hex = host
    .split(".")
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
  return listener.address === hex;
}

/** Processes that hold the given sockets. */
function ownersOf(inodes: ReadonlySet<string>): Map<string, number> {
  const owners = new Map<string, number>();
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) owners.set(inode, Number(pid));
      }
    } catch {
      // The process is gone or not ours to look into.
    }
  }
  return owners;
}

export interface BusyPort {
  readonly port: number;
  readonly pid: number | undefined;
  readonly program: string;
}

/** Which of these addresses are taken, and by whom. */
export function busyPorts(wanted: readonly { readonly host: string; readonly port: number }[]): BusyPort[] {
  const read = (file: string) => (fs.existsSync(file) ? parseListeners(fs.readFileSync(file, "utf8")) : []);
  const listeners = [...read("/proc/net/tcp"), ...read("/proc/net/tcp6")];
  const taken = wanted.flatMap(({ host, port }) =>
    listeners.filter((listener) => listener.port === port && clashes(listener, host)).slice(0, 1),
  );
  if (taken.length === 0) return [];
  const owners = ownersOf(new Set(taken.map((listener) => listener.inode)));
  return taken.map(({ port, inode }) => {
    const pid = owners.get(inode);
    return { port, pid, program: pid === undefined ? "another program" : programOf(pid) };
  });
}

function programOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
  } catch {
    return "another program";
  }
}
