import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import type { LeaseLimits } from "../../core/sandbox/lease";
import { REAPER, reaperObjects } from "../../core/sandbox/reaperObjects";
import { asString, path } from "../../core/json";
import { durationText } from "../../core/service/duration";
import type { KubeClient } from "../../platform/kube/client";
import { runnerPodSpec } from "../runnerPod";

export interface ReaperWish {
  readonly limits: LeaseLimits;
  readonly server: string;
}

const CRON_JOB = { apiVersion: "batch/v1", kind: "CronJob", namespace: SANDBOXES_NAMESPACE, name: REAPER };
/** What the local platform's database servers let in, and an operator's policy may name. */
const ADMINISTERS = { "hms.delivery/administers": "sandbox-server" };

/** Image that the standing reaper runs, and what it was told; `undefined` when there is none. */
export async function standingReaper(kube: KubeClient, signal?: AbortSignal) {
  const found = await kube.get(CRON_JOB, { signal });
  if (!found) return undefined;
  const container = path(found, "spec", "jobTemplate", "spec", "template", "spec", "containers", 0);
  const args = path(container, "args");
  return { image: asString(path(container, "image")) ?? "", args: Array.isArray(args) ? args.map(String) : [] };
}

export const reaperArgs = ({ limits, server }: ReaperWish): readonly string[] => [
  "reap",
  ...["--server", server],
  ...["--longest", durationText(limits.maxTtl)],
  ...["--in-all", durationText(limits.maxAge)],
];

/** Makes the reaper, or brings it to what is wanted; run again it changes nothing. */
export async function installReaper(
  kube: KubeClient,
  image: string,
  wish: ReaperWish,
  signal?: AbortSignal,
): Promise<void> {
  const pod = runnerPodSpec({ image, account: REAPER, args: reaperArgs(wish) });
  const objects = reaperObjects({ pod, server: wish.server, podLabels: ADMINISTERS });
  for (const object of objects) await kube.apply(object, { fieldManager: REAPER, force: true, signal });
}
