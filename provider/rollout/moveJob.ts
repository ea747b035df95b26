import { z } from "zod";
import { path } from "../../core/json";
import type { KubeClient } from "../../platform/kube/client";
import { freezePlace, switchInputs } from "../resources/inputs";
import { messageOf, Refusal } from "./errors";
import { jobRef, removeRunnerJob, startRunnerJob } from "./runnerJob";

const { gates, steps, syntheticRequests } = switchInputs.shape;
const name = z.string().min(1);

/**
 * How the pod of a scheduled move makes it: what the update that scheduled it knew. What moves, where to and when stands
 * in the rollout record, host names and gateway on the route itself. Addresses are as pods see them.
 */
export const moveWishSchema = z.strictObject({
  address: name,
  prometheus: name,
  probePath: name,
  steps,
  gates,
  syntheticRequests,
  /** Where a freeze is asked for: in the cluster, as no pod sees a caller's files. */
  freeze: freezePlace.omit({ file: true, account: true }),
  affinity: z.strictObject({ secure: z.boolean() }).exactOptional(),
  /** Of the runner, by digest: for the watcher of a move of several steps. */
  image: name,
});

export type MoveWish = Readonly<z.output<typeof moveWishSchema>>;

interface MoveJob {
  readonly service: string;
  readonly namespace: string;
  /** Of the schedule. */
  readonly id: number;
}

const nameOf = ({ service, id }: MoveJob): string => `${service}-move-${id}`;

/**
 * Starts the pod that makes the move, and returns when it runs: from then on nothing on the caller's side is needed.
 * @throws Refusal when it does not come up.
 */
export async function startMoveJob(kube: KubeClient, job: MoveJob, wish: MoveWish, signal: AbortSignal): Promise<void> {
  const { service, namespace, id } = job;
  const args = [
    "move",
    ...["--service", service, "--namespace", namespace],
    ...["--schedule", String(id), "--wish", JSON.stringify(wish)],
  ];
  // The switch's identity: nobody else changes routes.
  const pod = { image: wish.image, account: "hms-switch", args, restarts: true };
  const podLabel = "hms.delivery/moves";
  try {
    await startRunnerJob(kube, { name: nameOf(job), service, namespace, podLabel, pod }, signal);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = messageOf(error);
    throw new Refusal(`${service}: the pod of the scheduled move does not start: ${why}; nothing was scheduled`);
  }
}

/** Whether the Job is there and has not ended, so that somebody will make the move. */
export async function hasMoveJob(kube: KubeClient, job: MoveJob): Promise<boolean> {
  const found = await kube.get(jobRef({ name: nameOf(job), namespace: job.namespace }));
  return found !== undefined && path(found, "status", "completionTime") === undefined;
}

export const removeMoveJob = (kube: KubeClient, job: MoveJob): Promise<void> =>
  removeRunnerJob(kube, { name: nameOf(job), namespace: job.namespace });
