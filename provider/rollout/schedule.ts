import { describeHolder } from "../../core/rollout/lease";
import { withFence, type Act, type RolloutRecord, type Scheduled } from "../../core/rollout/record";
import {
  describeSchedule,
  withCancelled,
  withExpired,
  withReplaced,
  withScheduled,
  type Schedule,
} from "../../core/rollout/scheduled";
import type { KubeClient } from "../../platform/kube/client";
import { arm, refuseSurprises } from "./arm";
import { Fenced, Refusal } from "./errors";
import type { HeldLease } from "./lease";
import { removeMoveJob, startMoveJob, type MoveWish } from "./moveJob";
import type { RolloutStore } from "./store";

export interface ScheduleParts {
  readonly kube: KubeClient;
  readonly store: RolloutStore;
  readonly lease: HeldLease;
  readonly now?: () => Date;
}

/**
 * Leaves a move to a pod of the cluster. The pod stands first, the record second: whoever is killed in between leaves a
 * pod that finds no schedule and ends. Weights and live color stay as they are.
 * @throws Refusal when the color could not move now either, or the pod does not start; nothing is scheduled then.
 */
export async function scheduleMove(
  parts: ScheduleParts,
  schedule: Schedule,
  wish: MoveWish,
  signal: AbortSignal,
): Promise<RolloutRecord> {
  const { kube, store, lease } = parts;
  const { service, namespace } = store;
  const { actual } = await store.read();
  const { color: to, release } = schedule;
  const request = { shape: { service }, to, release, seen: actual.live, takeOver: false };
  refuseSurprises(actual, request);
  if (actual.live === to) throw new Refusal(`${service}: ${to} is live already, so no move to it can wait. Plan again`);
  const { image } = arm(actual, request).release;
  const before = actual.record.scheduled;
  const id = lease.token;
  await startMoveJob(kube, { service, namespace, id }, wish, signal);
  const record = await changeSchedule(parts, (found, act) => withScheduled(found, { ...schedule, image }, id, act));
  if (before) await removeMoveJob(kube, { service, namespace, id: before.id });
  return record;
}

/**
 * Takes a schedule back, from whoever is about to make the move too. @param why "replaced": another release is wanted,
 * and nothing is held. @returns what was scheduled; `undefined` when nothing is.
 */
export function cancelSchedule(
  parts: ScheduleParts,
  reason: string,
  why: "given up" | "replaced",
): Promise<Scheduled | undefined> {
  const end = why === "replaced" ? withReplaced : withCancelled;
  return endSchedule(parts, (record, act) => end(record, { ...act, reason }));
}

/** Ends a schedule whose time is over, and that no pod is there to end. @returns what was scheduled; `undefined` when nothing is */
export function expireSchedule(parts: ScheduleParts, why: string): Promise<Scheduled | undefined> {
  return endSchedule(parts, (record, act) => withExpired(record, { ...act, reason: why }));
}

/** For people. */
export const cancelledText = (service: string, found: Scheduled, why: string): string =>
  `${service}: ${describeSchedule(found)}, does not go live then: ${why}; no traffic was moved`;

/** Changes what the record says of the schedule, fenced by the lease; the route's weights are left as they are. */
export function changeSchedule(
  { store, lease, now = () => new Date() }: ScheduleParts,
  change: (record: RolloutRecord, act: Act) => RolloutRecord,
): Promise<RolloutRecord> {
  const by = describeHolder(lease.holder);
  return store.updateRecord((record) => {
    if (record.fence > lease.token) throw new Fenced(`${record.writer} took over`);
    return change(withFence(record, lease.token, by), { at: now().toISOString(), by });
  });
}

async function endSchedule(
  parts: ScheduleParts,
  end: (record: RolloutRecord, act: Act) => RolloutRecord,
): Promise<Scheduled | undefined> {
  const { kube, store } = parts;
  const found = (await store.read()).actual.record.scheduled;
  if (!found) return undefined;
  await changeSchedule(parts, (record, act) => (record.scheduled ? end(record, act) : record));
  const { service, namespace } = store;
  // It would see for itself that there is nothing to do any more.
  await removeMoveJob(kube, { service, namespace, id: found.id }).catch(() => undefined);
  return found;
}
