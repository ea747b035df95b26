import { isIntent, parseJournal, withEntry, type Boundary, type Journal } from "../../core/rollout/journal";
import { describeHolder } from "../../core/rollout/lease";
import { ANNOTATION, FIELD_MANAGER } from "../../core/rollout/names";
import type { KubeClient } from "../../platform/kube/client";
import { isConflict } from "../../platform/kube/errors";
import { Fenced } from "./errors";
import { leaseState, type HeldLease } from "./lease";
import type { RolloutStore } from "./store";

/** Notes that the rollout has come to a boundary. */
export type Note = (boundary: Boundary) => Promise<void>;

/** A journal is no reason to wait long: the move goes on without what cannot be noted. */
const PATIENCE_MS = 2000;

/**
 * Writes the journal of one rollout onto its lease, while `lease` is held. Without a lease nothing is noted.
 * What is noted right before weights are written must be noted: the promise is rejected, with `Fenced` when somebody
 * else has the lease. Everything else is noted as far as the API server answers.
 */
export function journalOf(
  kube: KubeClient,
  store: RolloutStore,
  lease: HeldLease | undefined,
  release: string,
  env: NodeJS.ProcessEnv = process.env,
): Note {
  return async (boundary) => {
    if (!lease) return;
    try {
      await append(kube, store, lease, boundary, release);
    } catch (error) {
      if (isIntent(boundary)) throw error;
      return;
    }
    dieAt(boundary, env);
  };
}

/** The journal as it stands; empty without a lease. */
export async function readJournal(kube: KubeClient, store: RolloutStore): Promise<Journal> {
  const object = await kube.get(store.leaseRef());
  return parseJournal(object?.metadata.annotations?.[ANNOTATION.journal]);
}

async function append(
  kube: KubeClient,
  store: RolloutStore,
  lease: HeldLease,
  boundary: Boundary,
  release: string,
): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const entry = { at: new Date().toISOString(), boundary, token: lease.token, release };
  for (;;) {
    const object = await kube.get(store.leaseRef(), { signal });
    const holder = object && leaseState(object).holder;
    if (!object || holder?.id !== lease.holder.id)
      throw new Fenced(holder ? `${describeHolder(holder)} has the lease now` : "the lease was taken away");
    const journal = withEntry(parseJournal(object.metadata.annotations?.[ANNOTATION.journal]), entry);
    const { resourceVersion } = object.metadata;
    const annotations = { [ANNOTATION.journal]: JSON.stringify(journal) };
    try {
      await kube.patch(
        store.leaseRef(),
        { metadata: { annotations, ...(resourceVersion === undefined ? {} : { resourceVersion }) } },
        { type: "merge", fieldManager: FIELD_MANAGER.lease, signal },
      );
      return;
    } catch (error) {
      if (!isConflict(error)) throw error; // the heartbeat came in between
    }
  }
}

/**
 * The one fault point, for tests only: with `HMS_KILL_AT=<boundary>` in its environment this process ends at that
 * boundary as if it had been killed, right after noting it.
 */
function dieAt(boundary: Boundary, env: NodeJS.ProcessEnv): void {
  if (env.HMS_KILL_AT === boundary) process.kill(process.pid, "SIGKILL");
}
