/** What of the machine's packet rules is the platform's, and how to take it away without touching the rest. */

interface Rule {
  readonly table: string;
  readonly chain: string;
  readonly text: string;
}

interface Tables {
  readonly chains: readonly { readonly table: string; readonly chain: string }[];
  readonly rules: readonly Rule[];
}

/** Reads the output of iptables-save. */
export function parseTables(saved: string): Tables {
  const chains: { table: string; chain: string }[] = [];
  const rules: Rule[] = [];
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    else if (line.startsWith(":")) chains.push({ table, chain: line.slice(1).split(" ")[0] ?? "" });
    else if (line.startsWith("-A ")) rules.push({ table, chain: line.split(" ")[1] ?? "", text: line });
  }
  return { chains, rules };
}

const targetOf = (rule: Rule): string => / -[jg] (\S+)/.exec(rule.text)?.[1] ?? "";

/** Chain that leads pods from the cluster's address to this machine's loopback. */
const ENTRANCE = "HMS-PODS";

/** A way for pods to ports that listen on loopback only. */
export interface Entrance {
  /** Interface that packets must come in by: what others send to the same address goes nowhere. */
  readonly bridge: string;
  /** Address under which pods ask for the ports. */
  readonly address: string;
  readonly ports: readonly number[];
}

/**
 * The iptables-restore text (for `--noflush`) after which exactly this entrance is there; empty if it is already. The
 * rules are written as iptables-save prints them, or they would never be found again.
 */
export function entranceScript(saved: string, { bridge, address, ports }: Entrance): string {
  const jump = `-A PREROUTING -i ${bridge} -j ${ENTRANCE}`;
  const wanted = ports.map(
    (port) =>
      `-A ${ENTRANCE} -d ${address}/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination 127.0.0.1:${port}`,
  );
  const nat = parseTables(saved).rules.filter(({ table }) => table === "nat");
  const jumps = nat.filter((rule) => targetOf(rule) === ENTRANCE).map(({ text }) => text);
  const there = nat.filter(({ chain }) => chain === ENTRANCE).map(({ text }) => text);
  if (jumps.join("\n") === jump && there.join("\n") === wanted.join("\n")) return "";
  const gone = jumps.map((text) => text.replace(/^-A /, "-D "));
  // Naming the chain empties it.
  return ["*nat", `:${ENTRANCE} - [0:0]`, ...gone, ...wanted, jump, "COMMIT", ""].join("\n");
}

/** Options of a removal; each part is left alone where somebody else on this machine uses the same names. */
export interface Removal {
  /** Name of our pod network, by which its plugins mark their rules. */
  readonly network: string;
  /** Whether the chains of kube-proxy and kubelet, whose names are fixed, are ours. */
  readonly kube: boolean;
}

/** A chain that a network plugin made for one pod; the others of its chains are shared by all networks. */
const POD_CHAIN = /^CNI-(DN-)?[0-9a-f]{10,}$/;

/**
 * The iptables-restore text (for `--noflush`) that removes our rules and chains; empty if there is nothing of ours.
 *
 * The network plugins name a chain per pod, and only the comment on the rule that leads there says whose it is. Chains
 * that all networks share go only when no pod of another network is left.
 */
export function removalScript(saved: string, removal: Removal): string {
  const { chains, rules } = parseTables(saved);
  const isMine = (rule: Rule) => rule.text.includes(`name: \\"${removal.network}\\" id: `);
  const myChains = new Set(rules.filter(isMine).map(targetOf));
  const alone = chains.every(({ chain }) => !POD_CHAIN.test(chain) || myChains.has(chain));
  const isDoomed = (chain: string) =>
    chain === ENTRANCE ||
    (removal.kube && chain.startsWith("KUBE-")) ||
    (chain.startsWith("CNI-") && (alone ? myChains.size > 0 : myChains.has(chain)));
  return [...new Set(chains.map(({ table }) => table))]
    .map((table) => {
      const doomed = chains.filter((entry) => entry.table === table && isDoomed(entry.chain));
      const loose = rules.filter(
        (rule) => rule.table === table && !isDoomed(rule.chain) && (isMine(rule) || isDoomed(targetOf(rule))),
      );
      const lines = [
        ...loose.map((rule) => rule.text.replace(/^-A /, "-D ")),
        ...doomed.map((entry) => `-F ${entry.chain}`),
        ...doomed.map((entry) => `-X ${entry.chain}`),
      ];
      return lines.length === 0 ? "" : [`*${table}`, ...lines, "COMMIT", ""].join("\n");
    })
    .join("");
}
