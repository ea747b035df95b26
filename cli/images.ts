import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { loadSandboxes, SANDBOXES_FILE } from "../config/sandboxes";
import { lastingStacks } from "../config/lastingStacks";
import { loadStackFile, stackNames } from "../config/stackFile";
import type { StackConfig } from "../config/stackConfig";
import { isBaselined } from "../core/account/state";
import { neededByText, type Needed } from "../core/registry/inUse";
import { RefusedError, reasonOf } from "../platform/errors";
import { projectRoot } from "../platform/home";
import type { KubeClient } from "../platform/kube/client";
import { loadLayout } from "../platform/local/layout";
import { eksCluster } from "../provider/account/cluster";
import { accountSession } from "../provider/account/session";
import { readWhole } from "../provider/ledger/reading";
import { neededInCluster } from "../provider/registry/cluster";
import { EcrStore } from "../provider/registry/ecr";
import { OciStore } from "../provider/registry/oci";
import type { PruneCase, Shelf } from "../provider/registry/prune";
import type { ImageStore } from "../provider/registry/store";
import { Session } from "../provider/session";
import type { Io } from "./command";
import { openStackLedger } from "./ledger";
import { LOCAL_CONTEXT } from "./stack";

/**
 * All that pruning the registries of a stack needs to know: its own, and those of its accounts. Registries are shared:
 * what counts is in use by any stack of this project, in any account, and by whatever else runs in their clusters.
 * @throws RefusedError for an unknown stack, and for an account that cannot be entered.
 */
export async function pruneCaseOf(stack: string, keep: number, { env, err, signal }: Io): Promise<PruneCase> {
  const root = projectRoot();
  const config = loadStackFile(root, stack);
  const repositories = config.services.map(({ name }) => name);
  const stores = [new OciStore(config.registry, env), ...(await accountStores(config, env, signal))];
  const warn = (message: string) => void err.write(`${message}\n`);
  return {
    shelves: stores.map((store): Shelf => ({ store, repositories })),
    needed: () => neededAnywhere(root, env, signal),
    deployed: await deployedAt(root, env, warn),
    keep,
    now: new Date(),
    signal,
  };
}

/** Where the images of each account are. One that is no account yet has none. */
function accountStores(config: StackConfig, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ImageStore[]> {
  const reached = config.accounts.filter(({ state }) => isBaselined(state));
  return Promise.all(
    reached.map(async (account) =>
      account.registry === undefined
        ? new EcrStore(await accountSession(config.stack, account, config.aws, signal))
        : new OciStore(account.registry, env),
    ),
  );
}

/** A cluster that something of this project may run in. */
interface Cluster {
  /** For people: `hms-local`, `main of usda`. */
  readonly name: string;
  readonly stack: string;
  readonly open: () => KubeClient | Promise<KubeClient>;
}

async function neededAnywhere(root: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<readonly Needed[]> {
  const files = [...stackNames(root).map((stack) => `Pulumi.${stack}.yaml`), SANDBOXES_FILE];
  const all = files
    .filter((file) => existsSync(path.join(root, file)))
    .map((file): Needed => ({ uses: neededByText(readFileSync(path.join(root, file), "utf8"), file), tagged: [] }));
  for (const { name, stack, open } of clustersOf(root, env, signal)) {
    try {
      all.push(...(await neededInCluster(await open(), name, signal)));
    } catch (error) {
      signal.throwIfAborted();
      throw new RefusedError(
        `what is in use in the cluster ${name} (stack ${stack}) cannot be told: ${reasonOf(error)}; nothing is removed before it can`,
        { cause: error },
      );
    }
  }
  return all;
}

/** Each cluster once, whichever stacks share it. */
function clustersOf(root: string, env: NodeJS.ProcessEnv, signal: AbortSignal): readonly Cluster[] {
  const found = new Map<string, Cluster>();
  const add = (key: string, cluster: Cluster) => {
    if (!found.has(key)) found.set(key, cluster);
  };
  const byContext = (context: string, stack: string) => {
    const kubeconfig = context === LOCAL_CONTEXT ? loadLayout(env).kubeconfig : undefined;
    add(`context ${context}`, { name: context, stack, open: () => new Session(context, kubeconfig).kube });
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
            name: `${name} of ${account.name}`,
            stack,
            open: async () => eksCluster(await accountSession(stack, account, aws, signal), cluster.eks, signal),
          });
      }
  }
  return [...found.values()];
}

/** When the ledgers of this project last saw each image deployed; one that cannot be read only makes images look older. */
async function deployedAt(
  root: string,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const times = new Map<string, string>();
  for (const { stack } of lastingStacks(root)) {
    try {
      const { entries } = await readWhole((await openStackLedger(stack, env, true)).parts);
      for (const { at, event, release } of entries) {
        const digest = release.image?.split("@")[1];
        if (digest === undefined || (event !== "deployed" && event !== "rolled-back")) continue;
        if (at > (times.get(digest) ?? "")) times.set(digest, at);
      }
    } catch (error) {
      warn(`the ledger of ${stack} does not say when images were deployed: ${reasonOf(error)}`);
    }
  }
  return times;
}
