import type { Temporal } from "temporal-polyfill";
import { durationText } from "../service/duration";
import { describeValue, type Expectation } from "../service/problem";
import { temporal } from "./temporal";
import { readZone } from "./zone";

/** The earliest instant of a move, as somebody said it. */
export interface NotBefore {
  /** As it was said, in one line: two equal texts are one wish, also when "the next midnight" is another one by now. */
  readonly text: string;
  /** IANA zone, UTC or an offset: what people read it in. */
  readonly zone: string;
  readonly when: { readonly kind: "instant"; readonly at: Date } | { readonly kind: "daily"; readonly time: string };
}

export type ReadNotBefore =
  { readonly ok: true; readonly value: NotBefore } | { readonly ok: false; readonly problem: Expectation };

export type Resolved = { readonly ok: true; readonly at: Date } | { readonly ok: false; readonly problem: Expectation };

/** A move that is more than a leap year ahead is a slip of the pen. */
const FURTHEST_DAYS = 366;

const FORM = /^(?:(\S+?)[T ])?\s*(\d{1,2}:[\d:.]+)\s*(Z|[+-]\d{2}:\d{2})?(?:\[([^\]]+)\]|\s+(\S+))?$/i;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;

const FORMS =
  'a date and time with a zone such as "2026-12-01T00:00 America/New_York", one with an offset such as ' +
  '"2026-12-01T00:00-05:00", or the next such time, "00:00 America/New_York"';

/** Reads one line. What it says may still be past, or too far ahead: see `instantOf`. */
export function readNotBefore(text: string): ReadNotBefore {
  const trimmed = text.trim().replace(/\s+/g, " ");
  const refuse = (problem: Omit<Expectation, "got">, got = describeValue(text)) =>
    ({ ok: false, problem: { got, ...problem } }) as const;
  const match = FORM.exec(trimmed);
  if (!match) return refuse({ allowed: FORMS, advice: "write it in one of these forms" });
  const [, date, time = "", offset, bracketed, named] = match;
  if (date !== undefined && !DATE.test(date))
    return refuse({ allowed: "a date such as 2026-12-01", advice: "write year, month and day" });
  if (!TIME.test(time) || !isReal(time))
    return refuse({ allowed: "a time from 00:00 to 23:59", advice: "write two digits each; midnight is 00:00" });
  if (date !== undefined && !isReal(date))
    return refuse({ allowed: "a day of the calendar", advice: "correct the date" });
  const said = bracketed ?? named;
  if (said === undefined && offset === undefined)
    return refuse({
      allowed: "a time with its zone",
      advice: `add one, for example "${trimmed} America/New_York" or "${trimmed} UTC"`,
    });
  const read = readZone(said ?? offset ?? "");
  if ("problem" in read) return refuse(read.problem, read.problem.got);
  const { zone } = read;
  if (date === undefined) {
    if (offset !== undefined && said !== undefined)
      return refuse({
        allowed: "a time of day with a zone or with an offset",
        advice: `leave ${offset} out: which one holds there depends on the day`,
      });
    return { ok: true, value: { text: trimmed, zone, when: { kind: "daily", time } } };
  }
  const resolved = zonedInstant(date, time, offset, zone);
  if (!resolved.ok) return refuse(resolved.problem);
  return { ok: true, value: { text: trimmed, zone, when: { kind: "instant", at: resolved.at } } };
}

/** The instant that is meant, seen from `now`: the next such time where only a time of day was said. */
export function instantOf({ text, zone, when }: NotBefore, now: Date): Resolved {
  if (when.kind === "daily") return nextTime(when.time, zone, now, text);
  const away = when.at.getTime() - now.getTime();
  const got = `${describeValue(text)}, which is ${durationText(Math.floor(Math.abs(away) / 1000))}`;
  const allowed = `an instant in the future, at most ${FURTHEST_DAYS} days ahead`;
  if (away <= 0) {
    const advice = "say a later one, or leave it out to move as soon as the release is proven";
    return { ok: false, problem: { got: `${got} ago`, allowed, advice } };
  }
  if (away > FURTHEST_DAYS * 86_400_000)
    return { ok: false, problem: { got: `${got} ahead`, allowed, advice: "correct the year" } };
  return { ok: true, at: when.at };
}

function nextTime(time: string, zone: string, now: Date, text: string): Resolved {
  const today = temporal().Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  for (const date of [today, today.add({ days: 1 })]) {
    // On a night when the clocks change it may come twice, or not at all: what is over then is over.
    const last = date.toPlainDateTime(time).toZonedDateTime(zone, { disambiguation: "later" });
    if (last.epochMilliseconds <= now.getTime()) continue;
    const resolved = zonedInstant(date.toString(), time, undefined, zone);
    return resolved.ok ? resolved : { ok: false, problem: { got: describeValue(text), ...resolved.problem } };
  }
  throw new Error(`${time} ${zone}: no such time from ${now.toISOString()} on`);
}

/** One wall clock time in a zone; one that is skipped there, or comes twice, is for the writer to decide. */
function zonedInstant(date: string, time: string, offset: string | undefined, zone: string): Resolved {
  const local = temporal().PlainDateTime.from(`${date}T${time}`);
  if (offset !== undefined && /^z$/i.test(offset)) return found(local.toZonedDateTime("UTC"));
  const [earlier, later] = (["earlier", "later"] as const).map((disambiguation) =>
    local.toZonedDateTime(zone, { disambiguation }),
  );
  if (!earlier || !later) throw new Error("two readings were asked for");
  const meant = [earlier, later].filter((one) => one.toPlainDateTime().equals(local));
  if (meant.length === 0) {
    const [before, after] = [earlier, later].map((one) => shown(one));
    const allowed = `a time that exists in ${zone}: the clocks there skip it`;
    return { ok: false, problem: { allowed, advice: `write ${before ?? ""} or ${after ?? ""}` } };
  }
  const chosen = offset === undefined ? meant : meant.filter((one) => one.offset === offset);
  if (chosen.length === 0) {
    const offsets = [...new Set(meant.map((one) => one.offset))].join(" or ");
    return { ok: false, problem: { allowed: `the offset of ${zone} at that time, ${offsets}`, advice: "correct one" } };
  }
  const [only] = chosen;
  if (only && (offset !== undefined || earlier.equals(later))) return found(only);
  const both = meant.map((one) => `${shown(one)}${one.offset}`).join(" or ");
  const allowed = `a time that comes once: in ${zone} the clocks are put back then, and it comes twice`;
  return { ok: false, problem: { allowed, advice: `write ${both}` } };
}

const found = (zoned: Temporal.ZonedDateTime): Resolved => ({ ok: true, at: new Date(zoned.epochMilliseconds) });

const shown = (zoned: Temporal.ZonedDateTime): string =>
  zoned.toPlainDateTime().toString({ smallestUnit: zoned.second === 0 ? "minute" : "second" });

/** Whether a date or a time is one of the calendar's or the clock's. */
function isReal(text: string): boolean {
  try {
    if (text.includes(":")) temporal().PlainTime.from(text);
    else temporal().PlainDate.from(text);
    // A leap second is read as the second before it.
    return !/:60/.test(text);
  } catch {
    return false;
  }
}
