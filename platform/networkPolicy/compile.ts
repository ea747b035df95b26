import {
  DIRECTIONS,
  PROTOCOLS,
  selects,
  type Cluster,
  type Direction,
  type NodeFacts,
  type Peer,
  type Pod,
  type Policy,
  type PolicyPort,
  type PolicyRule,
  type Protocol,
} from "./model";
import { addressOf, includes, networkOf, only, united, without, type Range } from "./ranges";
import type { Allowance, Endpoint, Isolation, PolicyChain, PortRange, Ruleset, Side } from "./ruleset";

const LOOPBACK: Range = { from: 0x7f000000, to: 0x7fffffff };
const LOCALHOST = 0x7f000001;
const ALL_PORTS: Range = { from: 0, to: 65_535 };

interface AddressedPod extends Pod {
  readonly at: number;
}

/** A cluster with all that is looked up often by its key. */
interface Known {
  readonly node: NodeFacts;
  /** By address. */
  readonly pods: readonly AddressedPod[];
  readonly labelsOf: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/**
 * What the kernel has to enforce so that exactly what the policies allow gets through. The same cluster gives the same
 * result, in whatever order it is told.
 */
export function compile(cluster: Cluster, node: NodeFacts): Ruleset {
  const known: Known = {
    node,
    pods: addressed(cluster.pods),
    labelsOf: new Map(cluster.namespaces.map(({ name, labels }) => [name, labels])),
  };
  const policies = [...cluster.policies].sort((left, right) => compare(titleOf(left), titleOf(right)));
  const [ingress, egress] = DIRECTIONS.map((direction) => sideOf(direction, policies, known));
  if (ingress === undefined || egress === undefined) throw new Error("there are two directions");
  return { node, enforced: policies.length > 0, ingress, egress };
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const titleOf = ({ namespace, name }: Policy): string => `${namespace}/${name}`;

/** One pod an address, the latest: an address is given anew only when the pod that had it is gone, if not forgotten yet. */
function addressed(pods: readonly Pod[]): readonly AddressedPod[] {
  const owners = new Map<number, AddressedPod>();
  for (const pod of pods) {
    const at = pod.address === undefined ? undefined : addressOf(pod.address);
    if (at === undefined) continue;
    const other = owners.get(at);
    if (other === undefined || compare(`${other.since} ${other.uid}`, `${pod.since} ${pod.uid}`) < 0)
      owners.set(at, { ...pod, at });
  }
  return [...owners.values()].sort((left, right) => left.at - right.at);
}

function sideOf(direction: Direction, policies: readonly Policy[], known: Known): Side {
  const chains: PolicyChain[] = [];
  const isolatedBy = new Map<number, number[]>();
  for (const policy of policies) {
    const rules = policy[direction];
    if (rules === undefined) continue;
    const subjects = known.pods.filter((pod) => pod.namespace === policy.namespace && selects(policy.pods, pod.labels));
    if (subjects.length === 0) continue;
    for (const { at } of subjects) isolatedBy.set(at, [...(isolatedBy.get(at) ?? []), chains.length]);
    const allowances = rules.flatMap((rule) => allowancesOf(rule, { direction, policy, subjects, known }));
    chains.push({ title: titleOf(policy), allowances });
  }
  return { policies: chains, ...isolationsOf(known.pods, isolatedBy) };
}

function isolationsOf(pods: readonly AddressedPod[], isolatedBy: ReadonlyMap<number, readonly number[]>) {
  const isolations: Isolation[] = [];
  const indexes = new Map<string, number>();
  const members = new Map<number, number | "open">();
  for (const { at } of pods) {
    const policies = isolatedBy.get(at);
    if (policies === undefined) {
      members.set(at, "open");
      continue;
    }
    const key = policies.join(",");
    const index = indexes.get(key) ?? isolations.push({ policies }) - 1;
    indexes.set(key, index);
    members.set(at, index);
  }
  return { isolations, pods: members };
}

interface RuleContext {
  readonly direction: Direction;
  readonly policy: Policy;
  readonly subjects: readonly AddressedPod[];
  readonly known: Known;
}

/** One allowance for ports that are numbers, one for those that are names. */
function allowancesOf({ peers, ports }: PolicyRule, context: RuleContext): readonly Allowance[] {
  const { direction, subjects, known } = context;
  const who = peers === undefined ? {} : { peers: peerRanges(peers, context) };
  if (ports === undefined) return [who];
  const numbers = portRanges(ports);
  const receivers = direction === "ingress" ? subjects : (peers ?? []).flatMap((peer) => podsOf(peer, context));
  const endpoints = namedEndpoints(ports, direction === "egress" && peers === undefined ? known.pods : receivers);
  return [
    ...(numbers.length > 0 ? [{ ...who, ports: numbers }] : []),
    // On egress the receivers are the peers already.
    ...(endpoints.length > 0 ? [direction === "ingress" ? { ...who, endpoints } : { endpoints }] : []),
  ];
}

function podsOf(peer: Peer, { policy, known }: RuleContext): readonly AddressedPod[] {
  if (!("pods" in peer)) return [];
  const { pods, namespaces } = peer;
  return known.pods.filter((pod) => {
    const labels = known.labelsOf.get(pod.namespace);
    const inNamespace =
      namespaces === undefined
        ? pod.namespace === policy.namespace
        : labels !== undefined && selects(namespaces, labels);
    return inNamespace && selects(pods, pod.labels);
  });
}

function peerRanges(peers: readonly Peer[], context: RuleContext): readonly Range[] {
  const ranges = peers.flatMap((peer) => {
    if ("pods" in peer) return podsOf(peer, context).map(({ at }) => only(at));
    const network = networkOf(peer.cidr);
    if (network === undefined) return [];
    const except = peer.except.map(networkOf).filter((range) => range !== undefined);
    return without([network], except);
  });
  return context.direction === "egress" ? loopbackAsNode(united(ranges), context.known.node) : united(ranges);
}

/**
 * What a pod sends to the node's address may arrive at 127.0.0.1, and nothing else of a pod's does: the rules see the
 * latter, people write the former.
 */
function loopbackAsNode(ranges: readonly Range[], { nodeAddress }: NodeFacts): readonly Range[] {
  const node = addressOf(nodeAddress);
  const rest = without(ranges, [LOOPBACK]);
  return node !== undefined && includes(rest, node) ? united([...rest, only(LOCALHOST)]) : rest;
}

function portRanges(ports: readonly PolicyPort[]): readonly PortRange[] {
  return PROTOCOLS.flatMap((protocol) => {
    const ranges = ports
      .filter((port) => port.protocol === protocol)
      .flatMap(({ port, endPort }): Range[] => {
        if (port === undefined) return [ALL_PORTS];
        return typeof port === "number" ? [{ from: port, to: endPort ?? port }] : [];
      });
    return united(ranges).map((range) => ({ protocol, ...range }));
  });
}

function namedEndpoints(ports: readonly PolicyPort[], receivers: readonly AddressedPod[]): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const { at, ports: offered } of receivers)
    for (const { name, protocol, port } of offered)
      if (ports.some((wanted) => wanted.port === name && wanted.protocol === protocol))
        endpoints.set(`${at} ${protocol} ${port}`, { address: at, protocol, port });
  const order = (protocol: Protocol) => PROTOCOLS.indexOf(protocol);
  return [...endpoints.values()].sort(
    (left, right) =>
      left.address - right.address || order(left.protocol) - order(right.protocol) || left.port - right.port,
  );
}
