/** What decides who may talk to whom, in the words of networking.k8s.io/v1, with its defaults filled in. */

export type Labels = Readonly<Record<string, string>>;

export const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

/** Everything must hold; without a word it selects all. */
export interface Selector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly Requirement[];
}

/** Pods by their labels and their namespaces', or a network without some parts of it. */
export type Peer =
  | {
      /** Of the policy's own namespace unless `namespaces` says otherwise. */
      readonly pods: Selector;
      readonly namespaces?: Selector;
    }
  | { readonly cidr: string; readonly except: readonly string[] };

export interface PolicyPort {
  readonly protocol: Protocol;
  /** A number, or the name that the receiving pod gives one of its ports; every port if there is none. */
  readonly port?: number | string;
  /** The last of a range that begins at `port`. */
  readonly endPort?: number;
}

/** Allows what is from (or to) one of the peers and on one of the ports. */
export interface PolicyRule {
  /** Undefined: everybody. */
  readonly peers?: readonly Peer[];
  /** Undefined: everything. */
  readonly ports?: readonly PolicyPort[];
}

export const DIRECTIONS = ["ingress", "egress"] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Policy {
  readonly namespace: string;
  readonly name: string;
  readonly pods: Selector;
  /** By direction in which it isolates, what it allows. */
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** A pod with an address of its own: not on the host's network, and not ended. */
export interface Pod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Its IPv4 address, as soon as it is known. */
  readonly address?: string;
  readonly ports: readonly NamedPort[];
  /** ISO time since which it has that address; of two that claim one, the later counts. */
  readonly since: string;
}

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export interface Cluster {
  readonly policies: readonly Policy[];
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
}

/** How pods hang on the machine. */
export interface NodeFacts {
  /** Interface that all pods' packets come in and go out by. */
  readonly bridge: string;
  readonly podCidr: string;
  /** The node's own address on the bridge, within `podCidr`. */
  readonly bridgeAddress: string;
  /** Address under which pods ask for what listens on the node's loopback; packets to it are turned to 127.0.0.1. */
  readonly nodeAddress: string;
}

export function selects({ matchLabels, matchExpressions }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => valueOf(labels, key) === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels))
  );
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return operator satisfies never;
  }
}

/** A label may be called like something that every object has. */
const valueOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;
