import { setTimeout as sleep } from "node:timers/promises";
import { decideLease, type LeaseSighting } from "../../core/rollout/lease";
import type { Scheduled } from "../../core/rollout/record";
import { scheduleTime, withDelayed, withExpired, withMoot } from "../../core/rollout/scheduled";
import { stepsFrom, stops } from "../../core/rollout/strategy";
import { turnOf } from "../../core/schedule/turn";
import { arm, refuseSurprises } from "./arm";
import { Fenced, GateFailure, messageOf, Refusal } from "./errors";
import { readLeaseState, thisProcess, type HeldLease } from "./lease";
import type { MoveWish } from "./moveJob";
import type { MoveRequest, MoveResult } from "./mover";
import { changeSchedule, type ScheduleParts } from "./schedule";

export interface ScheduledMoveParts extends Omit<ScheduleParts, "lease"> {
  /** Of the schedule that this pod is there for. */
  readonly id: number;
  readonly wish: MoveWish;
  readonly acquire: (signal: AbortSignal) => Promise<HeldLease>;
  readonly release: () => Promise<void>;
  /** Makes the move under the lease; `instant` is awaited right before the first weight. */
  readonly move: (
    lease: HeldLease,
    request: MoveRequest,
    instant: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<MoveResult>;
  /** Why nothing may move now by a freeze; `undefined` when there is none. */
  readonly frozen: (signal: AbortSignal) => Promise<string | undefined>;
  readonly log: (message: string) => void;
}

/** How a schedule ends. */
export type ScheduledEnd =
  /** Somebody cancelled or replaced it, or made the move. */
  | { readonly kind: "over" }
  | { readonly kind: "moved" | "parked" }
  /** Its color was live already, so nothing was moved. */
  | { readonly kind: "moot"; readonly why: string }
  /** A gate said no, and the traffic is back. */
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "expired"; readonly why: string };

/** How often the record is looked at while there is nothing to do, and once there is. */
const LOOK_MS = 5000;
const TRY_MS = 1000;
/** When the lease is taken: early enough for a slow API server, and for the watcher of a move that stops on its way. */
const LEAD_MS = 10_000;
const LEAD_WITH_WATCHER_MS = 45_000;
/** The last look at the world before the instant. */
const LAST_LOOK_MS = 1000;
/** The longest sleep: a clock that is put right is seen after so long. */
const SLICE_MS = 200;

/**
 * Waits for the instant of one schedule and makes its move, as often begun anew as pods die. The lease is taken shortly
 * before, so that everybody can cancel, replace or promote it until then. Ends when the record says that it is over.
 */
export async function moveAtInstant(parts: ScheduledMoveParts, signal: AbortSignal): Promise<ScheduledEnd> {
  const lead = stops(parts.wish.steps) ? LEAD_WITH_WATCHER_MS : LEAD_MS;
  const announced = awaited(parts);
  let seen = false;
  for (let last = ""; ;) {
    signal.throwIfAborted();
    try {
      // Asked first: whoever schedules writes the record before they give their lease back.
      const isComing = !seen && (await announced());
      const scheduled = (await parts.store.read()).actual.record.scheduled;
      if (scheduled?.id !== parts.id) {
        if (!isComing) return { kind: "over" };
        await sleep(TRY_MS / 2, undefined, { signal });
        continue;
      }
      seen = true;
      const turn = turnOf(scheduled, Date.now(), lead);
      if (turn.kind === "wait") {
        await sleep(Math.min(turn.ms, LOOK_MS), undefined, { signal });
        continue;
      }
      if (turn.kind === "expire") return await expire(parts, withLast(turn.why, last), signal);
      const tried = await attempt(parts, scheduled, signal);
      if (tried.kind !== "again") return tried;
      if (tried.why !== last) parts.log(`not yet: ${tried.why}`);
      last = tried.why;
    } catch (error) {
      signal.throwIfAborted();
      // An API server that is away comes back.
      last = messageOf(error);
      parts.log(`cannot go on: ${last}`);
    }
    await sleep(TRY_MS, undefined, { signal });
  }
}

type Attempt = ScheduledEnd | { readonly kind: "again"; readonly why: string };

async function attempt(parts: ScheduledMoveParts, scheduled: Scheduled, signal: AbortSignal): Promise<Attempt> {
  // The lease stays free while a freeze lasts.
  const frozen = scheduled.delayed && (await parts.frozen(signal));
  if (frozen !== undefined) return { kind: "again", why: frozen };
  const lease = await parts.acquire(signal).catch(refused);
  if (lease instanceof Refusal) return { kind: "again", why: messageOf(lease) };
  try {
    const request = await requestOf(parts, scheduled);
    if (!request) return { kind: "again", why: "the schedule or the route was changed meanwhile" };
    const instant = (stop: AbortSignal) => untilInstant(parts, scheduled, request, stop);
    const { parked, record } = await parts.move(lease, request, instant, signal);
    if (request.seen === request.to) return { kind: "moot", why: record.events.at(-1)?.reason ?? "" };
    return { kind: parked ? "parked" : "moved" };
  } catch (error) {
    signal.throwIfAborted();
    const why = messageOf(error);
    if (error instanceof GateFailure) return { kind: "failed", why };
    if (!(error instanceof Refusal || error instanceof Fenced)) return await expireUnder(parts, lease, why);
    return await meetFreeze(parts, lease, scheduled, why, signal);
  } finally {
    await parts.release();
  }
}

