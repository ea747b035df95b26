import { z } from "zod";
import type { LeaseLimits } from "./lease";
import { dueOf, type SeenSandbox } from "./seen";

/** How often everything is looked at. A sandbox is gone at the end of its lease and one sweep. */
export const SWEEP_MINUTES = 10;

/** After so many failures in a row somebody is told. */
export const ALERT_AFTER = 3;
const LONGEST_WAIT_MS = 6 * 3_600_000;

/** Failures of one sandbox; kept until it is gone. */
export const failureSchema = z.object({
  count: z.number().int().positive(),
  /** ISO 8601, of the last one. */
  at: z.string(),
  reason: z.string(),
});
export type Failure = Readonly<z.infer<typeof failureSchema>>;
export type Failures = Readonly<Record<string, Failure>>;

/** A sandbox, or what is left of one, that is to go. */
export interface Doomed {
  readonly name: string;
  readonly why: string;
  /** Not tried now: it failed, and its time has not come again. Nobody gets in meanwhile. */
  readonly waitsUntil?: Date;
}

/**
 * What is to go: leases that are over, namespaces that somebody else began to delete, and databases whose namespace is
 * gone. A namespace comes before its database and goes after it, so the databases must have been listed first.
 */
export function planReap(
  standing: readonly SeenSandbox[],
  databases: readonly string[],
  failures: Failures,
  now: Date,
  limits: LeaseLimits,
): readonly Doomed[] {
  const ended = standing.flatMap((seen) => {
    const due = dueOf(seen, limits);
    const why = seen.leaving
      ? "it is half destroyed"
      : due > now
        ? undefined
        : seen.identity
          ? `its lease ended at ${due.toISOString()}`
          : `its lease cannot be read (${seen.problems.join("; ")}), and it was made at ${seen.madeAt.toISOString()}`;
    return why === undefined ? [] : [{ name: seen.name, why }];
  });
  const orphans = databases
    .filter((name) => !standing.some((seen) => seen.name === name))
    .map((name) => ({ name, why: "its namespace is gone, its database is not" }));
  return [...ended, ...orphans]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => {
      const failure = failures[one.name];
      const again = failure && nextTry(failure);
      return again && again > now ? { ...one, waitsUntil: again } : one;
    });
}

/** Twice as long after each failure: one sweep, two, four, at most six hours. */
export function nextTry({ count, at }: Failure): Date {
  const wait = Math.min(SWEEP_MINUTES * 60_000 * 2 ** (count - 1), LONGEST_WAIT_MS);
  // A moment less, or a sweep that is a second early would skip a whole round.
  return new Date(new Date(at).getTime() + wait - 60_000);
}

/** @param gone names of which nothing is left. */
export function failuresAfter(
  before: Failures,
  failed: Readonly<Record<string, string>>,
  gone: readonly string[],
  now: Date,
): Failures {
  const kept = Object.entries(before).filter(([name]) => !gone.includes(name));
  const counted = Object.entries(failed).map(
    ([name, reason]) =>
      [name, { count: (before[name]?.count ?? 0) + 1, at: now.toISOString(), reason: reason.slice(0, 500) }] as const,
  );
  return Object.fromEntries([...kept, ...counted]);
}

/** Whether this failure is one to tell people of: the third in a row, and each one after it. */
export const isAlarming = ({ count }: Failure): boolean => count >= ALERT_AFTER;
