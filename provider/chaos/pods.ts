import type { Mode } from "../../core/chaos/options";
import type { ColorSeen, NamedColor, PodSeen, Victim } from "../../core/chaos/victims";
import { asArray, asNumber, asString, path } from "../../core/json";
import type { Color } from "../../core/rollout/color";
import { LABEL, workloadName } from "../../core/rollout/names";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { apiErrorOf } from "../../platform/kube/errors";

/** The pods of one stack's namespace, found by our labels alone. */
export class StackPods {
  constructor(
    private readonly kube: KubeClient,
    private readonly namespace: string,
  ) {}

  /** These colors as they stand now. */
  async see(colors: readonly NamedColor[], signal?: AbortSignal): Promise<readonly ColorSeen[]> {
    const services = [...new Set(colors.map(({ service }) => service))];
    const [pods, deployments] = await Promise.all([
      this.kube.list(
        { apiVersion: "v1", kind: "Pod", namespace: this.namespace },
        { labelSelector: `${LABEL.service} in (${services.join(",")})`, signal },
      ),
      // Each by its name: who delivers may not list them.
      Promise.all(colors.map(({ service, color }) => this.kube.get(this.workload(service, color), { signal }))),
    ]);
    return colors.map(({ service, color }, index) => {
      const workload = deployments[index];
      const own = pods.filter(
        ({ metadata }) => metadata.labels?.[LABEL.service] === service && metadata.labels[LABEL.color] === color,
      );
      // Without its Deployment a color is not whole, whatever it was to be.
      const desired = asNumber(path(workload, "spec", "replicas")) ?? 1;
      return { service, color, desired, pods: own.map(podSeen) };
    });
  }

  /**
   * Ends a pod.
   * @returns why it was left alone: it had gone by itself, or its disruption budget protects it; `undefined` when it dies.
   */
  async kill({ pod: { name, uid } }: Victim, mode: Mode): Promise<string | undefined> {
    if (mode === "evict") return this.evict(name, uid);
    const ref = { apiVersion: "v1", kind: "Pod", name, namespace: this.namespace };
    const gone = await this.kube.delete(ref, { uid, ...(mode === "crash" ? { gracePeriodSeconds: 0 } : {}) });
    return gone ? undefined : GONE;
  }

  private workload(service: string, color: Color) {
    return { apiVersion: "apps/v1", kind: "Deployment", name: workloadName(service, color), namespace: this.namespace };
  }

  private async evict(name: string, uid: string): Promise<string | undefined> {
    const { status, text } = await this.kube.request(
      "POST",
      `/api/v1/namespaces/${this.namespace}/pods/${name}/eviction`,
      {
        body: {
          apiVersion: "policy/v1",
          kind: "Eviction",
          metadata: { name, namespace: this.namespace },
          deleteOptions: { preconditions: { uid } },
        },
      },
    );
    if (status === 404) return GONE;
    if (status === 429) return "its disruption budget allows no eviction now";
    if (status >= 300) throw apiErrorOf(status, text);
    return undefined;
  }
}

const GONE = "it had gone already";

function podSeen({ metadata, ...pod }: KubeObject): PodSeen {
  const conditions = asArray(path(pod, "status", "conditions"));
  const ready = conditions.some((one) => path(one, "type") === "Ready" && path(one, "status") === "True");
  const waitsForRoom = conditions.some(
    (one) => path(one, "type") === "PodScheduled" && path(one, "reason") === "Unschedulable",
  );
  return {
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    ready: ready && metadata.deletionTimestamp === undefined,
    waitsForRoom,
    replaced: asArray(metadata.ownerReferences).some(
      (owner) => path(owner, "controller") === true && asString(path(owner, "kind")) !== "Node",
    ),
  };
}
