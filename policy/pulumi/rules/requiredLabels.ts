import { LABEL } from "../../../core/rollout/names";
import { CREATED_AT, EXPIRES_AT, OWNER, parseStamp, SANDBOX_LABEL } from "../../../core/sandbox/identity";
import { asString } from "../../../core/json";
import { at, OPEN, type Resource, type Rule } from "../rule";
import { got, isAbsent, label } from "../shape";

/** The longest that a sandbox may be asked for, whatever `sandboxes.yaml` says. */
const LONGEST_DAYS = 31;

export const requiredLabels: Rule = {
  name: "required-labels",
  description: "A sandbox says whose it is and when it ends; a workload of a service says which release it runs.",
  check(resource, { stack }) {
    if (resource.type === "kubernetes:core/v1:Namespace" && /(^|\/)sbx-[^/]*$/.test(stack)) return sandbox(resource);
    return resource.type === "kubernetes:apps/v1:Deployment" ? workload(resource) : [];
  },
};

function sandbox(resource: Resource): readonly string[] {
  const missing = [SANDBOX_LABEL, OWNER, CREATED_AT, EXPIRES_AT].filter((key) => isAbsent(label(resource, key)));
  if (missing.length > 0)
    return missing.map(
      (key) => `metadata.labels["${key}"] is missing; a sandbox is made by hms-sbx create, which writes it`,
    );
  const [from, until] = [CREATED_AT, EXPIRES_AT].map((key) => parseStamp(asString(label(resource, key)) ?? ""));
  const end = label(resource, EXPIRES_AT);
  if (end === OPEN || label(resource, CREATED_AT) === OPEN) return [];
  const days = from && until ? (until.getTime() - from.getTime()) / 86_400_000 : NaN;
  return days > 0 && days <= LONGEST_DAYS
    ? []
    : [
        `metadata.labels["${EXPIRES_AT}"]: got ${got(end)}; allowed is a time such as 20261122T043000Z, ${LONGEST_DAYS} days after ${CREATED_AT} at most`,
      ];
}

/** Of one color: by these labels status, gates and gateway tell releases apart. */
function workload(resource: Resource): readonly string[] {
  if (isAbsent(label(resource, LABEL.color))) return [];
  const pods = at(resource.inputs, "spec", "template", "metadata", "labels");
  return [LABEL.service, LABEL.color, LABEL.release].flatMap((key) =>
    isAbsent(at(pods, key))
      ? [`spec.template.metadata.labels["${key}"] is missing; pods of a color say what they run`]
      : [],
  );
}
