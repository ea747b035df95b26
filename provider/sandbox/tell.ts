import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import type { KubeClient } from "../../platform/kube/client";
import { Events } from "../events/events";

/** The event of a sandbox that nobody took away by hand. Never fails. */
export function tellDestroyed(
  kube: KubeClient,
  sandbox: string,
  why: string,
  progress: (message: string) => void,
): Promise<void> {
  const events = new Events({ kube, namespace: SANDBOXES_NAMESPACE, progress });
  return events.emit({ kind: "destroyed", sandbox, at: new Date(), by: "reaper", data: { why } });
}
