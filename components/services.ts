import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/stackConfig";
import { dependentsOf } from "./needsPlan";
import { PolicyService } from "./policyService";
import type { Registry } from "./registry";
import { announce, type ServicePlan } from "./servicePlan";

/**
 * The services of a stack, each after those that it needs; what a service is told of the stack is chosen here.
 * @param plans in the order in which services may be made: what is needed comes before what needs it.
 * @returns them by name.
 */
export function makeServices(
  config: StackConfig,
  plans: readonly ServicePlan[],
  registry: Registry,
  opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, PolicyService> {
  const { namespace, domain, gateway, prometheus, tls, stack, freeze } = config;
  const { image = "", ...inside } = config.inCluster;
  const made = new Map<string, PolicyService>();
  for (const plan of plans) {
    announce(plan);
    const { name, needs = {} } = plan.service;
    const args = {
      ...{ plan, namespace, domain, gateway, registry, prometheus },
      needed: Object.keys(needs).flatMap((other) => made.get(other) ?? []),
      dependents: config.breakDependents ? [] : dependentsOf(name, plans),
      ...(tls === undefined ? {} : { tls }),
      freeze: { stack, ...freeze },
      watcher: { image, ...inside },
    };
    made.set(name, new PolicyService(name, args, opts));
  }
  return made;
}
