import type { Direction } from "./model";
import { addressText, type Range } from "./ranges";
import type { Allowance, Ruleset, Side } from "./ruleset";

/** The one table of ours; nothing of it is in anybody else's. */
export const TABLE = "hms_network_policy";

/** Text for `nft -f -` that puts our table in the place of what there was of it, in one step for the packets. */
export function render(ruleset: Ruleset): string {
  // Declared first, so that there is something to delete.
  return [
    `table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    ...block(`table inet ${TABLE}`, bodyOf(ruleset)),
    "",
  ].join("\n");
}

const block = (head: string, lines: readonly string[]): readonly string[] => [
  `${head} {`,
  ...lines.map((line) => `  ${line}`),
  "}",
];

function bodyOf(ruleset: Ruleset): readonly string[] {
  const { node, enforced } = ruleset;
  if (!enforced) return [];
  const egress = renderSide("egress", ruleset.egress);
  const ingress = renderSide("ingress", ruleset.ingress);
  const itself = [...new Set([...isolated(ruleset.egress), ...isolated(ruleset.ingress)])]
    .sort((left, right) => left - right)
    .map(addressText)
    .map((address) => `${address} . ${address}`);
  return [
    ...set("itself", "ipv4_addr . ipv4_addr", itself),
    ...egress.sets,
    ...ingress.sets,
    ...verdicts("leaving", ruleset.egress, "egress", "goto entering"),
    ...verdicts("entering", ruleset.ingress, "ingress", "accept", [`${node.bridgeAddress} : accept`]),
    // Between pods, and between pods and the world. The bridge hands its packets to this hook too (br_netfilter), after
    // Services were resolved. What the node itself sends to pods, its gateway and probes, passes none of this.
    ...block("chain forward", [
      "type filter hook forward priority filter; policy accept;",
      "ct state established,related accept",
      `iifname "${node.bridge}" goto leaving`,
      `oifname "${node.bridge}" goto entering`,
    ]),
    // From pods to the node.
    ...block("chain input", [
      "type filter hook input priority filter; policy accept;",
      `iifname != "${node.bridge}" accept`,
      "ct state established,related accept",
      "goto leaving",
    ]),
    // Who is in no map is a pod of which nothing is known yet, or nobody. Pods have no IPv6 but what their kernels make up.
    ...block("chain leaving", ["meta nfproto ipv6 drop", "ip saddr vmap @leaving", "drop"]),
    ...block("chain entering", [
      "meta nfproto ipv6 drop",
      "ip daddr vmap @entering",
      `ip daddr ${node.podCidr} drop`,
      "accept",
    ]),
    ...egress.chains,
    ...ingress.chains,
  ];
}

const isolated = ({ pods }: Side): readonly number[] =>
  [...pods].flatMap(([address, isolation]) => (isolation === "open" ? [] : [address]));

function verdicts(
  name: string,
  side: Side,
  direction: Direction,
  open: string,
  others: readonly string[] = [],
): readonly string[] {
  const elements = [...side.pods].map(
    ([address, isolation]) =>
      `${addressText(address)} : ${isolation === "open" ? open : `goto ${direction}-${isolation}`}`,
  );
  return collection("map", name, "ipv4_addr : verdict", [...others, ...elements]);
}

interface Rendered {
  readonly sets: readonly string[];
  readonly chains: readonly string[];
}

/** A chain for each policy, and one for each combination of policies that isolates somebody. */
function renderSide(direction: Direction, { policies, isolations }: Side): Rendered {
  const verdict = direction === "egress" ? "goto entering" : "accept";
  const sets: string[] = [];
  const chains: string[] = [];
  for (const [index, { title, allowances }] of policies.entries()) {
    const rules: string[] = [];
    for (const allowance of allowances.filter(isPossible)) {
      const rendered = renderAllowance(`${direction}-policy-${index}-${rules.length}`, direction, allowance);
      sets.push(...rendered.sets);
      rules.push([...rendered.matches, verdict].join(" "));
    }
    chains.push(...block(`chain ${direction}-policy-${index}`, [comment(title), ...rules]));
  }
  for (const [index, { policies: members }] of isolations.entries())
    chains.push(
      ...block(`chain ${direction}-${index}`, [
        "ip saddr . ip daddr @itself accept",
        ...members.map((member) => `jump ${direction}-policy-${member}`),
        "reject with icmp type admin-prohibited",
      ]),
    );
  return { sets, chains };
}

const isPossible = ({ peers, ports, endpoints }: Allowance): boolean =>
  [peers, ports, endpoints].every((part) => part === undefined || part.length > 0);

function renderAllowance(name: string, direction: Direction, { peers, ports, endpoints }: Allowance) {
  const sets: string[] = [];
  const matches: string[] = [];
  if (peers !== undefined) {
    sets.push(...set(`${name}-peers`, "ipv4_addr", peers.map(rangeOfAddresses), "interval"));
    matches.push(`ip ${direction === "ingress" ? "saddr" : "daddr"} @${name}-peers`);
  }
  if (ports !== undefined) {
    const elements = ports.map((range) => `${range.protocol.toLowerCase()} . ${rangeOf(range, String)}`);
    sets.push(...set(`${name}-ports`, "inet_proto . inet_service", elements, "interval"));
    matches.push(`meta l4proto . th dport @${name}-ports`);
  }
  if (endpoints !== undefined) {
    const elements = endpoints.map(
      ({ address, protocol, port }) => `${addressText(address)} . ${protocol.toLowerCase()} . ${port}`,
    );
    sets.push(...set(`${name}-endpoints`, "ipv4_addr . inet_proto . inet_service", elements));
    matches.push(`ip daddr . meta l4proto . th dport @${name}-endpoints`);
  }
  return { sets, matches };
}

const rangeOf = ({ from, to }: Range, text: (value: number) => string): string =>
  from === to ? text(from) : `${text(from)}-${text(to)}`;
const rangeOfAddresses = (range: Range): string => rangeOf(range, addressText);

const set = (name: string, type: string, elements: readonly string[], flags?: string): readonly string[] =>
  collection("set", name, type, elements, flags);

function collection(
  kind: "set" | "map",
  name: string,
  type: string,
  elements: readonly string[],
  flags?: string,
): readonly string[] {
  return block(`${kind} ${name}`, [
    `type ${type}`,
    ...(flags === undefined ? [] : [`flags ${flags}`]),
    ...(elements.length === 0 ? [] : [`elements = { ${elements.join(", ")} }`]),
  ]);
}

/** The kernel takes 128 bytes. Names of Kubernetes need no escape. */
const comment = (text: string): string => `comment "${text.slice(0, 120)}"`;
