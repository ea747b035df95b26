import { readFileSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { COLORS, perColor, weightsFor, type Weights } from "../core/rollout/color";
import type { ColorFact, PlannedColor } from "../core/rollout/plan";
import { factDifferences } from "../core/preview/differences";
import { factsSchema, type PlanFacts, type ServiceFacts, type SideFacts } from "../core/preview/facts";
import { serviceUrl, type Reach } from "../core/tls/reach";
import { moveSteps } from "./planArgs";
import type { ServicePlan } from "./servicePlan";

/** File that a preview leaves what it found and decided in, for the command that asked for it. */
const TOLD = "HMS_PLAN_FACTS";
/** File with what an approved plan was made from. */
const EXPECTED = "HMS_PLAN_EXPECTED";

/**
 * Tells whoever previews what this program found and decided; and holds an update by a plan to what that plan was made
 * from, before anything is built or changed. Does nothing in any other run.
 * @throws pulumi.RunError with every difference.
 */
export function tellPlan(targets: readonly { readonly config: Reach; readonly plans: readonly ServicePlan[] }[]): void {
  const { [TOLD]: told, [EXPECTED]: expected } = process.env;
  if (told === undefined && expected === undefined) return;
  const facts: PlanFacts = {
    services: targets.flatMap(({ config, plans }) => plans.map((plan) => serviceFacts(config, plan))),
  };
  if (told !== undefined) writeFileSync(told, JSON.stringify(facts), { mode: 0o600 });
  if (expected === undefined) return;
  const planned = factsSchema.parse(JSON.parse(readFileSync(expected, "utf8")));
  const differences = factDifferences(planned, facts);
  if (differences.length === 0) return;
  throw new pulumi.RunError(["the world is not the one that the plan was made for:", ...differences].join("\n"));
}

function serviceFacts(place: Reach, servicePlan: ServicePlan): ServiceFacts {
  const { service, plan, rollout, intent, schedule, scheduleProblem } = servicePlan;
  const { actual, mover, freezeNotice } = rollout;
  const moves = ["first", "switch", "deploy"].includes(plan.kind);
  return {
    name: service.name,
    account: servicePlan.account ?? null,
    namespace: place.namespace,
    url: serviceUrl(place, service.name),
    kind: plan.kind,
    intent,
    why: plan.why,
    live: { before: actual.live, after: plan.live },
    weights: { before: actual.weights, after: weightsAfter(servicePlan, moves) },
    steps: moves ? moveSteps(servicePlan).map(({ weight }) => weight) : [],
    scheduled: schedule?.at ?? null,
    colors: {
      before: perColor((color) => sideBefore(actual.colors[color])),
      after: perColor((color) => sideAfter(plan.colors[color], actual.colors[color])),
    },
    held: actual.record.holds.map((hold) => hold.release).sort(),
    notes: [
      ...(mover === null ? [] : [`${mover} is moving its traffic`]),
      ...(freezeNotice === null ? [] : [freezeNotice]),
      ...(scheduleProblem === undefined ? [] : [scheduleProblem]),
      ...COLORS.flatMap((color) => (actual.colors[color]?.missing ? [`the workload of ${color} is gone`] : [])),
      ...(actual.foreign ? [`weights were written by ${actual.foreign.writer}, not by the last move`] : []),
    ],
  };
}

/** Where this update leaves the traffic: a move may park on its way, or wait for its instant. */
function weightsAfter(servicePlan: ServicePlan, moves: boolean): Weights | null {
  const { plan, schedule, rollout } = servicePlan;
  if (plan.kind === "refused") return rollout.actual.weights;
  if (plan.parkedShare !== undefined) return weightsFor(plan.live, 100 - plan.parkedShare);
  if (schedule !== undefined && plan.from !== null) return weightsFor(plan.from);
  const parks = moves ? moveSteps(servicePlan).find(({ pauseSeconds }) => pauseSeconds !== undefined) : undefined;
  return weightsFor(plan.live, parks?.weight ?? 100);
}

const sideBefore = (fact: ColorFact | null): SideFacts | null =>
  fact && side(fact.release, fact.release.image, fact.proven && !fact.missing);

/** The same release on the same color keeps its proof. */
function sideAfter(planned: PlannedColor | null, fact: ColorFact | null): SideFacts | null {
  const proven = fact !== null && fact.release.id === planned?.id && fact.proven && !fact.missing;
  return planned && side(planned, planned.image ?? null, proven);
}

const side = ({ tag, id }: { tag: string; id: string }, image: string | null, proven: boolean): SideFacts => ({
  tag,
  release: id,
  image,
  proven,
});
