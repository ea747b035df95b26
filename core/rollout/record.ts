import { dealtAgain, type Affinity } from "./affinity";
import { otherColor, weightsFor, type Color, type Weights } from "./color";
import {
  recordSchema,
  type Deployment,
  type Hold,
  type Parked,
  type RolloutEvent,
  type RolloutRecord,
  type Said,
  type Scheduled,
} from "./recordSchema";
import { describeRelease, type BoundRelease } from "./release";

export type { Deployment, Hold, Parked, RolloutEvent, RolloutRecord, Said, Scheduled };

const KEPT_DEPLOYMENTS = 10;
const KEPT_EVENTS = 20;
/** Events that wait for the ledger stay, but an annotation is small, and going back must go on. */
const MOST_EVENTS = 200;

export const emptyRecord = (): RolloutRecord => ({
  sequence: 0,
  fence: 0,
  writer: "",
  live: null,
  weights: weightsFor("blue"),
  colors: { blue: null, green: null },
  deployments: [],
  current: 0,
  movedAt: null,
  holds: [],
  move: null,
  events: [],
  ledgered: 0,
});

/** @throws Error when the text is not a record: what cannot be read is never treated as "nothing there". */
export function parseRecord(text: string, where: string): RolloutRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(
      `${where} is not JSON: restore it from a backup, or remove the annotation to start without history`,
    );
  }
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Error(`${where} is not a rollout record (${problems}): remove the annotation to start without history`);
}

/** The newer of two copies. */
export const newerRecord = (a: RolloutRecord | undefined, b: RolloutRecord | undefined): RolloutRecord | undefined =>
  a && b ? (b.sequence > a.sequence ? b : a) : (a ?? b);

export const findHold = (record: RolloutRecord, release: string): Hold | undefined =>
  record.holds.find((hold) => hold.release === release);

export interface Act {
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
  /** What the gates last said. */
  readonly gates?: readonly Said[];
  /** Instant that it was scheduled for. */
  readonly scheduled?: string;
}

/** What a record knows a release by; with its image where that was ever built. */
export interface Named {
  readonly id: string;
  readonly tag: string;
  readonly image?: string;
}

/**
 * The move has begun: `step` counts weight changes, so that a restarted mover knows how far it came. With `affinity`
 * sessions are kept; those of the same move so far, of its promotion too, go on.
 */
export function withMove(
  record: RolloutRecord,
  to: Color,
  release: string,
  step: number,
  weights: Weights,
  affinity?: Affinity,
): RolloutRecord {
  const { live: from, move, fence, sequence } = record;
  const same = move?.from === from && move.to === to && move.release === release ? move : undefined;
  const sessions = affinity && dealtAgain(same?.sessions, weights[to], { id: `${fence}-${sequence}`, ...affinity });
  const kept = sessions === undefined ? {} : { sessions };
  const found = same?.found ?? (from === null ? null : record.weights);
  return next(record, { weights, move: { from, to, release, step, found, parked: null, ...kept } });
}

/** Says of a move that has begun that it is a way back. */
export const asRollback = (record: RolloutRecord): RolloutRecord =>
  record.move ? { ...record, move: { ...record.move, intent: "rollback" } } : record;

/** The release that an interrupted rollback was on its way to; `undefined` when none was interrupted. */
export function unfinishedRollback({ move, deployments }: RolloutRecord): Deployment | undefined {
  if (move?.intent !== "rollback") return undefined;
  return deployments.findLast((one) => one.release.id === move.release);
}

/** The move stays where it is until somebody promotes it, or until its time is over. */
export function withParked(record: RolloutRecord, release: Named, parked: Omit<Parked, "at">, act: Act): RolloutRecord {
  const { move } = record;
  if (!move) throw new Error("only a move that is under way can be parked");
  const parkedMove = { ...move, parked: { at: act.at, ...parked } };
  return happened(unscheduled(record), { move: parkedMove }, "parked", move.to, release, act);
}

/** `release` is live on `color` by a deployment. Another release was wanted, so holds on others are lifted. */
export function withDeployment(record: RolloutRecord, color: Color, release: BoundRelease, act: Act): RolloutRecord {
  const order = (record.deployments.at(-1)?.order ?? 0) + 1;
  const again = record.deployments.filter((d) => d.release.id !== release.id);
  const change = {
    ...liveOn(record, color, release, act.at),
    deployments: [...again, { order, at: act.at, release, left: false }].slice(-KEPT_DEPLOYMENTS),
    current: order,
    holds: [],
  };
  return happened(unscheduled(record), change, "deploy", color, release, act);
}

/** `release` is live on `color` because somebody went back to it: what was left is held, and no new order is made. */
export function withRollback(
  record: RolloutRecord,
  color: Color,
  release: BoundRelease,
  act: Act & { readonly reason: string },
): RolloutRecord {
  const order = record.deployments.findLast((d) => d.release.id === release.id)?.order ?? record.current;
  const left = record.deployments.filter((d) => d.order > order && d.release.id !== release.id);
  const leftHolds = left.map<Hold>((d) => ({
    release: d.release.id,
    tag: d.release.tag,
    kind: "rolledBack",
    reason: act.reason,
    at: act.at,
  }));
  const kept = record.holds.filter((h) => h.release !== release.id && !left.some((d) => d.release.id === h.release));
  const change = {
    ...liveOn(record, color, release, act.at),
    deployments: record.deployments.map((d) => (left.includes(d) ? { ...d, left: true } : d)),
    current: order,
    holds: [...kept, ...leftHolds],
  };
  return happened(unscheduled(record), change, "rollback", color, release, act);
}

