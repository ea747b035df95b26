import type { Note } from "../rollout/journal";
import { messageOf } from "../rollout/errors";
import type { HeldLease } from "../rollout/lease";
import type { RolloutStore } from "../rollout/store";
import type { Session } from "../session";
import { Migrator } from "./migrator";

export interface TakeBackParts {
  readonly session: Session;
  readonly store: RolloutStore;
  readonly lease: HeldLease;
  readonly note?: Note;
  readonly progress: (message: string) => void;
}

/** The migrations of a service, for whoever holds its lease. */
export function migratorOf({ session, ...parts }: TakeBackParts): Migrator {
  const recorder = session.recorder(parts.store, parts.progress);
  const tell = recorder && { tell: recorder.tell.bind(recorder) };
  return new Migrator({ kube: session.kube, ...parts, ...tell });
}

/**
 * What is to be thrown after a release has failed and the traffic is where it is to stay: the same, with what became of
 * the `down` of releases that are held now. Nothing is run after a stop by a person, who waits for the end.
 */
export async function withDowns(parts: TakeBackParts, error: unknown, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted || parts.lease.lost.aborted) return error;
  try {
    const taken = await migratorOf(parts).downs(undefined, signal);
    if (taken.length === 0) return error;
    return new Error(`${messageOf(error)}; ${downText(taken)}`, { cause: error });
  } catch (failed) {
    return new Error(`${messageOf(error)}; and then ${messageOf(failed)}`, { cause: error });
  }
}

export const downText = (taken: readonly string[]): string => `down of ${taken.join(", ")} has run`;
