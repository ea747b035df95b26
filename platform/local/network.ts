import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { exec, tryExec } from "../exec";
import { entranceScript, removalScript } from "./iptables";
import { CLUSTER, type Layout } from "./layout";
import { Nft } from "../networkPolicy/nft";

/** Kernel settings that the platform, or Kubernetes on its behalf, changes; put back when it goes. */
const SETTINGS = [
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

const settingFile = (name: string): string => path.join("/proc/sys", name);
const savedSettings = (layout: Layout): string => path.join(layout.run, "sysctl.json");

/** Gives the machine the platform's address, and lets packets through to pods and from them. */
export async function ensureNetwork(layout: Layout): Promise<void> {
  rememberSettings(layout);
  if (fs.readFileSync(settingFile("net/ipv4/ip_forward"), "utf8").trim() !== "1")
    fs.writeFileSync(settingFile("net/ipv4/ip_forward"), "1");
  const addresses = os.networkInterfaces().lo ?? [];
  if (!addresses.some(({ address }) => address === CLUSTER.address))
    await exec("ip", ["address", "replace", `${CLUSTER.address}/32`, "dev", "lo"]);
  await openToPods(layout);
}

/**
 * Lets pods reach the gateway, Prometheus and PostgreSQL, which listen on loopback only, under the cluster's own address.
 * The rules take what comes from the pods' bridge and nothing else, so all stay closed to other machines. (kube-proxy has turned
 * on what routes such packets to loopback, for NodePorts, and guards it.)
 */
async function openToPods({ ports }: Layout): Promise<void> {
  const { bridge, address } = CLUSTER;
  const saved = await exec("iptables-save", ["-t", "nat"]);
  const script = entranceScript(saved, { bridge, address, ports: [ports.gateway, ports.prometheus, ports.postgres] });
  if (script !== "") await exec("iptables-restore", ["--noflush", "--wait"], { input: script });
}

function rememberSettings(layout: Layout): void {
  if (fs.existsSync(savedSettings(layout))) return;
  const values = SETTINGS.filter((name) => fs.existsSync(settingFile(name))).map((name) => [
    name,
    fs.readFileSync(settingFile(name), "utf8").trim(),
  ]);
  fs.writeFileSync(savedSettings(layout), JSON.stringify(Object.fromEntries(values)));
}

function restoreSettings(layout: Layout): void {
  if (!fs.existsSync(savedSettings(layout))) return;
  const values = JSON.parse(fs.readFileSync(savedSettings(layout), "utf8")) as Record<string, string>;
  for (const name of SETTINGS) {
    const value = values[name];
    if (value === undefined || fs.readFileSync(settingFile(name), "utf8").trim() === value) continue;
    fs.writeFileSync(settingFile(name), value);
  }
  fs.rmSync(savedSettings(layout));
}

/** Takes away addresses, links and packet rules of the platform. `kube`: nobody else's Kubernetes is here. */
export async function removeNetwork(layout: Layout, kube: boolean): Promise<void> {
  await new Nft().remove();
  await tryExec("ip", ["link", "delete", CLUSTER.bridge]);
  await tryExec("ip", ["address", "delete", `${CLUSTER.address}/32`, "dev", "lo"]);
  for (const family of ["iptables", "ip6tables"]) {
    const saved = await tryExec(`${family}-save`, []);
    const script = saved.code === 0 ? removalScript(saved.stdout, { network: CLUSTER.network, kube }) : "";
    if (script !== "") await exec(`${family}-restore`, ["--noflush"], { input: script });
  }
  restoreSettings(layout);
  removeCniResults();
}

/** Notes that the network plugins keep of each pod outside of our folder, by the pod's id: ours are those of our network. */
function removeCniResults(): void {
  const folder = "/var/lib/cni/results";
  if (!fs.existsSync(folder)) return;
  const names = fs.readdirSync(folder);
  const ids = names.flatMap((name) => new RegExp(`^${CLUSTER.network}-([0-9a-f]{64})-`).exec(name)?.[1] ?? []);
  for (const name of names) if (ids.some((id) => name.includes(id))) fs.rmSync(path.join(folder, name));
  for (const empty of [folder, path.dirname(folder)]) {
    try {
      fs.rmdirSync(empty);
    } catch {
      // Somebody else's are in it.
    }
  }
}
