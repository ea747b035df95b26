import * as pulumi from "@pulumi/pulumi";
import type { TargetConfig } from "../config/targets";
import type { FreezePlace } from "../core/freeze/place";
import { inOrderOfNeeds, unmetNeeds } from "./needsPlan";
import { asksFreeze, labelOf, planService, type ServicePlan } from "./servicePlan";

/**
 * Plans every service of a stack from what the cluster says now; each comes after those it needs.
 * @param asksFreeze whether the freeze can be asked yet.
 */
export async function planServices(
  config: TargetConfig,
  provider: pulumi.ProviderResource,
  asksFreeze = true,
): Promise<ServicePlan[]> {
  const freeze = asksFreeze ? { freeze: freezeOf(config) } : {};
  const plans = await Promise.all(config.services.map((service) => planService(config, service, freeze, provider)));
  // A service that this update leaves alone and that never went live has nothing to stay on.
  return inOrderOfNeeds(plans.filter((plan) => plan !== undefined));
}

const freezeOf = ({ stack, freeze }: TargetConfig): FreezePlace => ({ stack, ...freeze });

/**
 * Says why a plan cannot be carried out, before anything is built or changed.
 * @throws pulumi.RunError with every reason of every service.
 */
export function refuseImpossible(
  targets: readonly { readonly config: TargetConfig; readonly plans: readonly ServicePlan[] }[],
): void {
  const problems = targets.flatMap(({ config, plans }) => [
    ...plans.flatMap(obstaclesOf),
    ...(config.breakDependents ? [] : unmetNeeds(plans)),
  ]);
  if (problems.length > 0) throw new pulumi.RunError(problems.join("\n"));
}

function obstaclesOf(servicePlan: ServicePlan): string[] {
  const { plan, rollout, intent, configMaps, scheduleProblem } = servicePlan;
  const name = labelOf(servicePlan);
  return [
    ...configMaps.problems,
    ...rollout.missingSecrets.map(
      ({ secret, key, problem }) =>
        `${name}: secret ${secret}, key ${key}: ${problem}. Create it in the cluster, then deploy again`,
    ),
    ...(plan.kind === "refused"
      ? [
          `${name}: ${plan.why}. Deploy another release, or try this one again with --retry (plain pulumi: config hms:retry)`,
        ]
      : []),
    // A preview only warns of it.
    ...(rollout.frozen !== null && asksFreeze({ plan, intent }) && !pulumi.runtime.isDryRun()
      ? [`${name}: ${rollout.frozen}`]
      : []),
    ...(scheduleProblem === undefined ? [] : [`${name}: ${scheduleProblem}`]),
    // A preview may look on; the real run would work on the color that somebody else is moving traffic to.
    ...(rollout.mover !== null && plan.changes !== null && !pulumi.runtime.isDryRun()
      ? [`${name}: ${rollout.mover} is moving its traffic. Wait until that ends, or stop it`]
      : []),
  ];
}