/** A gate said no: the weights are back, or were never moved, and the release is held. */
export function withFailure(
  record: RolloutRecord,
  failed: Named,
  act: Act & { readonly reason: string },
): RolloutRecord {
  const hold: Hold = { release: failed.id, tag: failed.tag, kind: "failed", reason: act.reason, at: act.at };
  const change = {
    weights: record.live ? weightsFor(record.live) : record.weights,
    move: null,
    holds: [...record.holds.filter((h) => h.release !== failed.id), hold],
  };
  return happened(unscheduled(record, failed.id), change, record.move ? "restore" : "failed", record.live, failed, act);
}

/**
 * The move was stopped, by a person or by the end of its process: the weights are back, the release is not to blame. A
 * schedule stays: whoever carries it out begins again, or says why not.
 */
export function withStop(record: RolloutRecord, stopped: Named, act: Act & { readonly reason: string }): RolloutRecord {
  const weights = record.live ? weightsFor(record.live) : record.weights;
  return happened(record, { weights, move: null }, "restore", record.live, stopped, act);
}

/** Somebody gave the move up: the weights are back, and the release waits for `--retry` or for another one. */
export function withGivenUp(record: RolloutRecord, left: Named, act: Act & { readonly reason: string }): RolloutRecord {
  const hold: Hold = { release: left.id, tag: left.tag, kind: "rolledBack", reason: act.reason, at: act.at };
  const stopped = withStop(unscheduled(record, left.id), left, act);
  return { ...stopped, holds: [...record.holds.filter((h) => h.release !== left.id), hold] };
}

/** Somebody else's weights were replaced by ours, or accepted as the new truth. */
export function withRepair(record: RolloutRecord, live: Color, act: Act & { readonly reason: string }): RolloutRecord {
  const release = record.colors[live] ?? { id: "", tag: "" };
  const kept = live === record.scheduled?.color ? unscheduled(record) : record;
  return happened(kept, { live, weights: weightsFor(live), move: null }, "repair", live, release, act);
}

/** The newest good release before the live one; `undefined` when there is none. Never a newer one, a held one, or one left. */
export function previousGood(record: RolloutRecord): Deployment | undefined {
  return record.deployments.findLast(
    (d) => d.order < record.current && !d.left && findHold(record, d.release.id) === undefined,
  );
}

/** The newest deployment with this tag (or release id); held ones count, for asking by name is a decision. */
export const deploymentByTag = (record: RolloutRecord, tag: string): Deployment | undefined =>
  record.deployments.findLast((d) => d.release.tag === tag || d.release.id === tag);

/** One line for plans and messages. */
export const describeHold = (hold: Hold): string =>
  `${describeRelease({ id: hold.release, tag: hold.tag })} is held since ${hold.at}: ${hold.reason}`;

/** A writer that took the lease announces itself: older writers' patches then miss their resourceVersion. */
export const withFence = (record: RolloutRecord, fence: number, writer: string): RolloutRecord =>
  next(record, { fence, writer });

function liveOn(record: RolloutRecord, color: Color, release: BoundRelease, at: string): Partial<RolloutRecord> {
  const colors = { [color]: release, [otherColor(color)]: record.colors[otherColor(color)] };
  return {
    live: color,
    weights: weightsFor(color),
    move: null,
    movedAt: at,
    colors: { blue: colors.blue ?? null, green: colors.green ?? null },
  };
}

/** Without the schedule of any release, or of this one. */
export function unscheduled(record: RolloutRecord, release = record.scheduled?.release): RolloutRecord {
  const { scheduled, ...rest } = record;
  return scheduled?.release === release ? rest : record;
}

const next = (record: RolloutRecord, change: Partial<RolloutRecord>): RolloutRecord => ({
  ...record,
  ...change,
  sequence: record.sequence + 1,
});

/** The record after something that people want to know of, and that the ledger is told. */
export function happened(
  record: RolloutRecord,
  change: Partial<RolloutRecord>,
  kind: RolloutEvent["kind"],
  color: Color | null,
  { id: release, tag, image }: Named,
  { gates, ...act }: Act,
): RolloutRecord {
  const { live, move, ledgered } = record;
  const forward = kind === "deploy" || kind === "rollback";
  const standing = live === null && !move ? null : record.weights;
  const before = forward && move?.found !== undefined ? move.found : standing;
  const event: RolloutEvent = {
    ...{ kind, color, release, tag, ...act },
    sequence: record.sequence + 1,
    weights: { before, after: change.weights ?? record.weights },
    ...(image === undefined ? {} : { image }),
    ...(gates === undefined ? {} : { gates: [...gates] }),
  };
  const events = [...record.events, event];
  const waiting = events.filter(({ sequence = 0 }) => sequence > ledgered).length;
  return next(record, { ...change, events: events.slice(-Math.min(MOST_EVENTS, Math.max(KEPT_EVENTS, waiting))) });
}

/** What happened and is not known to be in the ledger, oldest first. */
export const unledgered = ({ events, ledgered }: RolloutRecord): readonly RolloutEvent[] =>
  events.filter(({ sequence = 0 }) => sequence > ledgered);

/** Everything up to `sequence` is in the ledger. */
export const withLedgered = (record: RolloutRecord, sequence: number): RolloutRecord =>
  next(record, { ledgered: Math.max(record.ledgered, sequence) });
