import { turnOf } from "../schedule/turn";
import { zonedText } from "../schedule/zone";
import type { ActualRollout } from "./plan";
import { happened, unscheduled, type Act, type Hold, type RolloutRecord, type Scheduled } from "./record";
import { describeRelease } from "./release";

/** What an update asks for; the rest is added when it is written. */
export type Schedule = Omit<Scheduled, "id" | "image" | "by" | "since" | "delayed">;

/**
 * The release waits for its instant. Whoever schedules one that is held says that it may go live. A freeze that held it at
 * the same instant still counts: it may outlast the grace.
 * @param id fencing token of the lease under which this is written
 */
export function withScheduled(
  record: RolloutRecord,
  schedule: Schedule & Pick<Scheduled, "image">,
  id: number,
  act: Act,
): RolloutRecord {
  const { scheduled: before } = record;
  const delayed = before && isSameMove(before, schedule) ? before.delayed : undefined;
  const scheduled: Scheduled = {
    ...schedule,
    id,
    by: act.by,
    since: act.at,
    ...(delayed === undefined ? {} : { delayed }),
  };
  const moved = before && before.release === schedule.release && before.at !== schedule.at;
  const instead = moved ? ` instead of ${scheduleTime(before)}` : "";
  const holds = record.holds.filter((hold) => hold.release !== schedule.release);
  const reason = `for ${scheduleTime(scheduled)}${instead}`;
  return noted(record, { scheduled, holds }, "scheduled", scheduled, { ...act, reason });
}

/** Why a schedule that is said again cannot be kept any more; `undefined` while its move may begin. @param now ms since 1970 */
export function overdue({ scheduled }: RolloutRecord, schedule: Schedule, now: number): string | undefined {
  if (!scheduled || !isSameMove(scheduled, schedule)) return undefined;
  const { delayed } = scheduled;
  const turn = turnOf({ ...schedule, ...(delayed === undefined ? {} : { delayed }) }, now, 0);
  return turn.kind === "expire" ? turn.why : undefined;
}

/** The instant has come, and a freeze holds the move. */
export function withDelayed(record: RolloutRecord, why: string, act: Act): RolloutRecord {
  const scheduled = theSchedule(record);
  const delayed = { since: act.at, why };
  return noted(record, { scheduled: { ...scheduled, delayed } }, "delayed", scheduled, { ...act, reason: why });
}

type Ended = Act & { readonly reason: string };

/** Something else is wanted now. */
export const withReplaced = (record: RolloutRecord, act: Ended): RolloutRecord => ended(record, "cancelled", act);

/** Somebody gave it up: the next update must not move at once what was to wait. */
export const withCancelled = (record: RolloutRecord, act: Ended): RolloutRecord => held(record, "cancelled", act);

/** Its time is over, or its move was tried and came to nothing. */
export const withExpired = (record: RolloutRecord, act: Ended): RolloutRecord => held(record, "expired", act);

/**
 * Its color is live, by whatever way: there is nothing left to move. Nothing is held where that is with the release that
 * waited; another one there means that somebody decided against it. The record itself where nothing waits for that color.
 */
export function withMoot(
  record: RolloutRecord,
  { live, colors, foreign }: Pick<ActualRollout, "live" | "colors" | "foreign">,
  act: Act,
): RolloutRecord {
  const { scheduled } = record;
  if (!scheduled || live !== scheduled.color) return record;
  const found = colors[live]?.release;
  const by = foreign ? `, by ${foreign.writer}` : "";
  if (found?.id === scheduled.release)
    return withReplaced(record, { ...act, reason: `${live} is live with it already${by}` });
  const other = found ? describeRelease(found) : "no release that is known";
  return withExpired(record, { ...act, reason: `${live} is live with ${other}${by}` });
}

/** `2026-12-01 00:00 America/New_York` */
export const scheduleTime = ({ at, zone }: Pick<Scheduled, "at" | "zone">): string => zonedText(at, zone);

/** For messages: `v4.2 (3f1c…), scheduled for 2026-12-01 00:00 America/New_York` */
export const describeSchedule = ({ release: id, tag, ...when }: Scheduled): string =>
  `${describeRelease({ id, tag })}, scheduled for ${scheduleTime(when)}`;

const isSameMove = (one: Schedule, other: Schedule): boolean => one.release === other.release && one.at === other.at;

function held(record: RolloutRecord, kind: "cancelled" | "expired", act: Ended): RolloutRecord {
  const { release, tag } = theSchedule(record);
  const hold: Hold = { release, tag, kind: "rolledBack", reason: act.reason, at: act.at };
  return { ...ended(record, kind, act), holds: [...record.holds.filter((one) => one.release !== release), hold] };
}

const ended = (record: RolloutRecord, kind: "cancelled" | "expired", act: Ended): RolloutRecord =>
  noted(unscheduled(record), {}, kind, theSchedule(record), act);

function theSchedule({ scheduled }: RolloutRecord): Scheduled {
  if (!scheduled) throw new Error("only what is scheduled can be changed");
  return scheduled;
}

const noted = (
  record: RolloutRecord,
  change: Partial<RolloutRecord>,
  kind: "scheduled" | "delayed" | "cancelled" | "expired",
  { color, release: id, tag, image, at: scheduled }: Scheduled,
  act: Act,
): RolloutRecord => happened(record, change, kind, color, { id, tag, image }, { ...act, scheduled });
