import { setTimeout as sleep } from "node:timers/promises";
import { asString, path } from "../../core/json";
import { LABEL } from "../../core/rollout/names";
import type { KubeClient } from "../../platform/kube/client";
import { stateOf, whyWaiting } from "../podState";
import { runnerPodSpec, type RunnerPod } from "../runnerPod";
import { Refusal } from "./errors";

/** A Job of the runner's image that has to do with one service. */
export interface RunnerJob {
  readonly name: string;
  readonly service: string;
  readonly namespace: string;
  /** Label of its pods that holds the service's name, so that their logs can be asked for. */
  readonly podLabel: string;
  readonly pod: RunnerPod;
}

const START_DEADLINE_MS = 90_000;
/** The log of a finished one can be read for so long. */
const KEPT_SECONDS = 3600;

export const jobRef = ({ name, namespace }: Pick<RunnerJob, "name" | "namespace">) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  name,
  namespace,
});

/**
 * Starts a Job and returns when its pod runs. @throws Refusal with the reason when it does not come up; the Job is then
 * taken away again.
 */
export async function startRunnerJob(kube: KubeClient, job: RunnerJob, signal: AbortSignal): Promise<undefined> {
  const { name, namespace } = job;
  await kube.apply(jobOf(job), { fieldManager: "hms-traffic-switch", force: true });
  const giveUp = performance.now() + START_DEADLINE_MS;
  let why = "its pod was not made";
  while (performance.now() < giveUp) {
    const pods = await kube.list(
      { apiVersion: "v1", kind: "Pod", namespace },
      { labelSelector: `batch.kubernetes.io/job-name=${name}`, signal },
    );
    for (const pod of pods) {
      if (path(pod, "status", "containerStatuses", 0, "ready") === true) return;
      why =
        asString(path(stateOf(pod), "terminated", "message")) ??
        whyWaiting(pod) ??
        `its pod is ${asString(path(pod, "status", "phase")) ?? "unknown"}`;
    }
    await sleep(100, undefined, { signal });
  }
  await removeRunnerJob(kube, job);
  throw new Refusal(why);
}

/** Ends a Job and its pods; one that is gone is fine. */
export async function removeRunnerJob(kube: KubeClient, job: Pick<RunnerJob, "name" | "namespace">): Promise<void> {
  await kube.delete(jobRef(job), { propagation: "Background" });
}

function jobOf({ name, namespace, service, podLabel, pod }: RunnerJob) {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels: { [LABEL.service]: service } },
    spec: {
      // A node that goes takes the pod along; the next one goes on where the record says.
      backoffLimit: 1000,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { metadata: { labels: { [podLabel]: service } }, spec: runnerPodSpec(pod) },
    },
  };
}
