import { asArray, asString, path } from "../core/json";

/** What the kubelet says of a pod's first container. */
export const stateOf = (pod: unknown): unknown => path(pod, "status", "containerStatuses", 0, "state");

/** Why that container does not begin: its image, a Secret that is missing, no node for it. */
export function whyWaiting(pod: unknown): string | undefined {
  const waiting = path(stateOf(pod), "waiting");
  const reason = asString(path(waiting, "message")) ?? asString(path(waiting, "reason"));
  if (reason !== undefined) return reason;
  const scheduled = asArray(path(pod, "status", "conditions")).find((one) => path(one, "type") === "PodScheduled");
  return path(scheduled, "status") === "False" ? asString(path(scheduled, "message")) : undefined;
}
