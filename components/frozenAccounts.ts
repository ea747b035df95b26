import * as pulumi from "@pulumi/pulumi";
import type { TargetConfig } from "../config/targets";
import { asksFreeze, type ServicePlan } from "./servicePlan";

interface Planned {
  readonly config: TargetConfig;
  readonly plans: readonly ServicePlan[];
}

/** What a freeze keeps from going live. */
const isHeld = (plan: ServicePlan): boolean => plan.rollout.frozen !== null && asksFreeze(plan);

/**
 * An account that is frozen keeps what it has, and the others get what is wanted. Where nothing at all may move the plans
 * stay as they are, for the update is then refused; so they do in a preview, which only warns.
 * @param plan plans a target anew, without the services that are held.
 */
export async function leaveFrozen<T extends Planned>(
  targets: readonly T[],
  plan: (target: T, config: TargetConfig) => Promise<T>,
): Promise<readonly T[]> {
  const goesOn = targets.some(({ plans }) => plans.some((one) => asksFreeze(one) && !isHeld(one)));
  if (pulumi.runtime.isDryRun() || targets.length < 2 || !goesOn) return targets;
  return Promise.all(
    targets.map(async (target) => {
      const { config, plans } = target;
      const held = plans.filter(isHeld);
      if (held.length === 0) return target;
      for (const { service, rollout } of held)
        void pulumi.log.warn(
          `${config.account ?? ""}/${service.name}: ${rollout.frozen ?? ""}; it stays as it is, other accounts go on`,
        );
      const names = new Set(held.map(({ service }) => service.name));
      const others = config.only ?? config.services.map(({ name }) => name);
      return plan(target, { ...config, only: others.filter((name) => !names.has(name)) });
    }),
  );
}
