import * as fs from "node:fs";
import * as path from "node:path";
import type { AgentConfig } from "../networkPolicy/agent";
import { currentBundle, launcher } from "../toolchain/launcher";
import { CLUSTER, type Layout } from "./layout";
import type { Part } from "./part";
import { kubeconfigText } from "./pki";
import { probeHttp } from "./probe";

export const NETWORK_POLICY = "network-policy";

/** Where the network plugins' library keeps its notes of each pod; containerd cannot be told another place. */
const CNI_RESULTS = "/var/lib/cni/results";

/**
 * The agent that puts network policies into force. It runs from a copy of its bundle, so that it does not end with the
 * checkout that started it; another checkout with the same sources leaves it alone.
 */
export function networkPolicy(layout: Layout): Part {
  const file = (name: string) => path.join(layout.etc, NETWORK_POLICY, name);
  const config: AgentConfig = {
    kubeconfig: file("kubeconfig"),
    socket: path.join(layout.run, `${NETWORK_POLICY}.sock`),
    notes: { folder: CNI_RESULTS, network: CLUSTER.network },
    node: {
      bridge: CLUSTER.bridge,
      podCidr: CLUSTER.podCidr,
      bridgeAddress: CLUSTER.bridgeAddress,
      nodeAddress: CLUSTER.address,
    },
  };
  return {
    name: NETWORK_POLICY,
    needs: ["kube-apiserver"],
    spec: () => ({
      name: NETWORK_POLICY,
      argv: [nodeProgram(layout), "--max-old-space-size=128", file("agent.cjs"), file("config.json")],
      files: {
        [file("agent.cjs")]: fs.readFileSync(currentBundle(NETWORK_POLICY), "utf8"),
        [file("config.json")]: JSON.stringify(config),
        [config.kubeconfig]: kubeconfigText(layout, NETWORK_POLICY),
      },
    }),
    probe: () => probeHttp({ socketPath: config.socket, path: "/" }),
  };
}

/** The pinned Node.js where it is there: which one a command itself runs on differs from shell to shell. */
function nodeProgram(layout: Layout): string {
  const name = `node-${process.platform}-${process.arch}`;
  const pinned = path.join(layout.home, "node", launcher().NODE_VERSION, "node_modules", name, "bin", "node");
  return fs.existsSync(pinned) ? pinned : process.execPath;
}
