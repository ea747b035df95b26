import { planProblems, type LiveReleases } from "../core/rollout/needs";
import { COLORS } from "../core/rollout/color";
import type { Release } from "../core/rollout/release";
import { inNeedOrder } from "../core/service/needs";
import type { VerificationArgs } from "../provider/sdk";
import type { ServicePlan } from "./servicePlan";

/** What of the plans would leave a service with answers that it cannot live with. */
export const unmetNeeds = (plans: readonly ServicePlan[]): string[] =>
  planProblems(
    liveReleases(plans, ({ rollout: { actual } }) => actual.live && actual.colors[actual.live]?.release),
    liveReleases(plans, ({ plan }) => plan.colors[plan.live]),
  );

const liveReleases = (
  plans: readonly ServicePlan[],
  releaseOf: (plan: ServicePlan) => Release | null | undefined,
): LiveReleases =>
  new Map(
    plans.flatMap((plan) => {
      const release = releaseOf(plan);
      return release ? [[plan.service.name, release] as const] : [];
    }),
  );

/** The plans in an order in which each service comes after those it needs. */
export function inOrderOfNeeds(plans: readonly ServicePlan[]): ServicePlan[] {
  const graph = new Map(plans.map(({ service }) => [service.name, Object.keys(service.needs ?? {})]));
  return inNeedOrder(graph).flatMap((name) => plans.find(({ service }) => service.name === name) ?? []);
}

/** Services with a release in the cluster that needs this one. */
export const dependentsOf = (name: string, plans: readonly ServicePlan[]): string[] =>
  plans
    .filter(({ rollout: { actual } }) =>
      COLORS.some((color) => actual.colors[color]?.release.spec.needs?.[name] !== undefined),
    )
    .map(({ service }) => service.name);

/** What the release relies on of others. Those of the source say nothing of a release from before. */
export function examplesOf({ service, intent }: ServicePlan): Pick<VerificationArgs, "examples"> {
  const named = Object.entries(service.needs ?? {}).filter(([, { examples }]) => examples.length > 0);
  if (named.length === 0 || intent === "rollback") return {};
  return { examples: Object.fromEntries(named.map(([name, { examples }]) => [name, examples])) };
}
