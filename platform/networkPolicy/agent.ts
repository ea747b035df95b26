import * as fs from "node:fs";
import * as http from "node:http";
import { KubeClient } from "../kube/client";
import { Collection } from "./collection";
import { Enforcer } from "./enforcer";
import type { Cluster, NodeFacts } from "./model";
import { Nft } from "./nft";
import { Notes } from "./notes";
import { readNamespace, readPod, readPolicy } from "./read";

/** What the agent is told when it starts. */
export interface AgentConfig {
  readonly kubeconfig: string;
  /** Socket on which it says how it is, by HTTP. */
  readonly socket: string;
  /** Folder with what the network plugins note of each pod, and the name of our network in it. */
  readonly notes: { readonly folder: string; readonly network: string };
  readonly node: NodeFacts;
}

export interface AgentTools {
  readonly kube?: KubeClient;
  readonly nft?: Nft;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Puts the cluster's network policies into force on this machine until the signal ends it. The rules stay then: who stops
 * the agent opens nothing.
 */
export async function runAgent(config: AgentConfig, { kube, nft, log, signal }: AgentTools): Promise<void> {
  const client = kube ?? KubeClient.load({ kubeconfig: config.kubeconfig });
  const onChange = () => {
    enforcer.request();
  };
  const shared = { kube: client, onChange, log };
  const policies = new Collection({
    ...shared,
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    read: (object) => {
      const { policy, problem } = readPolicy(object);
      if (problem !== undefined) {
        const all = `everything in ${policy.namespace} is isolated until it is`;
        log(`NetworkPolicy ${policy.namespace}/${policy.name} is not understood (${problem}): ${all}`);
      }
      return policy;
    },
  });
  const pods = new Collection({ ...shared, apiVersion: "v1", kind: "Pod", read: readPod });
  const namespaces = new Collection({ ...shared, apiVersion: "v1", kind: "Namespace", read: readNamespace });
  const collections = [policies, pods, namespaces];
  const notes = new Notes(config.notes.folder, config.notes.network);

  const cluster = (): Cluster | undefined => {
    if (collections.some(({ isComplete }) => !isComplete)) return undefined;
    notes.look();
    const { addresses } = notes;
    return {
      policies: policies.values,
      namespaces: namespaces.values,
      // Of two pods that claim an address, what was noted here outranks what somebody wrote to the API server.
      pods: pods.values.map((pod) => ({ ...pod, since: "", ...addresses.get(pod.uid) })),
    };
  };
  const enforcer = new Enforcer({ nft: nft ?? new Nft(), node: config.node, cluster, log });
  const server = await serveHealth(config.socket, () => enforcer.trouble());
  try {
    notes.follow(signal, onChange);
    await Promise.all([enforcer.run(signal), ...collections.map((collection) => collection.follow(signal))]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Answers 200 while the rules are what they should be, else 503 and why. */
async function serveHealth(socket: string, trouble: () => Promise<string | undefined>): Promise<http.Server> {
  fs.rmSync(socket, { force: true });
  const server = http.createServer((_, response) => {
    void trouble().then((reason) => {
      response.writeHead(reason === undefined ? 200 : 503).end(`${reason ?? "in force"}\n`);
    });
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(socket, done);
  });
  return server;
}
