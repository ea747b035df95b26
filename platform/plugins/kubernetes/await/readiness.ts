/** When an object counts as there, by kind. Pure: the same object always gets the same answer. */
import type { KubeObject } from "../../../kube/client";
import { unmet, WAIT_FOR } from "./custom";

export type Readiness =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly message: string }
  /** It will not get ready by itself. */
  | { readonly state: "failed"; readonly message: string };

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const READY: Readiness = { state: "ready" };
const waiting = (message: string): Readiness => ({ state: "waiting", message });
const failed = (message: string): Readiness => ({ state: "failed", message });

type Judge = (object: KubeObject) => Readiness;

const JUDGES: Readonly<Record<string, Judge>> = {
  "apps/v1/Deployment": deployment,
  "apps/v1/StatefulSet": statefulSet,
  "apps/v1/DaemonSet": daemonSet,
  "batch/v1/Job": job,
  "v1/Pod": pod,
  "v1/Service": service,
  "v1/PersistentVolumeClaim": volumeClaim,
  "apiextensions.k8s.io/v1/CustomResourceDefinition": customResourceDefinition,
};

/** Kinds that run pods: when these are not ready, their pods say why. */
export const WORKLOADS: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"]);

/** Whether this object is waited for at all. */
export function isAwaited({ apiVersion, kind, metadata }: KubeObject): boolean {
  return `${apiVersion}/${kind}` in JUDGES || metadata.annotations?.[WAIT_FOR] !== undefined;
}

/** What the program says to wait for counts instead of what is usual for the kind. */
export function readiness(object: KubeObject): Readiness {
  const wanted = object.metadata.annotations?.[WAIT_FOR];
  if (wanted !== undefined) {
    const missing = unmet(wanted, object);
    return missing.length > 0 ? waiting(`waiting for ${missing.join(", ")}`) : READY;
  }
  return JUDGES[`${object.apiVersion}/${object.kind}`]?.(object) ?? READY;
}

export function part(object: KubeObject, name: "spec" | "status"): Readonly<Record<string, unknown>> {
  const value = object[name];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const { conditions } = part(object, "status");
  return Array.isArray(conditions) ? (conditions as Condition[]).find((one) => one.type === type) : undefined;
}

const count = (v: unknown): number => (typeof v === "number" ? v : 0);

/** The controller has not looked at this version of the object yet, so its status speaks of an older one. */
function unseen(object: KubeObject): boolean {
  return count(part(object, "status").observedGeneration) < count(object.metadata.generation);
}

function deployment(object: KubeObject): Readiness {
  const spec = part(object, "spec");
  const status = part(object, "status");
  const wanted = spec.replicas === undefined ? 1 : count(spec.replicas);
  if (unseen(object)) return waiting("waiting for the controller");
  const progressing = conditionOf(object, "Progressing");
  // Scaling does not start the clock anew: the condition still speaks of the pods that are being taken away.
  if (wanted > 0 && progressing?.reason === "ProgressDeadlineExceeded")
    return failed(progressing.message ?? "no progress in time");
  if (spec.paused === true) return READY;
  const updated = count(status.updatedReplicas);
  const available = count(status.availableReplicas);
  if (updated < wanted) return waiting(`${updated} of ${wanted} pods started`);
  const old = count(status.replicas) - updated;
  if (old > 0) return waiting(`${old} old ${old === 1 ? "pod stays" : "pods stay"} until the new ones are available`);
  if (available < updated) return waiting(`${available} of ${wanted} pods available`);
  return READY;
}

function statefulSet(object: KubeObject): Readiness {
  const spec = part(object, "spec");
  const status = part(object, "status");
  const strategy = spec.updateStrategy as { type?: string; rollingUpdate?: { partition?: number } } | undefined;
  const wanted = spec.replicas === undefined ? 1 : count(spec.replicas);
  if (unseen(object)) return waiting("waiting for the controller");
  const ready = count(status.readyReplicas);
  if (ready < wanted) return waiting(`${ready} of ${wanted} pods ready`);
  if (count(status.replicas) > wanted) return waiting(`${count(status.replicas) - wanted} pods too many`);
  if (strategy?.type === "OnDelete") return READY;
  const toUpdate = wanted - (strategy?.rollingUpdate?.partition ?? 0);
  const updated = status.currentRevision === status.updateRevision ? wanted : count(status.updatedReplicas);
  return updated < toUpdate ? waiting(`${updated} of ${toUpdate} pods updated`) : READY;
}

function daemonSet(object: KubeObject): Readiness {
  const status = part(object, "status");
  if (unseen(object)) return waiting("waiting for the controller");
  const wanted = count(status.desiredNumberScheduled);
  const strategy = part(object, "spec").updateStrategy as { type?: string } | undefined;
  const updated = strategy?.type === "OnDelete" ? wanted : count(status.updatedNumberScheduled);
  if (updated < wanted) return waiting(`${updated} of ${wanted} pods updated`);
  const available = count(status.numberAvailable);
  return available < wanted ? waiting(`${available} of ${wanted} pods available`) : READY;
}

function job(object: KubeObject): Readiness {
  const failure = conditionOf(object, "Failed");
  if (failure?.status === "True")
    return failed(`${failure.reason ?? "Failed"}: ${failure.message ?? "the job failed"}`);
  if (conditionOf(object, "Complete")?.status === "True" || part(object, "spec").suspend === true) return READY;
  const { active, succeeded, failed: lost } = part(object, "status");
  return waiting(`${count(active)} active, ${count(succeeded)} succeeded, ${count(lost)} failed`);
}

function pod(object: KubeObject): Readiness {
  const { phase, message, reason } = part(object, "status");
  if (phase === "Succeeded") return READY;
  if (phase === "Failed")
    return failed([reason, message].filter((one) => typeof one === "string").join(": ") || "the pod failed");
  const ready = conditionOf(object, "Ready");
  return ready?.status === "True"
    ? READY
    : waiting(ready?.message ?? `phase ${typeof phase === "string" ? phase : "unknown"}`);
}

/** Endpoints are another object: `needsEndpoints` tells when they count. */
function service(object: KubeObject): Readiness {
  const loadBalancer = part(object, "status").loadBalancer as { ingress?: unknown[] } | undefined;
  if (part(object, "spec").type !== "LoadBalancer" || (loadBalancer?.ingress?.length ?? 0) > 0) return READY;
  return waiting("no address from the load balancer yet");
}

/** A Service that selects pods and has an address of its own is there when it leads to one of them. */
export function needsEndpoints(object: KubeObject): boolean {
  const { selector, type, clusterIP } = part(object, "spec");
  const selects = typeof selector === "object" && selector !== null && Object.keys(selector).length > 0;
  return object.kind === "Service" && selects && type !== "ExternalName" && clusterIP !== "None";
}

function volumeClaim(object: KubeObject): Readiness {
  const { phase } = part(object, "status");
  if (phase === "Bound") return READY;
  if (phase === "Lost") return failed("the volume is lost");
  return waiting("not bound yet");
}

function customResourceDefinition(object: KubeObject): Readiness {
  const names = conditionOf(object, "NamesAccepted");
  if (names?.status === "False") return failed(names.message ?? "its names are taken");
  return conditionOf(object, "Established")?.status === "True" ? READY : waiting("not established yet");
}
