import { asArray, asNumber, asString, path } from "../json";
import { parseCpu, parseMemory } from "../service/quantity";
import type { Step } from "./events";

/** What a stack costs by, as far as its resources tell. */
export interface Counts {
  /** Pods that are asked for; of a workload that scales by itself, those that it begins with. */
  readonly pods: number;
  /** Thousandths of a core, requested by those pods. */
  readonly cpu: number;
  /** Bytes, requested by those pods. */
  readonly memory: number;
  readonly loadBalancers: number;
  readonly buckets: number;
  readonly keys: number;
}

export const NOTHING: Counts = { pods: 0, cpu: 0, memory: 0, loadBalancers: 0, buckets: 0, keys: 0 };
export const COUNTED = [
  "pods",
  "cpu",
  "memory",
  "loadBalancers",
  "buckets",
  "keys",
] as const satisfies readonly (keyof Counts)[];

/** The counts before and after these steps; what they leave as it is counts on both sides. */
export function countSteps(steps: readonly Step[]): { readonly before: Counts; readonly after: Counts } {
  return { before: countSide(steps, "before"), after: countSide(steps, "after") };
}

function countSide(steps: readonly Step[], side: "before" | "after"): Counts {
  return steps.reduce((sum, step) => {
    const inputs = step[side];
    return inputs === undefined ? sum : plus(sum, countOne(step.type, inputs));
  }, NOTHING);
}

const plus = (a: Counts, b: Counts): Counts => ({
  pods: a.pods + b.pods,
  cpu: a.cpu + b.cpu,
  memory: a.memory + b.memory,
  loadBalancers: a.loadBalancers + b.loadBalancers,
  buckets: a.buckets + b.buckets,
  keys: a.keys + b.keys,
});

const WORKLOAD = /^kubernetes:apps\/v1:(Deployment|StatefulSet)$/;
const LOAD_BALANCER = /^aws:(lb|alb|elb)\/[a-zA-Z]+:LoadBalancer$/;
const BUCKET = /^aws:s3\/bucket(V2)?:Bucket(V2)?$/;
const KEY = /^aws:kms\/(replicaKey|key):(ReplicaKey|Key)$/;

function countOne(type: string, inputs: Readonly<Record<string, unknown>>): Counts {
  if (WORKLOAD.test(type)) return workload(inputs);
  if (type === "kubernetes:core/v1:Service")
    return { ...NOTHING, loadBalancers: path(inputs, "spec", "type") === "LoadBalancer" ? 1 : 0 };
  return {
    ...NOTHING,
    loadBalancers: LOAD_BALANCER.test(type) ? 1 : 0,
    buckets: BUCKET.test(type) ? 1 : 0,
    keys: KEY.test(type) ? 1 : 0,
  };
}

function workload(inputs: Readonly<Record<string, unknown>>): Counts {
  const pods = asNumber(path(inputs, "spec", "replicas")) ?? 1;
  const containers = asArray(path(inputs, "spec", "template", "spec", "containers"));
  const asked = (what: "cpu" | "memory", read: (text: string) => number | undefined) =>
    containers.reduce<number>(
      (sum, container) => sum + (read(asString(path(container, "resources", "requests", what)) ?? "") ?? 0),
      0,
    );
  return { ...NOTHING, pods, cpu: pods * asked("cpu", parseCpu), memory: pods * asked("memory", parseMemory) };
}
