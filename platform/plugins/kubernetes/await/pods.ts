/** The pods behind a workload, and what they and their events say. */
import { messageOf } from "../../../rpc";
import type { KubeClient, KubeObject } from "../../../kube/client";
import { describeTrouble, troublesOf, type Trouble } from "./diagnosis";
import { conditionOf, part } from "./readiness";

const LOG_LINES = 8;
const REVISION = "deployment.kubernetes.io/revision";
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";
/** At most so many pods explain a failure; the others fail alike. */
const EXPLAINED = 3;

/** The pods of the newest version of a workload; the older ones are on their way out and say nothing about it. */
export async function podsOf(kube: KubeClient, workload: KubeObject, signal: AbortSignal): Promise<KubeObject[]> {
  const { namespace, uid } = workload.metadata;
  if (workload.kind === "Pod") return [workload];
  const selector = labelSelector(part(workload, "spec").selector);
  if (selector === undefined) return [];
  // Until the controller has seen the new spec, the newest pods are those of the version before, whose trouble is not ours.
  const { observedGeneration = 0 } = part(workload, "status") as { readonly observedGeneration?: number };
  const seen = workload.kind === "Job" || observedGeneration >= (workload.metadata.generation ?? 0);
  if (!seen) return [];
  const pods = await kube.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector: selector, signal });
  if (workload.kind !== "Deployment") return pods.filter((pod) => isOwnedBy(pod, uid) && isNewest(pod, workload));
  const kind = { apiVersion: "apps/v1", kind: "ReplicaSet", namespace };
  const sets = (await kube.list(kind, { labelSelector: selector, signal })).filter((set) => isOwnedBy(set, uid));
  const current = sets.find(
    (set) => set.metadata.annotations?.[REVISION] === workload.metadata.annotations?.[REVISION],
  );
  return pods.filter((pod) => isOwnedBy(pod, current?.metadata.uid));
}

function isNewest({ metadata: { labels } }: KubeObject, workload: KubeObject): boolean {
  switch (workload.kind) {
    case "StatefulSet":
      return labels?.["controller-revision-hash"] === part(workload, "status").updateRevision;
    case "DaemonSet":
      return labels?.["pod-template-generation"] === workload.metadata.annotations?.[TEMPLATE_GENERATION];
    default:
      return true;
  }
}

function isOwnedBy({ metadata }: KubeObject, uid: string | undefined): boolean {
  const owners = metadata.ownerReferences;
  return (
    uid !== undefined && Array.isArray(owners) && (owners as { uid?: string }[]).some((owner) => owner.uid === uid)
  );
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

function labelSelector(selector: unknown): string | undefined {
  if (typeof selector !== "object" || selector === null) return undefined;
  const { matchLabels = {}, matchExpressions = [] } = selector as Selector;
  const equal = Object.entries(matchLabels).map(([name, value]) => `${name}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
  });
  const terms = [...equal, ...others];
  return terms.length > 0 ? terms.join(",") : undefined;
}

/** One line a reason: troubles with the probe that failed and the last lines of a crashed container's log, else what the events warn of. */
export async function explain(
  kube: KubeClient,
  workload: KubeObject,
  pods: readonly KubeObject[],
  signal: AbortSignal,
): Promise<string[]> {
  const troubles = troublesOf(pods).slice(0, EXPLAINED);
  const reasons = await Promise.all(troubles.map((trouble) => explainTrouble(kube, pods, trouble, signal)));
  const unready = pods.filter((pod) => conditionOf(pod, "Ready")?.status !== "True").slice(0, EXPLAINED);
  const silent = unready.filter((pod) => !troubles.some((trouble) => trouble.pod === pod.metadata.name));
  for (const pod of silent) reasons.push(...(await explainSilent(kube, pod, signal)));
  if (pods.length === 0) {
    reasons.push(...(await warnings(kube, workload, signal)).map((warning) => `${workload.kind}: ${warning}`));
    const replicas = conditionOf(workload, "ReplicaFailure");
    if (replicas?.message !== undefined) reasons.push(`no pod can be made: ${replicas.message}`);
  }
  return [...new Set(reasons)];
}

async function explainTrouble(
  kube: KubeClient,
  pods: readonly KubeObject[],
  trouble: Trouble,
  signal: AbortSignal,
): Promise<string> {
  const described = describeTrouble(trouble);
  const pod = pods.find(({ metadata }) => metadata.name === trouble.pod);
  if (!trouble.crashed || trouble.container === undefined || !pod) return described;
  const [said, log] = await Promise.all([
    warnings(kube, pod, signal),
    lastLines(kube, pod.metadata.namespace ?? "", trouble.pod, trouble.container, signal),
  ]);
  // A container that the kubelet ended for one of these ends well: its exit code and its log do not say why.
  const probe = said.find((warning) => /^Unhealthy: (Startup|Liveness) probe failed/.test(warning));
  const why = probe === undefined ? described : `${described}; ${probe}`;
  return log ? `${why}; its log ends with:\n${log}` : why;
}

async function explainSilent(kube: KubeClient, pod: KubeObject, signal: AbortSignal): Promise<string[]> {
  const name = `pod ${pod.metadata.name ?? ""}`;
  const said = await warnings(kube, pod, signal);
  if (said.length > 0) return said.map((warning) => `${name}: ${warning}`);
  const why = conditionOf(pod, "Ready")?.message ?? conditionOf(pod, "ContainersReady")?.message;
  return [`${name}: not ready${why === undefined ? "" : `: ${why}`}`];
}

/** The newest warnings about an object, one per reason. */
async function warnings(kube: KubeClient, { metadata }: KubeObject, signal: AbortSignal): Promise<string[]> {
  try {
    const events = await kube.list(
      { apiVersion: "v1", kind: "Event", namespace: metadata.namespace },
      { fieldSelector: `involvedObject.uid=${metadata.uid ?? ""},type=Warning`, signal },
    );
    const sorted = [...events].sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
    const newest = new Map(sorted.map((event) => [event.reason, event]));
    return [...newest.values()].slice(-2).map((event) => `${String(event.reason)}: ${String(event.message)}`);
  } catch (error) {
    signal.throwIfAborted();
    return [`its events cannot be read: ${messageOf(error)}`];
  }
}

function timeOf({ lastTimestamp, eventTime, metadata }: KubeObject): string {
  return [lastTimestamp, eventTime].find((time) => typeof time === "string") ?? metadata.creationTimestamp ?? "";
}

async function lastLines(kube: KubeClient, namespace: string, pod: string, container: string, signal: AbortSignal) {
  const read = (previous: boolean) =>
    kube.request("GET", `/api/v1/namespaces/${namespace}/pods/${pod}/log`, {
      query: { container, tailLines: LOG_LINES, previous },
      signal,
    });
  const previous = await read(true);
  const log = previous.status === 200 ? previous : await read(false);
  if (log.status !== 200) return "";
  return log.text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line.slice(0, 300)}`)
    .join("\n")
    .trimEnd();
}
