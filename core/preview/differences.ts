import { COLORS, type Weights } from "../rollout/color";
import { describeRelease } from "../rollout/release";
import { keyOf, type PlanFacts, type ServiceFacts, type SideFacts } from "./facts";

/**
 * What is no longer as a plan was made for, one sentence each; empty when all of it is. The world comes first: where it
 * moved, other decisions are only what follows.
 */
export function factDifferences(planned: PlanFacts, now: PlanFacts): string[] {
  const before = new Map(planned.services.map((service) => [keyOf(service), service]));
  const after = new Map(now.services.map((service) => [keyOf(service), service]));
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `${key}: it is no service any more`);
  const added = [...after.keys()].filter((key) => !before.has(key)).map((key) => `${key}: the plan does not know it`);
  const changed = [...before].flatMap(([key, was]) => {
    const is = after.get(key);
    return is ? serviceDifferences(was, is).map((text) => `${key}: ${text}`) : [];
  });
  return [...changed, ...gone, ...added];
}

function serviceDifferences(was: ServiceFacts, is: ServiceFacts): string[] {
  const world = [
    ...differs("live color", was.live.before ?? "none", is.live.before ?? "none"),
    ...differs("weights", weightsText(was.weights.before), weightsText(is.weights.before)),
    ...COLORS.flatMap((color) => sideDifferences(color, was.colors.before[color], is.colors.before[color])),
    ...differs("held releases", listText(was.held), listText(is.held)),
    ...differs("namespace", was.namespace, is.namespace),
  ];
  if (world.length > 0) return world;
  return [
    ...COLORS.flatMap((color) =>
      sideDifferences(`${color} after the update`, was.colors.after[color], is.colors.after[color]),
    ),
    ...differs("live color after the update", was.live.after, is.live.after),
    ...differs("weights after the update", weightsText(was.weights.after), weightsText(is.weights.after)),
    ...differs("steps", was.steps.join(", "), is.steps.join(", ")),
    ...differs("scheduled for", was.scheduled ?? "no instant", is.scheduled ?? "no instant"),
    ...differs("kind of change", was.kind, is.kind),
    ...differs("intent", was.intent, is.intent),
    ...differs("address", was.url, is.url),
  ];
}

function sideDifferences(where: string, was: SideFacts | null, is: SideFacts | null): string[] {
  if (was === null || is === null) return differs(where, sideText(was), sideText(is));
  const release = differs(`release on ${where}`, describeRelease(named(was)), describeRelease(named(is)));
  if (release.length > 0) return release;
  return [
    ...differs(`image on ${where}`, was.image ?? "not built", is.image ?? "not built"),
    ...differs(where, provenText(was), provenText(is)),
  ];
}

const differs = (what: string, was: string, is: string): string[] =>
  was === is ? [] : [`${what}: the plan was made for ${was}, now it is ${is}`];

const named = ({ release: id, tag }: SideFacts) => ({ id, tag });
const sideText = (side: SideFacts | null): string => (side ? describeRelease(named(side)) : "nothing");
const provenText = ({ proven }: SideFacts): string => (proven ? "proven" : "not proven");
const listText = (items: readonly string[]): string => (items.length === 0 ? "none" : [...items].sort().join(", "));
export const weightsText = (weights: Weights | null): string =>
  weights === null ? "no route" : `blue ${weights.blue} %, green ${weights.green} %`;
