/** What is known of an event that waits. */
export interface Waiting {
  readonly attempts: number;
  readonly since: Date;
  /** Of the last attempt; absent before the first. */
  readonly tried?: Date;
}

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
const GIVE_UP_AFTER_MS = 7 * 24 * 3_600_000;

/** When it may be tried next: each pause is twice the one before, from 5 s up to 10 minutes. */
export function dueAt({ attempts, since, tried }: Waiting): Date {
  if (attempts === 0 || tried === undefined) return since;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20));
  return new Date(tried.getTime() + pause);
}

/** A week on, nobody waits for it any more. */
export const isStale = ({ since }: Waiting, now: Date): boolean => now.getTime() - since.getTime() > GIVE_UP_AFTER_MS;
