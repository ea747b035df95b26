import { at, type Known, type Resource } from "./rule";

/** Where the spec of pods stands in what makes pods. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:core/v1:Pod": ["spec"],
  "kubernetes:core/v1:PodTemplate": ["template", "spec"],
  "kubernetes:core/v1:ReplicationController": ["spec", "template", "spec"],
  "kubernetes:apps/v1:Deployment": ["spec", "template", "spec"],
  "kubernetes:apps/v1:StatefulSet": ["spec", "template", "spec"],
  "kubernetes:apps/v1:DaemonSet": ["spec", "template", "spec"],
  "kubernetes:apps/v1:ReplicaSet": ["spec", "template", "spec"],
  "kubernetes:batch/v1:Job": ["spec", "template", "spec"],
  "kubernetes:batch/v1:CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
};

/** The pods that a resource makes; `undefined` when it makes none. A patch of such a resource counts as one. */
export function podSpecOf({ type, inputs }: Resource): Known | undefined {
  const place = PLACES[type] ?? PLACES[type.replace(/Patch$/, "")];
  return place && at(inputs, ...place);
}
