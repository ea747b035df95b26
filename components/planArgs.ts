import * as pulumi from "@pulumi/pulumi";
import type { SigningWish } from "../core/attest/wish";
import { gatesOf } from "../core/gates/serviceGates";
import { syntheticRequests } from "../core/gates/synthetic";
import { otherColor, type Color } from "../core/rollout/color";
import { leastPods, replicasOf } from "../core/rollout/size";
import { ALL_AT_ONCE, parkedFirst, sendsSynthetic, stops, type MoveStep } from "../core/rollout/strategy";
import { stepsOf } from "../core/service/strategy";
import type { TrafficSwitchArgs, VerificationArgs } from "../provider/sdk";
import type { ColorStackArgs } from "./colorStack";
import type { ServicePlan } from "./servicePlan";

/** What the switch is to do now: move, or leave the traffic where it is and the move to an instant. */
export function switched(plan: ServicePlan): Pick<TrafficSwitchArgs, "live" | "release" | "schedule"> {
  const { color, release } = target(plan);
  const {
    schedule,
    plan: { from, colors },
  } = plan;
  const standing = from && colors[from];
  if (!schedule || !from || !standing) return { live: color, release };
  return { live: from, release: standing.id, schedule };
}

/** The release and color that are live when the plan is done. */
export function target({ plan, tag }: ServicePlan): {
  readonly color: Color;
  readonly release: string;
  readonly tag: string;
} {
  const planned = plan.colors[plan.live];
  if (!planned)
    throw new pulumi.RunError(`the plan leaves ${plan.live} live, but knows no release for it: ${plan.why}`);
  return {
    color: plan.live,
    release: planned.id,
    tag: plan.live === plan.from ? planned.tag : tag,
  };
}

/** Chaos before the move, where the service asks for it; going back waits for nothing that the release has shown before. */
export function chaosOf({ service, intent }: ServicePlan): Pick<VerificationArgs, "chaos"> {
  if (service.chaos === undefined || intent === "rollback") return {};
  const { allowProd: _decided, ...gate } = service.chaos;
  return { chaos: { ...gate, startupSeconds: service.startupSeconds } };
}

/** Whose signatures the release needs; going back waits for no registry: it was verified when it went live. */
export function signedBy({ intent }: ServicePlan, signing: SigningWish | undefined): Pick<VerificationArgs, "signed"> {
  if (signing === undefined || intent === "rollback") return {};
  const { keys, local, attestations } = signing;
  return { signed: { keys: [...keys], local, attestations: [...attestations] } };
}

/** The steps of a move: all at once unless the service has a strategy, and back always all at once. */
export function moveSteps(servicePlan: ServicePlan): readonly MoveStep[] {
  const { service, traffic } = servicePlan;
  const names = gatesOf(service.kpis).map(({ name }) => name);
  const strategy = service.strategy ? stepsOf(service.strategy, names) : ALL_AT_ONCE;
  const steps = traffic === undefined ? strategy : parkedFirst(strategy, traffic, names);
  return isAtOnce(servicePlan) ? ALL_AT_ONCE : steps;
}

/** A first release has nothing to be compared with, and nothing to go back to. */
const isAtOnce = ({ plan, intent }: ServicePlan): boolean => plan.kind === "first" || intent === "rollback";

/** How the traffic moves, and by what it is judged on its way. */
export function moveBy(
  servicePlan: ServicePlan,
  { prometheus, watcher }: Pick<TrafficSwitchArgs, "prometheus"> & Required<Pick<TrafficSwitchArgs, "watcher">>,
) {
  const { service, plan, schedule } = servicePlan;
  const steps = moveSteps(servicePlan);
  const gates = gatesOf(service.kpis);
  const atOnce = isAtOnce(servicePlan);
  return {
    steps,
    gates: atOnce ? [] : gates,
    prometheus,
    ...(atOnce || !(stops(steps) || schedule) ? {} : { watcher }),
    ...(atOnce || !sendsSynthetic(steps)
      ? {}
      : { syntheticRequests: syntheticRequests(service.healthPath, service.smoke) }),
    ...(plan.parkedShare === undefined ? {} : { parkedShare: plan.parkedShare }),
    ...(service.affinity === undefined ? {} : { affinity: service.affinity }),
  };
}

/** Pods of a color, and how it scales by itself if it does. */
export function podsOf(
  color: Color,
  { service, plan, rollout, at }: ServicePlan,
): Pick<ColorStackArgs, "replicas" | "autoscale"> {
  const { autoscale, replicas, retainSeconds } = service;
  const size = { replicas, ...(retainSeconds === undefined ? {} : { retainSeconds }) };
  const [pods, otherPods] = [color, otherColor(color)].map((one) => replicasOf(one, plan, rollout.actual, size, at));
  if (!autoscale || !pods) return { replicas: pods ?? 0 };
  const facts = { livePods: rollout.liveReplicas, minima: rollout.minReplicas, otherPods: otherPods ?? 0 };
  const min = leastPods(color, plan, autoscale.min, facts);
  const standing = color === plan.changes ? 0 : (rollout.actual.colors[color]?.desired ?? 0);
  return { replicas: Math.max(min, standing), autoscale: { ...autoscale, min } };
}
