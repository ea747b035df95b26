import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { TargetConfig } from "../config/targets";
import type { Waves } from "../core/fleet/waves";
import { reasonOf } from "../platform/errors";
import { HmsProvider } from "../provider/sdk";
import { Access } from "./access";
import { Admission } from "./admission";
import type { PolicyService } from "./policyService";
import { Registry } from "./registry";
import { resourceName } from "./resourceName";
import { isWatched, type ServicePlan } from "./servicePlan";
import { makeServices } from "./services";

/** The providers of one cluster. */
export interface TargetProviders {
  readonly hms: pulumi.ProviderResource;
  readonly kubernetes: pulumi.ProviderResource;
}

/**
 * Kubeconfig of a target that is an account's EKS cluster, looked up by the account's role. Secret, so that a state tells
 * nobody where clusters are; without a token, so that it is the same in each run and outlasts a long one.
 * @throws pulumi.RunError
 */
export async function kubeconfigOf(config: TargetConfig): Promise<pulumi.Output<string> | undefined> {
  if (config.account === undefined) return undefined;
  const { mainKubeconfig } = await import("../provider/account/cluster");
  const made = await mainKubeconfig(config, config.account, HMS).catch((error: unknown) => {
    throw new pulumi.RunError(`account ${config.account ?? ""}: ${reasonOf(error)}`);
  });
  return made === undefined ? undefined : pulumi.secret(made);
}

/** Relative to the program, as the engine starts plugins there. */
const HMS = "bin/hms";

/** The engine starts plugins one after the other: ours first, as it reads the cluster while the others start. */
export async function hmsProvider(
  { account, kubeContext, ledger }: TargetConfig,
  kubeconfig?: pulumi.Input<string>,
): Promise<HmsProvider> {
  const own = kubeconfig === undefined ? {} : { kubeconfig };
  const hms = new HmsProvider(resourceName(account, "hms"), { context: kubeContext, ...own, ledger });
  await new Promise((started) => hms.urn.apply(started));
  return hms;
}

export const kubernetesProvider = (
  { account, kubeContext }: TargetConfig,
  kubeconfig?: pulumi.Input<string>,
): k8s.Provider =>
  new k8s.Provider(resourceName(account, "cluster"), {
    context: kubeContext,
    // Empty, or the SDK copies KUBECONFIG here: a path in the state, and one that may not be a list.
    kubeconfig: kubeconfig ?? "",
    // Only the ConfigMaps of earlier versions are mutable: put right in place, for replaced they would be gone for a moment.
    enableConfigMapMutable: true,
  });

export interface TargetArgs {
  readonly config: TargetConfig;
  readonly plans: readonly ServicePlan[];
  readonly own: TargetProviders;
  /** Providers that all targets share. */
  readonly shared: { readonly random: pulumi.ProviderResource; readonly docker: pulumi.ProviderResource };
  readonly waves?: Waves;
  /** What has to be there before an image is pushed. @default - the registry is there already */
  readonly registry?: pulumi.Resource;
  /** What must be done before anything of its services changes. @default nothing */
  readonly after?: readonly pulumi.Resource[];
}

/** One cluster of a stack: its namespace, who may do what there, and its services. */
export function makeTarget({
  config,
  plans,
  own,
  shared,
  waves,
  registry: kept,
  after,
}: TargetArgs): ReadonlyMap<string, PolicyService> {
  const { account, namespace, tls, protect } = config;
  const registry = new Registry(resourceName(account, "registry"), { address: config.registry });
  const home = new k8s.core.v1.Namespace(
    resourceName(account, "namespace"),
    { metadata: { name: namespace } },
    { provider: own.kubernetes, protect },
  );
  const https = tls === undefined ? {} : { tls };
  const whose = account === undefined ? {} : { account };
  // Who stands by a move that stops on its way needs rights of its own; where nothing stops there is nobody to give them.
  const access = plans.some(isWatched)
    ? new Access(
        resourceName(account, "access"),
        { ...whose, namespace, services: config.services, ...https },
        { provider: own.kubernetes, dependsOn: home },
      )
    : home;
  const order = { ...(waves === undefined ? {} : { waves }), ...(after === undefined ? {} : { after }) };
  return makeServices(
    { config, plans, registry, hms: own.hms, ...order },
    {
      providers: { ...own, ...shared },
      protect,
      dependsOn: [access, ...guardOf(config, own), ...(kept === undefined ? [] : [kept])],
    },
  );
}

/** The cluster's own lock, where the stack asks for it: it stands before the first pod that it is to look at. */
function guardOf(
  { account, namespace, kubeContext, signing, inCluster: { image } }: TargetConfig,
  own: TargetProviders,
): readonly Admission[] {
  if (signing?.admission !== true) return [];
  const args = { namespace, kubeContext, signing, ...(image === undefined ? {} : { image }) };
  return [new Admission(resourceName(account, "admission"), args, { providers: { ...own } })];
}
