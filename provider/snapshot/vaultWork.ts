import { retain, type Judged, type Retention } from "../../core/scrub/retention";
import { withLock } from "../../platform/lock";
import { takenAt } from "./store";
import { takeSnapshot, type TakenSnapshot, type TakeParts } from "./take";
import { openVault, snapshotsOf, type VaultPlace } from "./vault";

/** What is asked of a vault; its store and keys are found in it. */
export interface VaultWish extends Omit<TakeParts, "store" | "masterKey" | "signer"> {
  readonly place: VaultPlace;
  /** Told who else takes one of the same service on this machine. */
  readonly waiting: (holder: string) => void;
}

/** Takes a snapshot with the keys of a vault, which are made where there are none. @throws what `takeSnapshot` throws */
export function takeIntoVault({ place, waiting, ...wish }: VaultWish): Promise<TakenSnapshot> {
  const store = snapshotsOf(place, wish.service);
  return withLock(`snapshot:${store.where}`, waiting, wish.signal, async () =>
    takeSnapshot({ ...wish, store, ...(await openVault(place)) }),
  );
}

/** Removes the snapshots of a service that need not be kept, or says which it would. Newest first. */
export async function pruneVault(
  place: VaultPlace,
  service: string,
  retention: Retention,
  { now, isDry = false }: { readonly now: Date; readonly isDry?: boolean },
): Promise<readonly Judged[]> {
  const store = snapshotsOf(place, service);
  const aged = (await store.list()).map(({ id }) => ({ id, takenAt: takenAt(id) }));
  const judged = retain(aged, retention, now);
  for (const { id, remove } of judged) if (remove && !isDry) await store.remove(id);
  return judged;
}
