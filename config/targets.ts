import type { Account, AccountCluster } from "../core/account/account";
import { wayInto } from "../core/account/way";
import { eksContext } from "../core/account/kubeconfig";
import { isDeployable } from "../core/account/state";
import { registryAddress } from "../core/registry/documents";
import { freezeIn } from "../core/freeze/place";
import { ledgerIn } from "../core/ledger/wish";
import type { Problem } from "../core/service/problem";
import type { StackConfig } from "./stack";

/** What a stack decides as one of its targets sees it: cluster, namespace, domain, registry, ledger and freeze are that target's. */
export type TargetConfig = Omit<StackConfig, "waves"> & {
  /** Logical name; absent where the target is the stack's own cluster. */
  readonly account?: string;
};

/**
 * Where the services of a stack go: the stack's own cluster, or each account that is deployable. A service answers at
 * `<service>.<account>.<domain>` there.
 */
export function targetsOf(config: StackConfig): readonly TargetConfig[] {
  const { waves: _order, ...base } = config;
  if (config.targets === "cluster") return [base];
  return config.accounts.filter(({ state }) => isDeployable(state)).map((account) => inAccount(base, account));
}

function inAccount(base: TargetConfig, account: Account): TargetConfig {
  const { main } = account.clusters;
  if (main === undefined) throw new Error(`account ${account.name} has no cluster; readStack lets none pass`);
  const way = wayInto(account, base.aws);
  const isMeant = base.onlyAccounts?.includes(account.name) ?? true;
  return {
    ...base,
    account: account.name,
    kubeContext: contextOf(account.name, main),
    namespace: ("kubeContext" in main ? main.namespace : undefined) ?? base.namespace,
    domain: `${account.name}.${base.domain}`,
    registry: account.registry ?? registryAddress(account),
    ledger: ledgerIn(base.ledger, way),
    freeze: freezeIn(base.freeze, way),
    // Services of an account that this update is not about stay on what is live.
    ...(isMeant ? {} : { only: [], pins: {}, retry: [], takeOver: [] }),
  };
}

const contextOf = (account: string, main: AccountCluster): string =>
  "eks" in main ? eksContext(account, main.eks) : main.kubeContext;

/** What keeps the accounts of a stack from being targets. */
export function targetProblems({
  targets,
  accounts,
  namespace,
}: Pick<StackConfig, "targets" | "accounts" | "namespace">): readonly Problem[] {
  if (targets === "cluster") return [];
  const deployable = accounts.filter(({ state }) => isDeployable(state));
  if (deployable.length === 0)
    return [
      {
        path: ["targets"],
        got: "accounts, without an account that is deployable",
        allowed: "accounts where at least one of hms:accounts is deployable",
        advice: "leave it out, or bring an account so far",
      },
    ];
  const taken = new Map<string, string>();
  return deployable.flatMap(({ name, clusters }): Problem[] => {
    const path = ["accounts", name, "clusters", "main"];
    const { main } = clusters;
    // That an account has no cluster is said where accounts are read; no two have one EKS cluster.
    if (main === undefined || "eks" in main) return [];
    const place = `${main.kubeContext}/${main.namespace ?? namespace}`;
    const other = taken.get(place);
    taken.set(place, name);
    if (other === undefined) return [];
    return [
      {
        path,
        got: `the namespace ${main.namespace ?? namespace}, where ${other} has its services`,
        allowed: "a namespace of its own for each account of one cluster",
        advice: "give one of the two another namespace",
      },
    ];
  });
}
