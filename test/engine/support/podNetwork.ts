import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { exec, tryExec } from "../../../platform/exec";
import { Nft } from "../../../platform/networkPolicy/nft";
import type { Protocol } from "../../../platform/networkPolicy/model";
import { NODE } from "../../unit/networkPolicy/oracle";

/** What came of an attempt to connect: `open`, `silence`, or the error's code. */
export type Outcome = string;

/** Longest wait for an answer: those that come take milliseconds. Where none is to come, a test waits less. */
const SILENCE_MS = 5000;

/** A machine in a network namespace of its own, gone with its process. */
export class Host {
  private next = 1;
  private readonly waiting = new Map<number, (answer: string) => void>();

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, answer } = JSON.parse(line) as { id: number; answer: string };
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  static async start(): Promise<Host> {
    const program = path.join(__dirname, "host.cjs");
    const host = new Host(spawn("unshare", ["--net", process.execPath, program]));
    await new Promise<string>((done, fail) => {
      host.waiting.set(0, done);
      host.child.on("exit", (code) => {
        fail(new Error(`the host's process ended (exit ${code ?? "by signal"})`));
      });
    });
    return host;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Words before a command that is to run here. */
  get enter(): readonly [string, ...string[]] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`];
  }

  run(script: string): Promise<string> {
    const [command, ...words] = this.enter;
    return exec(command, [...words, "sh", "-euc", script]);
  }

  listen(protocol: Protocol, port: number, host = "0.0.0.0"): Promise<string> {
    return this.tell({ does: "listen", protocol, port, host });
  }

  connect(protocol: Protocol, host: string, port: number, timeout = SILENCE_MS): Promise<Outcome> {
    return this.tell({ does: "connect", protocol, host, port, timeout });
  }

  /** Opens a TCP connection that stays. */
  keep(name: string, host: string, port: number): Promise<Outcome> {
    return this.tell({ does: "keep", name, host, port });
  }

  /** Whether something comes back on a connection that was kept. */
  talk(name: string): Promise<Outcome> {
    return this.tell({ does: "talk", name, timeout: SILENCE_MS });
  }

  end(): void {
    this.child.removeAllListeners("exit");
    this.child.kill("SIGKILL");
  }

  private tell(order: object): Promise<string> {
    const id = this.next++;
    return new Promise((done) => {
      this.waiting.set(id, done);
      this.child.stdin.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }
}

/** Address of the only machine beyond the node. */
export const OUTSIDE = "192.0.2.7";

/** A node with pods on its bridge, wired as the platform's are, in network namespaces of its own: the machine's stays as it is. */
export class PodNetwork {
  readonly pods = new Map<string, Host>();

  private constructor(
    readonly node: Host,
    readonly outside: Host,
  ) {}

  static async make(addresses: readonly string[]): Promise<PodNetwork> {
    const [node, outside] = await Promise.all([Host.start(), Host.start()]);
    const network = new PodNetwork(node, outside);
    const { bridge, bridgeAddress, nodeAddress } = NODE;
    await node.run(`
      ip link set lo up
      ip address add ${nodeAddress}/32 dev lo
      ip link add ${bridge} type bridge
      ip address add ${bridgeAddress}/16 dev ${bridge}
      ip link set ${bridge} up
      echo 1 >/proc/sys/net/ipv4/ip_forward
      echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
      # Many refusals come at once here, and each is to be heard: of no type are there too many, for one peer or in all.
      echo 0 >/proc/sys/net/ipv4/icmp_ratemask
      ip link add eth0 type veth peer name eth0 netns ${outside.pid}
      ip address add 192.0.2.2/24 dev eth0
      ip link set eth0 up
      ip route add default via ${OUTSIDE}`);
    await outside.run(`
      ip address add ${OUTSIDE}/24 dev eth0
      ip link set lo up
      ip link set eth0 up
      ip route add default via 192.0.2.2`);
    for (const address of addresses) await network.add(address);
    return network;
  }

  async add(address: string): Promise<Host> {
    const pod = await Host.start();
    const link = `veth${this.pods.size}`;
    await this.node.run(`
      ip link add ${link} type veth peer name eth0 netns ${pod.pid}
      ip link set ${link} master ${NODE.bridge} up
      echo 1 >/sys/class/net/${NODE.bridge}/brif/${link}/hairpin_mode 2>/dev/null || bridge link set dev ${link} hairpin on`);
    await pod.run(`
      # Its IPv6 address is to be usable at once.
      echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
      ip link set lo up
      ip address add ${address}/16 dev eth0
      ip link set eth0 up
      ip route add default via ${NODE.bridgeAddress}`);
    this.pods.set(address, pod);
    return pod;
  }

  pod(address: string): Host {
    const pod = this.pods.get(address);
    if (pod === undefined) throw new Error(`no pod has the address ${address}`);
    return pod;
  }

  /** Makes the node forget which connections there were. */
  forget(): Promise<string> {
    return this.node.run("conntrack --flush 2>&1");
  }

  get nft(): Nft {
    return new Nft(this.node.enter);
  }

  end(): void {
    for (const host of [...this.pods.values(), this.node, this.outside]) host.end();
  }
}

/** Why no such network can be made here, if none can. */
export async function lackOf(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const program of ["nft", "ip", "iptables", "conntrack", "unshare", "nsenter"]) {
    const found = await tryExec("sh", ["-c", `command -v ${program}`]);
    if (found.code !== 0) return `${program} is not installed (hms local up installs it)`;
  }
  const made = await tryExec("unshare", ["--net", "nft", "add", "table", "inet", "probe"]);
  return made.code === 0 ? undefined : `the kernel refuses a network namespace with nftables: ${made.stderr.trim()}`;
}
