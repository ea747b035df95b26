import { setTimeout as sleep } from "node:timers/promises";
import { asArray, asNumber, asString, path } from "../../core/json";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { stateOf, whyWaiting } from "../podState";
import type { JobLog } from "./jobLog";

/** How a run ended; `why` is for people. */
export type RunEnd =
  | { readonly kind: "complete" }
  | { readonly kind: "failed"; readonly why: string }
  /** Its container never began, so nothing was done. */
  | { readonly kind: "not started"; readonly why: string };

export interface FollowParts {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly job: string;
  readonly log: JobLog;
  /** How long its container may take to begin, in ms. */
  readonly startDeadlineMs: number;
  /** Each new line of the log. */
  readonly line: (text: string) => void;
}

const LOOK_MS = 400;
/** More at once is only shown in part, for nobody reads it as it comes. */
const SHOWN_AT_ONCE = 10;

const podsIn = (namespace: string) => ({ apiVersion: "v1", kind: "Pod", namespace });
const selectorOf = (job: string): string => `batch.kubernetes.io/job-name=${job}`;

/** Waits for the end of a run and shows what it prints. @throws the signal's reason; the run goes on then. */
export async function follow(parts: FollowParts, signal: AbortSignal): Promise<RunEnd> {
  const { kube, namespace, job } = parts;
  const ref = { apiVersion: "batch/v1", kind: "Job", name: job, namespace };
  const giveUp = performance.now() + parts.startDeadlineMs;
  for (;;) {
    // The Job before its pods: once it has failed, they say all there is to say.
    const object = await kube.get(ref, { signal });
    const pods = await kube.list(podsIn(namespace), { labelSelector: selectorOf(job), signal });
    await show(parts, pods, signal);
    if (!object) return { kind: "failed", why: `somebody deleted its Job ${job}` };
    if (conditionOf(object, "Complete")) return { kind: "complete" };
    const failed = conditionOf(object, "Failed");
    if (failed) return { kind: "failed", why: whyFailed(failed, object, pods) };
    if (performance.now() > giveUp && !pods.some(hasBegun)) {
      const why = pods.map(whyWaiting).find((text) => text !== undefined) ?? "its pod was not made";
      return withdraw(parts, why);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Takes a Job back that does not begin. */
async function withdraw({ kube, namespace, job }: FollowParts, why: string): Promise<RunEnd> {
  const ref = { apiVersion: "batch/v1", kind: "Job", name: job, namespace };
  // Suspended first, which takes its pod away and starts no other, so that what is looked at cannot change any more.
  await kube.patch(ref, { spec: { suspend: true } }, { type: "merge" });
  const pods = await kube.list(podsIn(namespace), { labelSelector: selectorOf(job) });
  await kube.delete(ref, { propagation: "Background" });
  if (!pods.some(hasBegun)) return { kind: "not started", why };
  return { kind: "failed", why: `it began only as it was given up, and was stopped half-way (${why})` };
}

async function show({ log, line }: FollowParts, pods: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  for (const pod of pods.filter(hasBegun)) {
    const fresh = await log.fresh(pod.metadata.name ?? "", signal);
    fresh.slice(-SHOWN_AT_ONCE).forEach(line);
  }
}

export const conditionOf = (object: KubeObject, type: string): unknown =>
  asArray(path(object, "status", "conditions")).find(
    (one) => path(one, "type") === type && path(one, "status") === "True",
  );

const hasBegun = (pod: KubeObject): boolean =>
  path(stateOf(pod), "running") !== undefined || path(stateOf(pod), "terminated") !== undefined;

function whyFailed(condition: unknown, job: KubeObject, pods: readonly KubeObject[]): string {
  if (path(condition, "reason") === "DeadlineExceeded")
    return `it ran longer than its timeout of ${asNumber(path(job, "spec", "activeDeadlineSeconds")) ?? 0} s and was stopped`;
  const ended = pods.map((pod) => path(stateOf(pod), "terminated")).find((one) => one !== undefined);
  if (ended === undefined) return "its pod was taken away before it ended";
  const code = asNumber(path(ended, "exitCode")) ?? 0;
  const reason = asString(path(ended, "reason")) ?? "Error";
  const message = asString(path(ended, "message"));
  return reason === "Error"
    ? `exit code ${code}`
    : `exit code ${code}, ${reason}${message === undefined ? "" : `: ${message.trim()}`}`;
}
