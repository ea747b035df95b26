import type { Color } from "../../core/rollout/color";
import type { Release } from "../../core/rollout/release";
import { withScheduled } from "../../core/rollout/scheduled";
import type { KubeClient } from "../../platform/kube/client";
import type { DataPlane } from "../../provider/rollout/dataPlane";
import { acquireLease, type HeldLease } from "../../provider/rollout/lease";
import type { MoveWish } from "../../provider/rollout/moveJob";
import { Mover } from "../../provider/rollout/mover";
import { changeSchedule } from "../../provider/rollout/schedule";
import { moveAtInstant, type ScheduledEnd, type ScheduledMoveParts } from "../../provider/rollout/scheduledMove";
import type { RolloutStore } from "../../provider/rollout/store";

export interface WaitingParts {
  readonly kube: KubeClient;
  readonly store: RolloutStore;
  readonly dataPlane: DataPlane;
  readonly wish: MoveWish;
}

/**
 * Writes a schedule into the record as it stands, whatever `scheduleMove` would say of it, with a grace of one second and
 * no pod. @returns what its pod would do, to be done in this process.
 */
export async function waitFor(
  { kube, store, dataPlane, wish }: WaitingParts,
  { id: release, tag }: Release,
  color: Color,
  instant: Date,
): Promise<() => Promise<ScheduledEnd>> {
  const at = instant.toISOString();
  const said = { at, text: at, zone: "UTC", color, release, tag, image: wish.image } as const;
  const how = { onFreeze: "fire", graceSeconds: 1, expiresAfterSeconds: 60 } as const;
  const lease = await acquireLease(kube, store);
  const id = lease.token;
  await changeSchedule({ kube, store, lease }, (found, act) => withScheduled(found, { ...said, ...how }, id, act));
  await lease.release();
  let held: HeldLease | undefined;
  const parts: ScheduledMoveParts = {
    ...{ kube, store, wish, id },
    acquire: async () => (held = await acquireLease(kube, store)),
    release: async () => held?.release(),
    move: (mine, request, instant, signal) =>
      new Mover({ store, lease: mine, dataPlane, instant, progress: () => undefined }).run(request, signal),
    frozen: () => Promise.resolve(undefined),
    log: () => undefined,
  };
  return () => moveAtInstant(parts, new AbortController().signal);
}
