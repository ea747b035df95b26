import { neededBy, neededByNotes, type Needed } from "../../core/registry/inUse";
import { asObject, asString, path } from "../../core/json";
import { ANNOTATION, LABEL, migrationNotesName } from "../../core/rollout/names";
import type { KubeClient, KubeObject } from "../../platform/kube/client";

/** What remembers releases, which tells most about them; then what makes pods, or is one. */
const KINDS = [
  ["gateway.networking.k8s.io/v1", "HTTPRoute"],
  ["coordination.k8s.io/v1", "Lease"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "ReplicaSet"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["batch/v1", "Job"],
  ["batch/v1", "CronJob"],
  ["v1", "Pod"],
] as const;

/**
 * What a whole cluster needs, in every namespace: a registry is shared by stacks, sandboxes and whoever else pulls from
 * it. A ReplicaSet or Job that makes no pods any more needs nothing.
 * @throws Error when any of it cannot be read.
 */
export async function neededInCluster(
  kube: KubeClient,
  cluster: string,
  signal: AbortSignal,
): Promise<readonly Needed[]> {
  const needed: Needed[] = [];
  const services = new Map<string, { readonly service: string; readonly namespace: string }>();
  for (const [apiVersion, kind] of KINDS) {
    for (const item of await kube.list({ apiVersion, kind }, { signal })) {
      const object = { ...item, apiVersion, kind };
      if (isOver(object)) continue;
      needed.push(neededBy(object, cluster));
      const service = serviceOf(object);
      if (service) services.set(`${service.namespace}/${service.service}`, service);
    }
  }
  for (const { service, namespace } of services.values()) {
    const name = migrationNotesName(service);
    const found = await kube.get({ apiVersion: "v1", kind: "ConfigMap", name, namespace }, { signal });
    const data = Object.entries(asObject(found?.data) ?? {}).map(([key, value]) => [key, asString(value) ?? ""]);
    const notes = Object.fromEntries(data) as Record<string, string>;
    needed.push({ uses: neededByNotes(notes, `ConfigMap ${namespace}/${name} of ${cluster}`), tagged: [] });
  }
  return needed;
}

/** Whose rollout an object tells of; also of one that never went live. */
function serviceOf({ kind, metadata }: KubeObject) {
  const { name, namespace, labels, annotations } = metadata;
  const suffix =
    kind === "Lease" && annotations?.[ANNOTATION.record] !== undefined ? name?.replace(/-rollout$/, "") : undefined;
  const service = labels?.[LABEL.service] ?? suffix;
  return service === undefined || namespace === undefined ? undefined : { service, namespace };
}

function isOver(object: KubeObject): boolean {
  const { kind } = object;
  if (kind === "ReplicaSet") return path(object, "spec", "replicas") === 0;
  if (kind === "Pod") return ["Succeeded", "Failed"].includes(asString(path(object, "status", "phase")) ?? "");
  return kind === "Job" && path(object, "status", "completionTime") !== undefined;
}
