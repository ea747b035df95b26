import { z } from "zod";
import { closest } from "../service/closest";
import { anyText, field, mapWith, oneOf } from "../service/field";
import { describeValue, type Expectation } from "../service/problem";
import { readMap, type Part } from "./part";
import { parseCalendarTime, parseRule, type CalendarTime, type RecurrenceRule } from "./rrule";
import { link, scopeFields, type Scope } from "./scope";

/** A span of time that comes back by a rule, in the words of RFC 5545. */
export interface FreezeWindow extends Scope {
  readonly name: string;
  /** `deny`: nothing may change inside; `allow`: what it covers may change inside such windows alone. Deny wins. */
  readonly effect: "deny" | "allow";
  readonly reason: string;
  /** Who decided it. */
  readonly who: string;
  readonly link?: string;
  readonly dtstart: CalendarTime;
  /** IANA zone of all its local times. */
  readonly tzid: string;
  readonly end: { readonly dtend: CalendarTime } | { readonly duration: string };
  readonly rrule?: RecurrenceRule;
  readonly exdate: readonly CalendarTime[];
}

/** Longest window, in days. */
const LONGEST_DAYS = 366;

const time = (advice: string) =>
  field(
    (value): Expectation => ({
      allowed: "a day or time that exists such as 2026-12-20, 20261220T090000 or 2026-12-20T14:00:00Z",
      advice: typeof value === "number" ? "put it in quotes, or it is read as a number" : advice,
    }),
    (value) => (typeof value === "string" ? parseCalendarTime(value) : undefined),
  );

/** Names alone: `+01:00` knows no summer time. */
function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const zone = field(
  (value): Expectation => {
    const meant = typeof value === "string" ? closest(value, Intl.supportedValuesOf("timeZone")) : undefined;
    const advice = meant === undefined ? "write the zone that its local times are of" : `did you mean ${meant}?`;
    return { allowed: "an IANA time zone such as America/New_York or UTC", advice };
  },
  (value) => (typeof value === "string" && isZone(value) ? value : undefined),
);

const DURATION = /^P(?:(\d{1,3})W|(?=\d|T\d)(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?)$/;

function seconds(duration: string): number {
  const [, w = 0, d = 0, h = 0, m = 0, s = 0] = DURATION.exec(duration) ?? [];
  return ((Number(w) * 7 + Number(d)) * 24 + Number(h)) * 3600 + Number(m) * 60 + Number(s);
}

const duration = field(
  {
    allowed: `an RFC 5545 duration up to ${LONGEST_DAYS} days such as P14D, P1W or PT8H`,
    advice: "say how long the window lasts",
  },
  (value) =>
    typeof value === "string" && seconds(value) > 0 && seconds(value) <= LONGEST_DAYS * 86_400 ? value : undefined,
);

const rule = field(
  (value): Expectation => {
    const read = typeof value === "string" ? parseRule(value) : { got: describeValue(value), allowed: "a text" };
    const { got, allowed } = "got" in read ? read : { got: "", allowed: "" };
    return { got, allowed, advice: "write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=FR" };
  },
  (value) => {
    const read = typeof value === "string" ? parseRule(value) : undefined;
    return read && "text" in read ? read : undefined;
  },
);

const window = mapWith({
  name: anyText("name the window, for messages"),
  effect: oneOf(["deny", "allow"], "deny freezes inside, allow freezes outside").default("deny"),
  reason: anyText("say why nothing may change"),
  who: anyText("say who decided it"),
  link: link.exactOptional(),
  tzid: zone.exactOptional(),
  dtstart: time("say when the first window begins"),
  dtend: time("say when the first window ends").exactOptional(),
  duration: duration.exactOptional(),
  rrule: rule.exactOptional(),
  exdate: z.array(time("say which beginnings are left out"), { error: "a list of days or times" }).exactOptional(),
  ...scopeFields,
}).transform((raw, context): FreezeWindow => {
  const { dtstart, dtend, duration: lasts, tzid, exdate, ...rest } = raw;
  const refuse = (path: string, got: string, allowed: string, advice: string) => {
    context.addIssue({ code: "custom", path: [path], params: { got, allowed, advice } });
    return z.NEVER;
  };
  if (tzid === undefined && dtstart.kind !== "utc")
    return refuse(
      "tzid",
      "nothing",
      "an IANA time zone beside local times and days",
      "write tzid, or the times with Z",
    );
  if (dtend !== undefined && lasts !== undefined)
    return refuse("duration", "dtend and duration", "one of the two", "remove one of the two");
  if (dtend === undefined && lasts === undefined && dtstart.kind !== "day")
    return refuse("duration", "nothing", "duration or dtend beside a time", "say how long the window lasts");
  if (dtend !== undefined && (dtend.kind !== dtstart.kind || !follows(dtend.wall, dtstart.wall))) {
    const allowed = `an end after dtstart, of its kind, within ${LONGEST_DAYS} days`;
    return refuse("dtend", JSON.stringify(dtend.wall), allowed, "write it like dtstart");
  }
  return {
    ...rest,
    dtstart,
    tzid: dtstart.kind === "utc" ? "UTC" : (tzid ?? "UTC"),
    end: dtend ? { dtend } : { duration: lasts ?? "P1D" },
    exdate: exdate ?? [],
  };
});

function follows(end: string, start: string): boolean {
  const days = (Date.parse(`${end}Z`) - Date.parse(`${start}Z`)) / 86_400_000;
  return days > 0 && days <= LONGEST_DAYS;
}

const document = mapWith({
  windows: z.array(window, { error: "a list of windows; write each with name and dtstart" }),
});

/** @param text `undefined`: there is no calendar. An empty one is a mistake, and cannot be relied on. */
export function readCalendar(text: string | undefined): Part<readonly FreezeWindow[]> {
  if (text === undefined) return { value: [], problems: [] };
  const read = readMap(text, document);
  if (read.kind === "map") return { value: read.value.windows, problems: [] };
  const problems = read.kind === "broken" ? read.problems : ["got a text; allowed is a map; write it with windows"];
  return { value: [], problems };
}
