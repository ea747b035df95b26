import { policyText } from "../../core/account/documents";
import type { AccountDoor, AwsReach } from "../../core/account/account";
import { prunePolicy } from "../../core/registry/documents";
import type { Needed } from "../../core/registry/inUse";
import type { ClusterReach, PlannedRegistry, PrunePlan } from "../../core/registry/prunePlan";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError, reasonOf } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { eksCluster } from "../account/cluster";
import { accountSession } from "../account/session";
import { neededInCluster } from "./cluster";
import { EcrStore } from "./ecr";
import { OciStore } from "./oci";
import type { PruneCase } from "./prune";
import type { ImageStore } from "./store";

export interface PruneSurroundings {
  /** The plan as it is now: it is read anew right before anything is removed. */
  readonly plan: () => PrunePlan;
  /** The client of a context. @throws Error where it cannot be had */
  readonly byContext: (context: string) => KubeClient;
  /** When releases were deployed, by digest, ISO 8601. */
  readonly deployed: ReadonlyMap<string, string>;
  /** Whether images may be removed; without it, sessions in accounts have no right to. */
  readonly apply: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Opens what a plan names. @throws RefusedError for an account that cannot be entered. */
export async function pruneCaseOf(surroundings: PruneSurroundings): Promise<PruneCase> {
  const { plan, deployed, signal } = surroundings;
  const { stack, keep, services, registries } = plan();
  const stores = await Promise.all(registries.map((registry) => storeOf(registry, stack, surroundings)));
  return {
    shelves: stores.map((store) => ({ store, repositories: services })),
    needed: () => neededBy(plan(), surroundings),
    ...{ deployed, keep, now: new Date(), signal },
  };
}

async function storeOf(registry: PlannedRegistry, stack: string, around: PruneSurroundings): Promise<ImageStore> {
  if ("address" in registry) return new OciStore(registry.address, around.env);
  return new EcrStore(await sessionIn(registry, stack, around));
}

/** By the account's deploy role, cut down to what pruning needs. */
const sessionIn = (
  { account, aws }: { readonly account: AccountDoor; readonly aws: AwsReach },
  stack: string,
  { apply, signal }: PruneSurroundings,
): Promise<AwsSession> => accountSession(stack, account, aws, signal, policyText(prunePolicy(account, apply)));

async function neededBy({ clusters, named }: PrunePlan, around: PruneSurroundings): Promise<readonly Needed[]> {
  const all: Needed[] = [{ uses: named, tagged: [] }];
  for (const { name, stack, reach } of clusters) {
    try {
      all.push(...(await neededInCluster(await clientOf(reach, stack, around), name, around.signal)));
    } catch (error) {
      around.signal.throwIfAborted();
      throw new RefusedError(
        `what is in use in the cluster ${name} (stack ${stack}) cannot be told: ${reasonOf(error)}; nothing is removed before it can`,
        { cause: error },
      );
    }
  }
  return all;
}

async function clientOf(reach: ClusterReach, stack: string, around: PruneSurroundings): Promise<KubeClient> {
  if ("context" in reach) return around.byContext(reach.context);
  return eksCluster(await sessionIn(reach, stack, around), reach.eks, around.signal);
}
