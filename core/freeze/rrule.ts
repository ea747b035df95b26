import { isDay, isTime } from "./instant";

/** A local time of the calendar, `…Z` (UTC) or a whole day, as RFC 5545 has them. */
export interface CalendarTime {
  /** `2026-12-20T09:00:00`; of a whole day its midnight. */
  readonly wall: string;
  readonly kind: "local" | "utc" | "day";
}

const TIME = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2})(?::?(\d{2}))?(Z)?)?$/;

/** `20261220T090000`, `2026-12-20T09:00`, with `Z` or as a day `2026-12-20`; undefined for a day or time that is none. */
export function parseCalendarTime(text: string): CalendarTime | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, year = "", month = "", day = "", hour, minute = "00", second = "00", utc] = match;
  if (!isDay(Number(year), Number(month), Number(day))) return undefined;
  if (!isTime(Number(hour ?? 0), Number(minute), Number(second))) return undefined;
  const wall = `${year}-${month}-${day}T${hour ?? "00"}:${minute}:${second}`;
  return { wall, kind: hour === undefined ? "day" : utc === undefined ? "local" : "utc" };
}

/** A recurrence rule whose end is taken out: that is compared by us, in the window's own zone. */
export interface RecurrenceRule {
  /** Without UNTIL. */
  readonly text: string;
  readonly until?: CalendarTime;
}

const list = (item: string): RegExp => new RegExp(`^(?:${item})(?:,(?:${item}))*$`);
const between = (least: number, most: number, value: string): boolean =>
  value.split(",").every((one) => Math.abs(Number(one)) >= least && Math.abs(Number(one)) <= most);

/** Values that each part may have. A part the library does not know it would pass over, and the window would be another. */
const PARTS: Readonly<Record<string, { readonly allowed: string; readonly test: (value: string) => boolean }>> = {
  FREQ: {
    allowed: "DAILY, WEEKLY, MONTHLY or YEARLY",
    test: (value) => ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].includes(value),
  },
  INTERVAL: { allowed: "a whole number from 1 to 999", test: (value) => /^[1-9]\d{0,2}$/.test(value) },
  COUNT: { allowed: "a whole number from 1 to 9999", test: (value) => /^[1-9]\d{0,3}$/.test(value) },
  UNTIL: {
    allowed: "a day or time such as 20261231T235959Z",
    test: (value) => parseCalendarTime(value) !== undefined,
  },
  BYMONTH: { allowed: "months from 1 to 12", test: (value) => list("\\d{1,2}").test(value) && between(1, 12, value) },
  BYMONTHDAY: {
    allowed: "days from 1 to 31, or from -31 to -1",
    test: (value) => list("-?\\d{1,2}").test(value) && between(1, 31, value),
  },
  BYYEARDAY: {
    allowed: "days from 1 to 366, or from -366 to -1",
    test: (value) => list("-?\\d{1,3}").test(value) && between(1, 366, value),
  },
  BYWEEKNO: {
    allowed: "weeks from 1 to 53, or from -53 to -1",
    test: (value) => list("-?\\d{1,2}").test(value) && between(1, 53, value),
  },
  BYDAY: {
    allowed: "weekdays such as MO,TU or 1FR (the first Friday), -1MO (the last Monday)",
    test: (value) => list("(?:[+-]?(?:[1-9]|[1-4]\\d|5[0-3]))?(?:MO|TU|WE|TH|FR|SA|SU)").test(value),
  },
  BYSETPOS: {
    allowed: "places from 1 to 366, or from -366 to -1",
    test: (value) => list("-?\\d{1,3}").test(value) && between(1, 366, value),
  },
  BYHOUR: { allowed: "hours from 0 to 23", test: (value) => list("\\d{1,2}").test(value) && between(0, 23, value) },
  BYMINUTE: { allowed: "minutes from 0 to 59", test: (value) => list("\\d{1,2}").test(value) && between(0, 59, value) },
  WKST: { allowed: "a weekday such as MO", test: (value) => /^(?:MO|TU|WE|TH|FR|SA|SU)$/.test(value) },
};

/** What RFC 5545 forbids together: frequency, part, its value, and what is allowed instead. */
const MISFITS: readonly (readonly [RegExp, string, RegExp, string])[] = [
  [/DAILY|WEEKLY/, "BYDAY", /\d/, "numbered weekdays with MONTHLY or YEARLY only"],
  [/WEEKLY/, "BYMONTHDAY", /./, "BYMONTHDAY with DAILY, MONTHLY or YEARLY"],
  [/DAILY|WEEKLY|MONTHLY/, "BYYEARDAY", /./, "BYYEARDAY with YEARLY only"],
  [/DAILY|WEEKLY|MONTHLY/, "BYWEEKNO", /./, "BYWEEKNO with YEARLY only"],
];

/** The rule, or in words what is wrong with it. */
export function parseRule(text: string): RecurrenceRule | { readonly allowed: string; readonly got: string } {
  const parts = new Map<string, string>();
  for (const part of text.replace(/^RRULE:/i, "").split(";")) {
    const [, name = "", value = ""] = /^([A-Za-z]+)=(.+)$/.exec(part) ?? [];
    const key = name.toUpperCase();
    const rule = PARTS[key];
    if (!rule) {
      return {
        got: `the part ${JSON.stringify(part)}`,
        allowed: `parts NAME=VALUE of ${Object.keys(PARTS).join(", ")}`,
      };
    }
    if (parts.has(key)) return { got: `${key} twice`, allowed: "each part once" };
    if (!rule.test(value.toUpperCase())) return { got: `${key}=${value}`, allowed: `${key} with ${rule.allowed}` };
    parts.set(key, value.toUpperCase());
  }
  if (!parts.has("FREQ")) return { got: "no FREQ", allowed: "a rule with FREQ" };
  const misfit = MISFITS.find(
    ([freq, name, value]) => freq.test(parts.get("FREQ") ?? "") && value.test(parts.get(name) ?? ""),
  );
  if (misfit)
    return {
      got: `FREQ=${parts.get("FREQ") ?? ""} with ${misfit[1]}=${parts.get(misfit[1]) ?? ""}`,
      allowed: misfit[3],
    };
  if (parts.has("COUNT") && parts.has("UNTIL")) return { got: "COUNT and UNTIL", allowed: "one of the two" };
  const until = parseCalendarTime(parts.get("UNTIL") ?? "");
  parts.delete("UNTIL");
  const rest = [...parts].map(([key, value]) => `${key}=${value}`).join(";");
  return { text: rest, ...(until === undefined ? {} : { until }) };
}
