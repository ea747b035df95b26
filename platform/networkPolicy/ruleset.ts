/** What the kernel is told, before it is text: who is isolated by what, and what each policy lets through. */
import type { Direction, NodeFacts, Protocol } from "./model";
import type { Range } from "./ranges";

export interface PortRange extends Range {
  readonly protocol: Protocol;
}

/** A port of one receiver. */
export interface Endpoint {
  readonly address: number;
  readonly protocol: Protocol;
  readonly port: number;
}

/** Lets a packet through for which all that is given holds; nothing given: every packet. */
export interface Allowance {
  /** Addresses of the other side: of the sender on ingress, of the receiver on egress. */
  readonly peers?: readonly Range[];
  readonly ports?: readonly PortRange[];
  /** Receivers with their ports. */
  readonly endpoints?: readonly Endpoint[];
}

/** One policy in one direction. */
export interface PolicyChain {
  readonly title: string;
  readonly allowances: readonly Allowance[];
}

/** Pods that the same policies isolate: what one of these lets through passes, everything else is refused. */
export interface Isolation {
  /** Indexes into the policies of the same direction. */
  readonly policies: readonly number[];
}

export interface Side {
  readonly policies: readonly PolicyChain[];
  readonly isolations: readonly Isolation[];
  /** By address of a pod the index of its isolation, or that it has none. An address that is not here is not let through. */
  readonly pods: ReadonlyMap<number, number | "open">;
}

export interface Ruleset extends Readonly<Record<Direction, Side>> {
  readonly node: NodeFacts;
  /** False: the cluster has no policy, and nothing is looked at. */
  readonly enforced: boolean;
}
