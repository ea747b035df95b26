import { durationText, parseDuration } from "../service/duration";
import { describeValue, fail, succeed, type Result } from "../service/problem";

/** How long a sandbox may stand; an update of it never changes that. */
export interface Lease {
  /** Written once. */
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Seconds. */
export interface LeaseLimits {
  /** Longest time that one lease gives. */
  readonly maxTtl: number;
  /** Longest time since creation, over all extensions. */
  readonly maxAge: number;
}

const HOUR = 3600;
export const LEASE_LIMITS: LeaseLimits = { maxTtl: 24 * HOUR, maxAge: 72 * HOUR };
/** What a sandbox gets that nobody said anything about. */
export const DEFAULT_TTL = 8 * HOUR;
const LEAST_TTL = 60;

/** Seconds of a wanted time to live: `8h`. */
export function readTtl(given: string, { maxTtl }: LeaseLimits): Result<number> {
  const seconds = parseDuration(given);
  if (seconds !== undefined && seconds >= LEAST_TTL && seconds <= maxTtl) return succeed(seconds);
  const allowed = `a time from ${durationText(LEAST_TTL)} to ${durationText(maxTtl)} such as 45m, 8h or 1d`;
  const advice =
    seconds !== undefined && seconds > maxTtl
      ? "ask for less, and extend it when that is not enough (hms-sbx extend)"
      : "say how long the sandbox is to stand";
  return fail([{ path: ["ttl"], got: describeValue(given), allowed, advice }]);
}

/** Whole seconds, as the labels that carry them have no more. */
export function newLease(now: Date, ttlSeconds: number): Lease {
  const createdAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { createdAt, expiresAt: plus(createdAt, ttlSeconds) };
}

/** A new lease from now on. It ends no sooner than the one before, and no later than the most that one sandbox gets. */
export function extendLease(lease: Lease, ttlSeconds: number, now: Date, { maxAge }: LeaseLimits): Result<Lease> {
  const wrong = (got: string, allowed: string, advice: string) => fail([{ path: ["ttl"], got, allowed, advice }]);
  const { createdAt, expiresAt } = lease;
  if (expiresAt <= now)
    return wrong(`a lease that ended at ${expiresAt.toISOString()}`, "a lease that runs", "create another sandbox");
  const wanted = plus(newLease(now, 0).createdAt, ttlSeconds);
  const last = plus(createdAt, maxAge);
  if (wanted > last)
    return wrong(
      `${durationText(ttlSeconds)}, which ends at ${wanted.toISOString()}`,
      `an end by ${last.toISOString()}, ${durationText(maxAge)} after it was created`,
      "ask for less, or create another sandbox",
    );
  if (wanted < expiresAt)
    return wrong(
      `${durationText(ttlSeconds)}, which ends at ${wanted.toISOString()}`,
      `an end after ${expiresAt.toISOString()}, which it has already`,
      "ask for more; hms-sbx destroy ends it sooner",
    );
  return succeed({ createdAt, expiresAt: wanted });
}

/**
 * When a sandbox is due to go. One whose lease cannot be read is due a longest lease after it was first seen, so that
 * nothing stands for ever because its labels are broken.
 */
export function dueAt(lease: Lease | undefined, firstSeen: Date, { maxTtl, maxAge }: LeaseLimits): Date {
  if (lease === undefined) return plus(firstSeen, maxTtl);
  const last = plus(lease.createdAt, Math.max(maxAge, maxTtl));
  return lease.expiresAt < last ? lease.expiresAt : last;
}

/** `3h20m`, or `ended 12m ago`. */
export function leftText({ expiresAt }: Pick<Lease, "expiresAt">, now: Date): string {
  const seconds = Math.round((expiresAt.getTime() - now.getTime()) / 1000);
  const rounded = Math.floor(Math.abs(seconds) / 60) * 60;
  return seconds > 0 ? durationText(rounded) : `ended ${durationText(rounded)} ago`;
}

const plus = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000);

/** Clocks of two machines are no reason to refuse. */
const SLACK = 120;

/**
 * The lease that an update works with: what the stack's file says, or what the cluster says where that has been extended
 * since. An update gives nobody more than an extension would.
 * @param standing lease of the sandbox as the cluster has it; absent for a new one.
 */
export function leaseToKeep(said: Lease, standing: Lease | undefined, now: Date, limits: LeaseLimits): Result<Lease> {
  const wrong = (key: string, got: string, allowed: string, advice: string) =>
    fail([{ path: ["sandbox", key], got, allowed, advice }]);
  if (standing && standing.createdAt.getTime() !== said.createdAt.getTime())
    return wrong(
      "createdAt",
      said.createdAt.toISOString(),
      `${standing.createdAt.toISOString()}, when it was created`,
      "put it back: it is written once",
    );
  const expiresAt = standing && standing.expiresAt > said.expiresAt ? standing.expiresAt : said.expiresAt;
  if (expiresAt <= now)
    return wrong(
      "expiresAt",
      `${expiresAt.toISOString()}, which is past`,
      "a lease that runs",
      "destroy it (hms-sbx destroy)",
    );
  const isMore = !standing || expiresAt > standing.expiresAt;
  const last = plus(now, limits.maxTtl + SLACK);
  if (isMore && expiresAt > last)
    return wrong(
      "expiresAt",
      expiresAt.toISOString(),
      `at most ${durationText(limits.maxTtl)} from now`,
      "ask for less, and extend it when that is not enough (hms-sbx extend)",
    );
  return succeed({ createdAt: said.createdAt, expiresAt });
}
