import { dealtAgain, type Affinity } from "./affinity";
import { otherColor, weightsFor, type Color, type Weights } from "./color";
import {
  recordSchema,
  type Deployment,
  type Hold,
  type Parked,
  type RolloutEvent,
  type RolloutRecord,
} from "./recordSchema";
import { describeRelease, type BoundRelease } from "./release";

export type { Deployment, Hold, Parked, RolloutEvent, RolloutRecord };

const KEPT_DEPLOYMENTS = 10;
const KEPT_EVENTS = 20;

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

interface Act {
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
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
  const before = move?.from === from && move.to === to && move.release === release ? move.sessions : undefined;
  const sessions = affinity && dealtAgain(before, weights[to], { id: `${fence}-${sequence}`, ...affinity });
  const kept = sessions === undefined ? {} : { sessions };
  return next(record, { weights, move: { from, to, release, step, parked: null, ...kept } });
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
export function withParked(
  record: RolloutRecord,
  release: { readonly id: string; readonly tag: string },
  parked: Omit<Parked, "at">,
  act: Act,
): RolloutRecord {
  const { move } = record;
  if (!move) throw new Error("only a move that is under way can be parked");
  return next(record, {
    move: { ...move, parked: { at: act.at, ...parked } },
    events: event(record, { kind: "parked", color: move.to, release: release.id, tag: release.tag, ...act }),
  });
}

/** `release` is live on `color` by a deployment. Another release was wanted, so holds on others are lifted. */
export function withDeployment(record: RolloutRecord, color: Color, release: BoundRelease, act: Act): RolloutRecord {
  const order = (record.deployments.at(-1)?.order ?? 0) + 1;
  const again = record.deployments.filter((d) => d.release.id !== release.id);
  return next(record, {
    ...liveOn(record, color, release, act.at),
    deployments: [...again, { order, at: act.at, release, left: false }].slice(-KEPT_DEPLOYMENTS),
    current: order,
    holds: [],
    events: event(record, { kind: "deploy", color, release: release.id, tag: release.tag, ...act }),
  });
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
  return next(record, {
    ...liveOn(record, color, release, act.at),
    deployments: record.deployments.map((d) => (left.includes(d) ? { ...d, left: true } : d)),
    current: order,
    holds: [...kept, ...leftHolds],
    events: event(record, { kind: "rollback", color, release: release.id, tag: release.tag, ...act }),
  });
}

/** A gate said no: the weights are back, or were never moved, and the release is held. */
export function withFailure(
  record: RolloutRecord,
  failed: { readonly id: string; readonly tag: string },
  act: Act & { readonly reason: string },
): RolloutRecord {
  const hold: Hold = { release: failed.id, tag: failed.tag, kind: "failed", reason: act.reason, at: act.at };
  return next(record, {
    weights: record.live ? weightsFor(record.live) : record.weights,
    move: null,
    holds: [...record.holds.filter((h) => h.release !== failed.id), hold],
    events: event(record, {
      kind: record.move ? "restore" : "failed",
      color: record.live,
      release: failed.id,
      tag: failed.tag,
      ...act,
    }),
  });
}

/** The move was stopped, by a person or by the end of its process: the weights are back, the release is not to blame. */
export function withStop(
  record: RolloutRecord,
  stopped: { readonly id: string; readonly tag: string },
  act: Act & { readonly reason: string },
): RolloutRecord {
  return next(record, {
    weights: record.live ? weightsFor(record.live) : record.weights,
    move: null,
    events: event(record, { kind: "restore", color: record.live, release: stopped.id, tag: stopped.tag, ...act }),
  });
}

/** Somebody gave the move up: the weights are back, and the release waits for `--retry` or for another one. */
export function withGivenUp(
  record: RolloutRecord,
  left: { readonly id: string; readonly tag: string },
  act: Act & { readonly reason: string },
): RolloutRecord {
  const hold: Hold = { release: left.id, tag: left.tag, kind: "rolledBack", reason: act.reason, at: act.at };
  const stopped = withStop(record, left, act);
  return { ...stopped, holds: [...record.holds.filter((h) => h.release !== left.id), hold] };
}

/** Somebody else's weights were replaced by ours, or accepted as the new truth. */
export function withRepair(record: RolloutRecord, live: Color, act: Act & { readonly reason: string }): RolloutRecord {
  const release = record.colors[live];
  return next(record, {
    live,
    weights: weightsFor(live),
    move: null,
    events: event(record, { kind: "repair", color: live, release: release?.id ?? "", tag: release?.tag ?? "", ...act }),
  });
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

const next = (record: RolloutRecord, change: Partial<RolloutRecord>): RolloutRecord => ({
  ...record,
  ...change,
  sequence: record.sequence + 1,
});

const event = (record: RolloutRecord, one: RolloutEvent): RolloutRecord["events"] =>
  [...record.events, one].slice(-KEPT_EVENTS);
