/** Network policies by their definition, one packet at a time: slow and plain, to compare the compiled rules with. */
import type {
  Cluster,
  Direction,
  Labels,
  NodeFacts,
  Peer,
  Pod,
  Policy,
  PolicyPort,
  Protocol,
  Selector,
} from "../../../platform/networkPolicy/model";
import { addressOf, networkOf } from "../../../platform/networkPolicy/ranges";

export const NODE: NodeFacts = {
  bridge: "hms0",
  podCidr: "10.244.0.0/16",
  bridgeAddress: "10.244.0.1",
  nodeAddress: "10.245.0.1",
};

/** The first packet of a connection, by the addresses that people know. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export function allowed({ policies, pods, namespaces }: Cluster, packet: Packet): boolean {
  const sender = pods.find(({ address }) => address === packet.from);
  const receiver = pods.find(({ address }) => address === packet.to);
  if (policies.length === 0) return true;
  if (sender !== undefined && sender === receiver) return true;
  if (sender === undefined && inPodNetwork(packet.from)) return false;
  if (receiver === undefined && inPodNetwork(packet.to)) return false;
  return passes("egress", sender, packet.to, receiver) && passes("ingress", receiver, packet.from, sender);

  function passes(direction: Direction, subject: Pod | undefined, address: string, other: Pod | undefined): boolean {
    if (subject === undefined) return true;
    const isolating = policies.filter(
      (policy) =>
        policy.namespace === subject.namespace && fits(policy.pods, subject.labels) && policy[direction] !== undefined,
    );
    if (isolating.length === 0) return true;
    return isolating.some((policy) =>
      (policy[direction] ?? []).some(({ peers = [undefined], ports }) =>
        peers.some(
          (peer) =>
            (peer === undefined || isPeer(peer, policy, address, other)) &&
            (ports === undefined || ports.some((port) => isPort(port, direction, peer))),
        ),
      ),
    );
  }

  function isPort({ protocol, port, endPort }: PolicyPort, direction: Direction, peer: Peer | undefined): boolean {
    if (protocol !== packet.protocol) return false;
    if (port === undefined) return true;
    if (typeof port === "number") return port <= packet.port && packet.port <= (endPort ?? port);
    // A name is the receiver's, and who is a receiver by its address alone has none.
    if (direction === "egress" && peer !== undefined && !("pods" in peer)) return false;
    const offers = receiver?.ports ?? [];
    return offers.some((one) => one.name === port && one.protocol === protocol && one.port === packet.port);
  }

  function isPeer(peer: Peer, policy: Policy, address: string, pod: Pod | undefined): boolean {
    if (!("pods" in peer)) {
      return within(peer.cidr, address) && !peer.except.some((cidr) => within(cidr, address));
    }
    if (pod === undefined || !fits(peer.pods, pod.labels)) return false;
    if (peer.namespaces === undefined) return pod.namespace === policy.namespace;
    const namespace = namespaces.find(({ name }) => name === pod.namespace);
    return namespace !== undefined && fits(peer.namespaces, namespace.labels);
  }
}

const inPodNetwork = (address: string): boolean => within(NODE.podCidr, address) && address !== NODE.bridgeAddress;

function within(cidr: string, address: string): boolean {
  const network = networkOf(cidr);
  const value = addressOf(address);
  return network !== undefined && value !== undefined && network.from <= value && value <= network.to;
}

function fits({ matchLabels, matchExpressions }: Selector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(matchLabels))
    if (!Object.keys(labels).includes(key) || labels[key] !== value) return false;
  for (const { key, operator, values } of matchExpressions) {
    const has = Object.keys(labels).includes(key);
    const listed = has && values.includes(labels[key] ?? "");
    if (operator === "Exists" && !has) return false;
    if (operator === "DoesNotExist" && has) return false;
    if (operator === "In" && !listed) return false;
    if (operator === "NotIn" && listed) return false;
  }
  return true;
}
