/** What the kernel does with a compiled set of rules, step by step as render.ts writes them. */
import { addressOf, includes, networkOf } from "../../../platform/networkPolicy/ranges";
import type { Direction } from "../../../platform/networkPolicy/model";
import type { Allowance, Ruleset } from "../../../platform/networkPolicy/ruleset";
import type { Packet } from "./oracle";

/** Whether the first packet of a connection that leaves a pod, or enters one from outside, gets through. */
export function passes(ruleset: Ruleset, packet: Packet): boolean {
  if (!ruleset.enforced) return true;
  const from = number(packet.from);
  // What listens on the node's loopback is asked for under the node's address.
  const to = packet.to === ruleset.node.nodeAddress ? number("127.0.0.1") : number(packet.to);
  const seen = { ...packet, from, to };
  const podNetwork = networkOf(ruleset.node.podCidr);
  const isInside = (address: number) => podNetwork !== undefined && includes([podNetwork], address);
  if (isInside(from)) {
    const isolation = ruleset.egress.pods.get(from);
    if (isolation === undefined) return false;
    if (isolation !== "open") {
      if (from === to) return true;
      if (!letThrough("egress", isolation)) return false;
    }
  }
  if (to === number(ruleset.node.bridgeAddress)) return true;
  const isolation = ruleset.ingress.pods.get(to);
  if (isolation === undefined) return !isInside(to);
  return isolation === "open" || from === to || letThrough("ingress", isolation);

  function letThrough(direction: Direction, isolation: number): boolean {
    const { isolations, policies } = ruleset[direction];
    return (isolations[isolation]?.policies ?? []).some((policy) =>
      policies[policy]?.allowances.some((allowance) => fits(allowance, direction === "egress" ? to : from)),
    );
  }

  function fits({ peers, ports, endpoints }: Allowance, other: number): boolean {
    const { protocol, port } = seen;
    return (
      (peers === undefined || includes(peers, other)) &&
      (ports === undefined || ports.some((range) => range.protocol === protocol && includes([range], port))) &&
      (endpoints === undefined ||
        endpoints.some((end) => end.address === to && end.protocol === protocol && end.port === port))
    );
  }
}

function number(address: string): number {
  const value = addressOf(address);
  if (value === undefined) throw new Error(`${address} is no IPv4 address`);
  return value;
}
