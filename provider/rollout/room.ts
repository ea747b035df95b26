import { asArray, asString, path } from "../../core/json";
import type { Room } from "../../core/capacity";
import type { KubeClient, KubeObject } from "../../platform/kube/client";

/** What the schedulable nodes have left: allocatable less the requests of the pods on them. */
export async function roomOnNodes(kube: KubeClient): Promise<Room[]> {
  const [nodes, pods] = await Promise.all([
    kube.list({ apiVersion: "v1", kind: "Node" }),
    kube.list({ apiVersion: "v1", kind: "Pod" }),
  ]);
  const running = pods.filter((pod) => !["Succeeded", "Failed"].includes(asString(path(pod, "status", "phase")) ?? ""));
  return nodes.filter(isSchedulable).map((node) => {
    const here = running.filter((pod) => path(pod, "spec", "nodeName") === node.metadata.name);
    const containers = here.flatMap((pod) => asArray(path(pod, "spec", "containers")));
    const asked = (resource: string): number =>
      containers.reduce<number>((sum, one) => sum + amount(path(one, "resources", "requests", resource), resource), 0);
    const offered = (resource: string): number => amount(path(node, "status", "allocatable", resource), resource);
    return {
      cpu: offered("cpu") - asked("cpu"),
      memory: offered("memory") - asked("memory"),
      pods: offered("pods") - here.length,
    };
  });
}

const isSchedulable = (node: KubeObject): boolean =>
  path(node, "spec", "unschedulable") !== true &&
  asArray(path(node, "status", "conditions")).some(
    (one) => path(one, "type") === "Ready" && path(one, "status") === "True",
  );

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

/** A quantity as the API server writes it: CPU in thousandths of a core, everything else in units. */
function amount(value: unknown, resource: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(asString(value) ?? "") ?? [];
  const units = Number(digits ?? 0) * (UNITS[unit] ?? 1);
  return resource === "cpu" ? units * 1000 : units;
}
