import { durationText } from "../service/duration";

/** What of a service's snapshots is kept. */
export interface Retention {
  /** So many of the newest, whatever their age; at least 1. */
  readonly keep: number;
  /** Others go when they are older. */
  readonly maxAgeDays: number;
}

export interface Aged {
  readonly id: string;
  readonly takenAt: Date;
  /** Why it must stay: a template database was made of it, for instance. */
  readonly inUse?: string;
}

export interface Judged {
  readonly id: string;
  readonly remove: boolean;
  /** For people. */
  readonly reason: string;
}

const DAY_MS = 86_400_000;

/** Each snapshot with what is to become of it, newest first. The newest always stays: without it nothing can be seeded. */
export function retain(snapshots: readonly Aged[], { keep, maxAgeDays }: Retention, now: Date): readonly Judged[] {
  const limit = durationText(Math.round(maxAgeDays * 86_400));
  const newest = [...snapshots].sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime() || (a.id < b.id ? 1 : -1));
  return newest.map(({ id, takenAt, inUse }, index) => {
    const days = Math.max(0, (now.getTime() - takenAt.getTime()) / DAY_MS);
    const age = `${days.toFixed(1)} days old`;
    if (inUse !== undefined) return { id, remove: false, reason: `${inUse} (${age})` };
    if (index < Math.max(1, keep))
      return { id, remove: false, reason: `one of the newest ${Math.max(1, keep)} (${age})` };
    if (days <= maxAgeDays) return { id, remove: false, reason: `not older than ${limit} (${age})` };
    return { id, remove: true, reason: `older than ${limit} (${age})` };
  });
}
