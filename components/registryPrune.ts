import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { prunePlanOf } from "../config/prunePlan";
import type { RegistryPruneConfig } from "../config/registryPrune";
import type { StackConfig } from "../config/stackConfig";
import { pruneObjects } from "../core/registry/pruneObjects";
import type { PrunePlan } from "../core/registry/prunePlan";
import { CLUSTER } from "../platform/local/layout";
import { runnerImage } from "../provider/sdkFunctions";

export interface RegistryPruneArgs {
  /** The stack's namespace. */
  readonly namespace: string;
  readonly kubeContext: string;
  readonly prune: RegistryPruneConfig;
  /** What it is to look at. */
  readonly plan: PrunePlan;
  /** The runner's image by digest. @default - the local platform's own */
  readonly image?: string;
}

/**
 * `hms registry prune` by a CronJob of a namespace of its own. Unless it is told to remove, it only says what may go. It
 * lists what names images in its cluster and changes nothing there; where any cluster, account or registry does not say
 * what it has, it fails and removes nothing.
 */
export class RegistryPrune extends pulumi.ComponentResource {
  constructor(name: string, args: RegistryPruneArgs, opts: pulumi.ComponentResourceOptions) {
    const { namespace, kubeContext, prune, plan } = args;
    const { schedule, apply } = prune;
    super("hms:delivery:RegistryPrune", name, { namespace, schedule, apply }, opts);
    const onNode = kubeContext === CLUSTER.context;
    const objects = pruneObjects({ ...prune, namespace, context: kubeContext, plan, onNode });
    const home = new k8s.core.v1.Namespace(`${name}-namespace`, objects.home, { parent: this });
    const inside = { parent: this, dependsOn: home, deletedWith: home };
    const role = new k8s.rbac.v1.ClusterRole(`${name}-role`, objects.role, { parent: this });
    const before = [
      new k8s.core.v1.ConfigMap(`${name}-plan`, objects.plan, inside),
      new k8s.core.v1.ServiceAccount(`${name}-account`, objects.account, inside),
      new k8s.networking.v1.NetworkPolicy(`${name}-policy`, objects.policy, inside),
      new k8s.rbac.v1.ClusterRoleBinding(`${name}-binding`, objects.binding, { parent: this, dependsOn: role }),
    ];
    const image = pulumi.output(args.image ?? runnerImage({ parent: this }));
    new k8s.batch.v1.CronJob(`${name}-job`, objects.cronJob(image), { ...inside, dependsOn: before });
    this.registerOutputs({});
  }
}

/** For a stack with `hms:registryPrune`; the plan is what the project's files say now. */
export function scheduleRegistryPrune(
  { stack, namespace, kubeContext, registryPrune: prune, inCluster: { image } }: StackConfig,
  opts: pulumi.ComponentResourceOptions,
): void {
  if (prune === undefined) return;
  const plan = prunePlanOf(process.cwd(), stack, prune.keep, "lasting");
  const own = image === undefined ? {} : { image };
  new RegistryPrune("registry-prune", { namespace, kubeContext, prune, plan, ...own }, opts);
}
