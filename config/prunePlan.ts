import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Account, AccountDoor } from "../core/account/account";
import { isBaselined } from "../core/account/state";
import { neededByText } from "../core/registry/inUse";
import type { PlannedCluster, PlannedRegistry, PrunePlan } from "../core/registry/prunePlan";
import type { Use } from "../core/registry/image";
import { lastingStacks } from "./lastingStacks";
import { loadSandboxes, SANDBOXES_FILE } from "./sandboxes";
import type { StackConfig } from "./stack";
import { loadStackFile, stackNames } from "./stackFile";

/**
 * What pruning the registries of a stack has to look at: its own and those of its accounts, and every cluster of every
 * stack of the project, for registries are shared.
 * @param names which files' digests count as in use. `lasting`: not those of sandboxes, which differ from clone to clone.
 * @throws RefusedError for an unknown stack, and for a file of any stack that is wrong.
 */
export function prunePlanOf(root: string, stack: string, keep: number, names: "all" | "lasting"): PrunePlan {
  const config = loadStackFile(root, stack);
  return {
    ...{ stack, keep },
    services: config.services.map(({ name }) => name),
    registries: registriesOf(config),
    clusters: clustersOf(root),
    named: namedIn(root, names === "all" ? stackNames(root) : lastingStacks(root).map((one) => one.stack)),
  };
}

/** Where the images of each account are. One that is no account yet has none. */
const registriesOf = ({ registry, accounts, aws }: StackConfig): readonly PlannedRegistry[] => [
  { address: registry },
  ...accounts
    .filter(({ state }) => isBaselined(state))
    .map((account) =>
      account.registry === undefined ? { account: doorOf(account), aws } : { address: account.registry },
    ),
];

/** Each cluster once, whichever stacks share it. */
function clustersOf(root: string): readonly PlannedCluster[] {
  const found = new Map<string, PlannedCluster>();
  const add = (key: string, cluster: PlannedCluster) => {
    if (!found.has(key)) found.set(key, cluster);
  };
  const byContext = (context: string, stack: string) => {
    add(`context ${context}`, { name: context, stack, reach: { context } });
  };
  if (existsSync(path.join(root, SANDBOXES_FILE))) byContext(loadSandboxes(root).kubeContext, "of sandboxes");
  for (const { stack } of lastingStacks(root)) {
    const { kubeContext, accounts, aws } = loadStackFile(root, stack);
    byContext(kubeContext, stack);
    for (const account of accounts)
      for (const [name, cluster] of Object.entries(account.clusters)) {
        if ("kubeContext" in cluster) byContext(cluster.kubeContext, stack);
        else if (isBaselined(account.state))
          add(`eks ${account.id} ${account.region} ${cluster.eks}`, {
            ...{ name: `${name} of ${account.name}`, stack },
            reach: { eks: cluster.eks, account: doorOf(account), aws },
          });
      }
  }
  return [...found.values()];
}

function namedIn(root: string, stacks: readonly string[]): readonly Use[] {
  return [...stacks.map((stack) => `Pulumi.${stack}.yaml`), SANDBOXES_FILE]
    .filter((file) => existsSync(path.join(root, file)))
    .flatMap((file) => neededByText(readFileSync(path.join(root, file), "utf8"), file));
}

const doorOf = ({ name, id, partition, region, role, externalId }: Account): AccountDoor => ({
  ...{ name, id, partition, region, role },
  ...(externalId === undefined ? {} : { externalId }),
});
