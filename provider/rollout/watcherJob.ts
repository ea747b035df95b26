import { setTimeout as sleep } from "node:timers/promises";
import { asArray, asString, path } from "../../core/json";
import type { Gate } from "../../core/gates/gate";
import { LABEL } from "../../core/rollout/names";
import type { KubeClient } from "../../platform/kube/client";
import { runnerPodSpec } from "../runnerPod";
import { Refusal } from "./errors";

/** What the watcher of one move is told. Addresses are as pods see them. */
export interface WatcherWish {
  readonly service: string;
  readonly namespace: string;
  readonly host: string;
  readonly probePath: string;
  readonly gateway: string;
  readonly prometheus: string;
  readonly gates: readonly Gate[];
  /** Image of the runner, by digest. */
  readonly image: string;
  /** Fencing token of the lease under which the move runs. */
  readonly token: number;
}

const ACCOUNT = "hms-watcher";
const START_DEADLINE_MS = 90_000;
/** A finished watcher's log can be read for so long. */
const KEPT_SECONDS = 3600;

/**
 * Starts the watcher of a move and returns when it runs: from then on somebody puts the traffic back, whatever becomes
 * of the mover. @throws Refusal when it does not come up; then nothing is to be moved.
 */
export async function startWatcher(kube: KubeClient, wish: WatcherWish, signal: AbortSignal): Promise<void> {
  const { service, namespace, token } = wish;
  const name = `${service}-watch-${token}`;
  const job = { apiVersion: "batch/v1", kind: "Job", name, namespace };
  await kube.apply(jobOf(name, wish), { fieldManager: "hms-traffic-switch", force: true });
  const giveUp = performance.now() + START_DEADLINE_MS;
  let why = "its pod was not made";
  while (performance.now() < giveUp) {
    const pods = await kube.list(
      { apiVersion: "v1", kind: "Pod", namespace },
      { labelSelector: `batch.kubernetes.io/job-name=${name}`, signal },
    );
    for (const pod of pods) {
      const status = path(pod, "status", "containerStatuses", 0);
      if (path(status, "ready") === true) return;
      const state = path(status, "state");
      why =
        asString(path(state, "waiting", "message")) ??
        asString(path(state, "terminated", "message")) ??
        asString(path(state, "waiting", "reason")) ??
        notScheduled(pod) ??
        `its pod is ${asString(path(pod, "status", "phase")) ?? "unknown"}`;
    }
    await sleep(100, undefined, { signal });
  }
  await kube.delete(job, { propagation: "Background" });
  throw new Refusal(`${service}: the watcher of the move does not start: ${why}; no traffic was moved`);
}

function notScheduled(pod: unknown): string | undefined {
  const scheduled = asArray(path(pod, "status", "conditions")).find((one) => path(one, "type") === "PodScheduled");
  return path(scheduled, "status") === "False" ? asString(path(scheduled, "message")) : undefined;
}

function jobOf(name: string, wish: WatcherWish) {
  const { service, namespace, host, probePath, gateway, prometheus, gates, image, token } = wish;
  const labels = { [LABEL.service]: service };
  const args = [
    "watch",
    ...["--service", service, "--namespace", namespace, "--token", String(token)],
    ...["--gateway", gateway, "--host", host, "--probe-path", probePath],
    ...(gates.length === 0 ? [] : ["--prometheus", prometheus, "--gates", JSON.stringify(gates)]),
  ];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels },
    spec: {
      // A node that goes takes the watcher along; the next one goes on where the record says.
      backoffLimit: 1000,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels: { "hms.delivery/watches": service } },
        spec: runnerPodSpec({ image, account: ACCOUNT, args }),
      },
    },
  };
}
