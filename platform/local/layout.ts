import * as path from "node:path";
import { RefusedError } from "../errors";
import { hmsHome } from "../home";
import { loadPorts, type Ports } from "./ports";

/** Names and addresses of the local cluster. They are private to the machine; nothing outside can reach them. */
export const CLUSTER = {
  /** Name of cluster, context and user in the kubeconfig. */
  context: "hms-local",
  node: "hms-local",
  /** An extra address on `lo`: pods reach it, it outlives a change of network, no other machine sees it. */
  address: "10.245.0.1",
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/16",
  apiService: "10.96.0.1",
  dnsService: "10.96.0.10",
  /** Of the review gate's Service: the gateway is on the node's network, which the name service does not serve. */
  reviewGate: "10.96.0.11",
  domain: "cluster.local",
  bridge: "hms0",
  /** The node's own address on the bridge: the first of the pods' network. */
  bridgeAddress: "10.244.0.1",
  network: "hms",
} as const;

/** Where each thing of the platform lives, all below one home folder. */
export interface Layout {
  readonly home: string;
  readonly ports: Ports;
  readonly bin: string;
  readonly run: string;
  readonly log: string;
  readonly etc: string;
  readonly pki: string;
  readonly data: string;
  readonly kubeconfig: string;
  readonly containerdSocket: string;
  readonly dockerSocket: string;
  /** Host and port under which images are pushed and pulled. */
  readonly registry: string;
  readonly apiUrl: string;
}

export function loadLayout(env: Readonly<Record<string, string | undefined>> = process.env): Layout {
  const home = hmsHome(env);
  const ports = loadPorts(env);
  const run = path.join(home, "run");
  // The kernel's limit on a socket's path is 107 bytes; the longest of ours is containerd's own, below `run`.
  if (Buffer.byteLength(run) > 60)
    throw new RefusedError(`HMS_HOME ${home} is too long for the sockets inside it; use a path of at most 56 bytes`);
  return {
    home,
    ports,
    run,
    bin: path.join(home, "bin"),
    log: path.join(home, "log"),
    etc: path.join(home, "etc"),
    pki: path.join(home, "pki"),
    data: path.join(home, "data"),
    kubeconfig: path.join(home, "kubeconfig"),
    containerdSocket: path.join(run, "containerd.sock"),
    dockerSocket: path.join(run, "docker.sock"),
    registry: `127.0.0.1:${ports.registry}`,
    apiUrl: `https://${CLUSTER.address}:${ports.apiserver}`,
  };
}