/** Nothing was moved: by a freeze, which is waited for as long as the schedule says, or for a reason that may pass. */
async function meetFreeze(
  parts: ScheduledMoveParts,
  lease: HeldLease,
  scheduled: Scheduled,
  refusal: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const frozen = Date.now() < Date.parse(scheduled.at) ? undefined : await parts.frozen(signal);
  if (frozen === undefined || lease.lost.aborted) return { kind: "again", why: refusal };
  if (scheduled.onFreeze === "expire") return expireUnder(parts, lease, frozen);
  if (!scheduled.delayed) {
    await changeSchedule({ ...parts, lease }, (record, act) =>
      record.scheduled?.id === parts.id ? withDelayed(record, frozen, act) : record,
    );
  }
  return { kind: "again", why: frozen };
}

/** The move as the world has it now, under the lease; `undefined` when there is no such schedule, or no route. */
async function requestOf(parts: ScheduledMoveParts, { id }: Scheduled): Promise<MoveRequest | undefined> {
  const { steps, probePath, affinity } = parts.wish;
  const { actual, shape } = await parts.store.read();
  const { scheduled, move, weights } = actual.record;
  if (scheduled?.id !== id || !shape) return undefined;
  // Whoever had it before may have died on the way up.
  const begun = move?.to === scheduled.color && move.release === scheduled.release && actual.live !== null;
  return {
    shape,
    to: scheduled.color,
    release: scheduled.release,
    seen: actual.live,
    steps: begun ? stepsFrom(steps, weights[scheduled.color]) : steps,
    intent: "deploy",
    takeOver: false,
    probePath,
    scheduled: { at: scheduled.at, reason: `scheduled for ${scheduleTime(scheduled)} by ${scheduled.by}` },
    ...(affinity === undefined ? {} : { affinity }),
  };
}

/** Until the wall clock says so, never before; the world is looked at once more when it is near. */
async function untilInstant(
  parts: ScheduledMoveParts,
  scheduled: Scheduled,
  request: MoveRequest,
  signal: AbortSignal,
): Promise<void> {
  const at = Date.parse(scheduled.at);
  if (Date.now() < at) parts.log(`ready, waiting for ${scheduled.at}`);
  if (Date.now() < at - LAST_LOOK_MS) {
    await clock(at - LAST_LOOK_MS, signal);
    const { actual } = await parts.store.read();
    refuseSurprises(actual, request);
    arm(actual, request);
  }
  await clock(at, signal);
}

async function clock(at: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const left = at - Date.now();
    if (left <= 0) return;
    // The signal's reason tells more than an interrupted sleep.
    await sleep(Math.min(left, SLICE_MS), undefined, { signal }).catch(() => undefined);
  }
}

/** Whether the update that started this pod may still write the schedule: it holds its lease and gives signs of life. */
function awaited({ kube, store, id }: ScheduledMoveParts): () => Promise<boolean> {
  let sighting: LeaseSighting | undefined;
  return async () => {
    const lease = await readLeaseState(kube, store);
    if (!lease?.holder || lease.token !== id) return false;
    const now = performance.now();
    if (sighting?.renewed !== lease.renewed) sighting = { renewed: lease.renewed, since: now };
    return decideLease(lease, thisProcess(), sighting, now, () => false).kind === "wait";
  };
}

async function expire(parts: ScheduledMoveParts, why: string, signal: AbortSignal): Promise<ScheduledEnd> {
  const lease = await parts.acquire(signal);
  try {
    return await expireUnder(parts, lease, why);
  } finally {
    await parts.release();
  }
}

/** Ends the schedule without a move. What came live in another way meanwhile is not held for that. */
async function expireUnder(parts: ScheduledMoveParts, lease: HeldLease, why: string): Promise<ScheduledEnd> {
  const { actual } = await parts.store.read();
  const ends: ScheduledEnd[] = [];
  await changeSchedule({ ...parts, lease }, (record, act) => {
    if (record.scheduled?.id !== parts.id) return record;
    const moot = withMoot(record, actual, act);
    const ended = moot === record ? withExpired(record, { ...act, reason: why }) : moot;
    const { kind, reason = why } = ended.events.at(-1) ?? {};
    ends.push({ kind: kind === "expired" ? "expired" : "moot", why: reason });
    return ended;
  });
  return ends.at(-1) ?? { kind: "over" };
}

const withLast = (why: string, last: string): string => (last === "" ? why : `${why}; last: ${last}`);

const refused = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  throw error;
};
