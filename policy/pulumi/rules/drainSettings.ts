import { asNumber, asString } from "../../../core/json";
import { drainFor } from "../../../core/rollout/drain";
import { ANNOTATION, LABEL } from "../../../core/rollout/names";
import { at, OPEN, type Known, type Resource, type Rule } from "../rule";
import { got, isAbsent, items, label } from "../shape";

export const drainSettings: Rule = {
  name: "drain-settings",
  description: "Pods of a color leave no faster than their longest request needs, and one at a time.",
  check(resource) {
    if (isAbsent(label(resource, LABEL.color))) return [];
    if (resource.type === "kubernetes:policy/v1:PodDisruptionBudget") return budget(resource.inputs);
    return resource.type === "kubernetes:apps/v1:Deployment" ? workload(resource) : [];
  },
};

function workload({ inputs }: Resource): readonly string[] {
  const longest = longestRequest(at(inputs, "metadata", "annotations", ANNOTATION.release));
  if (longest === undefined) return [];
  const derived = drainFor(longest);
  const spec = at(inputs, "spec", "template", "spec");
  const grace = at(spec, "terminationGracePeriodSeconds");
  const sleeps = items(at(spec, "containers")).map((container) =>
    at(container, "lifecycle", "preStop", "sleep", "seconds"),
  );
  const because = `a request of the service may take ${longest} s`;
  return [
    ...(isLess(grace, derived.gracePeriodSeconds)
      ? [
          `terminationGracePeriodSeconds: got ${got(grace)}; allowed is ${derived.gracePeriodSeconds} or more: ${because}`,
        ]
      : []),
    ...(sleeps.length > 0 && sleeps.every((sleep) => isLess(sleep, derived.preStopSeconds))
      ? [`lifecycle.preStop.sleep: got ${got(sleeps[0])}; allowed is ${derived.preStopSeconds} seconds or more`]
      : []),
  ];
}

const isLess = (value: Known | undefined, least: number): boolean =>
  value !== OPEN && !((asNumber(value) ?? 0) >= least);

/** Of the release that the workload says it runs. */
function longestRequest(annotation: Known | undefined): number | undefined {
  try {
    const release: unknown = JSON.parse(asString(annotation) ?? "");
    return asNumber(at(release as Known, "spec", "longestRequestSeconds"));
  } catch {
    return undefined;
  }
}

function budget(inputs: Known): readonly string[] {
  const [lost, kept] = [at(inputs, "spec", "maxUnavailable"), at(inputs, "spec", "minAvailable")];
  if (lost === OPEN || kept === OPEN || lost === 1 || lost === 0 || (lost === undefined && kept !== undefined))
    return [];
  return [`spec.maxUnavailable: got ${got(lost)}; allowed is 1: pods leave one at a time`];
}
