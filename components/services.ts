import * as pulumi from "@pulumi/pulumi";
import type { TargetConfig } from "../config/targets";
import { inWaves, type Waves } from "../core/fleet/waves";
import { Soak } from "../provider/fleetSdk";
import { dependentsOf } from "./needsPlan";
import { target } from "./planArgs";
import { PolicyService } from "./policyService";
import type { Registry } from "./registry";
import { resourceName } from "./resourceName";
import { announce, type ServicePlan } from "./servicePlan";

/** The services of one target, and what it takes to make them. */
export interface ServicesArgs {
  readonly config: TargetConfig;
  /** In the order in which services may be made: what is needed comes before what needs it. */
  readonly plans: readonly ServicePlan[];
  readonly registry: Registry;
  /** The provider of its cluster. */
  readonly hms: pulumi.ProviderResource;
  /** Waves of its services. @default all side by side */
  readonly waves?: Waves;
  /** What must be done before anything of them changes. @default nothing */
  readonly after?: readonly pulumi.Resource[];
}

/**
 * The services of a target, each after those that it needs and after the waves before its own; what a service is told of
 * the stack is chosen here.
 * @returns them by name.
 */
export function makeServices(
  { config, plans, registry, hms, waves, after = [] }: ServicesArgs,
  opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, PolicyService> {
  const made = new Map<string, PolicyService>();
  const order = inWaves(plans, ({ service }) => service.name, waves);
  let before = after;
  for (const [index, wave] of order.entries()) {
    for (const plan of wave) made.set(plan.service.name, make(plan, before));
    if (index < order.length - 1) before = [soakOf({ config, hms, waves, wave: index + 1 }, wave, made)];
  }
  return made;

  function make(plan: ServicePlan, first: readonly pulumi.Resource[]): PolicyService {
    announce(plan);
    const { namespace, domain, gateway, prometheus, tls, stack, freeze, scan, signing } = config;
    const { image = "", ...inside } = config.inCluster;
    const { name, needs = {} } = plan.service;
    const args = {
      ...{ plan, namespace, domain, gateway, registry, prometheus },
      needed: Object.keys(needs).flatMap((other) => made.get(other) ?? []),
      after: first,
      dependents: config.breakDependents ? [] : dependentsOf(name, plans),
      ...(tls === undefined ? {} : { tls }),
      freeze: { stack, ...freeze },
      production: config.production,
      permission: config.permission !== undefined,
      ...(scan === undefined ? {} : { scan }),
      ...(signing === undefined ? {} : { signing }),
      watcher: { image, ...inside },
    };
    return new PolicyService(resourceName(plan.account, name), args, opts);
  }
}

interface SoakPlace {
  readonly config: TargetConfig;
  readonly hms: pulumi.ProviderResource;
  readonly waves: Waves | undefined;
  /** From 1. */
  readonly wave: number;
}

/** What the next wave waits for: all of this one has moved, and has shown for a while that it works. */
export function soakOf(
  { config, hms, waves, wave }: SoakPlace,
  plans: readonly ServicePlan[],
  made: ReadonlyMap<string, PolicyService>,
): Soak {
  const moved = plans.flatMap(({ service }) => made.get(service.name)?.moved ?? []);
  const releases = Object.fromEntries(plans.map((plan) => [plan.service.name, target(plan).release]));
  const args = { namespace: config.namespace, wave, seconds: waves?.soakSeconds ?? 0, releases };
  return new Soak(resourceName(config.account, `wave-${wave}`), args, { provider: hms, dependsOn: moved });
}
