import type { RRuleTemporal } from "rrule-temporal";
import type { Temporal } from "temporal-polyfill";
import type { Span, Spans } from "./decide";
import type { CalendarTime } from "./rrule";
import type { FreezeWindow } from "./window";

type Wall = Temporal.PlainDateTime;
type Zoned = Temporal.ZonedDateTime;

/** Left out beginnings, days without that time: how many the next window is looked for behind. */
const LONGEST_SEARCH = 400;

/** Dates with zones take a tenth of a second to load: only where somebody has a calendar. */
export async function loadSpans(): Promise<Spans> {
  const [{ Temporal }, { RRuleTemporal }] = await Promise.all([import("temporal-polyfill"), import("rrule-temporal")]);
  return new Recurrences(Temporal, RRuleTemporal);
}

/**
 * When windows are, by RFC 5545. The rule is computed on the wall clock and each beginning then placed in the zone, so
 * that a night whose beginning the change to summer time skips has its window too: the RFC would leave it out, and leave
 * a freeze open. Where a window could be read as longer or shorter, the reading that allows less counts.
 */
class Recurrences implements Spans {
  private readonly rules = new Map<FreezeWindow, RRuleTemporal>();

  constructor(
    private readonly time: typeof Temporal,
    private readonly Rule: typeof RRuleTemporal,
  ) {}

  at(window: FreezeWindow, at: Date): Span | undefined {
    // Where on the wall clock windows may begin that reach the instant; a day more, as the clock may be set.
    const wall = this.wallAt(window, at);
    const first = wall.subtract(this.nominal(window)).subtract({ days: 1 });
    let found: Span | undefined;
    for (const begins of this.beginnings(window, first, wall.add({ days: 1 }))) {
      const span = this.spanFrom(window, begins);
      if (!span || span.start > at || span.end <= at) continue;
      if (!found || span.end > found.end) found = span;
    }
    return found;
  }

  next(window: FreezeWindow, after: Date): Span | undefined {
    // Begun a day earlier, as the clock may be set back; what is past is passed over.
    let wall = this.wallAt(window, after).subtract({ days: 1 });
    for (let looked = 0; looked < LONGEST_SEARCH; looked++) {
      const next = this.nextBeginning(window, wall);
      if (!next) return undefined;
      const span = this.spanFrom(window, next);
      if (span && span.start > after) return span;
      wall = next;
    }
    return undefined;
  }

  private plain({ wall }: CalendarTime): Wall {
    return this.time.PlainDateTime.from(wall);
  }

  private wallAt({ tzid }: FreezeWindow, at: Date): Wall {
    return this.time.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(tzid).toPlainDateTime();
  }

  /** How long it is on the wall clock. */
  private nominal({ dtstart, end }: FreezeWindow): Temporal.Duration {
    return "duration" in end
      ? this.time.Duration.from(end.duration)
      : this.plain(dtstart).until(this.plain(end.dtend), { largestUnit: "day" });
  }

  /** The rule on a clock that is never set. */
  private ruleOf(window: FreezeWindow): RRuleTemporal | undefined {
    const { dtstart, rrule, effect } = window;
    const known = this.rules.get(window);
    if (!rrule || known) return known;
    const rule = new this.Rule({
      rruleString: `DTSTART:${dtstart.wall.replace(/[-:]/g, "")}Z\nRRULE:${rrule.text}`,
      // A first window that the rule itself would not give was written down all the same.
      includeDtstart: effect === "deny",
      cache: false,
    });
    this.rules.set(window, rule);
    return rule;
  }

  private beginnings(window: FreezeWindow, first: Wall, last: Wall): Wall[] {
    const rule = this.ruleOf(window);
    if (!rule) return [this.plain(window.dtstart)];
    return rule.between(asDate(first), asDate(last), true).map((found) => this.wallOf(found));
  }

  private nextBeginning(window: FreezeWindow, after: Wall): Wall | undefined {
    const rule = this.ruleOf(window);
    const start = this.plain(window.dtstart);
    if (!rule) return this.time.PlainDateTime.compare(start, after) > 0 ? start : undefined;
    try {
      const next = rule.next(asDate(after), false);
      return next ? this.wallOf(next) : undefined;
    } catch {
      return undefined; // the library gives up where a rule has no more such day
    }
  }

  private wallOf(found: { readonly epochMilliseconds: number }): Wall {
    return this.time.Instant.fromEpochMilliseconds(found.epochMilliseconds).toZonedDateTimeISO("UTC").toPlainDateTime();
  }

  /** The window that begins there; `undefined` when it is left out, or after the rule's end. */
  private spanFrom(window: FreezeWindow, wall: Wall): Span | undefined {
    const { tzid, dtstart, end, rrule, exdate, effect } = window;
    const start = wall.toZonedDateTime(tzid);
    if (effect === "allow" && !start.toPlainDateTime().equals(wall)) return undefined;
    if (rrule?.until && this.isAfter(start, wall, rrule.until)) return undefined;
    if (exdate.some((out) => this.isSame(start, wall, out))) return undefined;
    const zoned = (at: CalendarTime) => this.plain(at).toZonedDateTime(tzid);
    const ends =
      "duration" in end
        ? [start.add(end.duration)]
        : [
            wall.add(this.nominal(window)).toZonedDateTime(tzid),
            start.add(zoned(dtstart).until(zoned(end.dtend), { largestUnit: "hour" })),
          ];
    const times = ends.map((one) => one.epochMilliseconds);
    return {
      start: new Date(start.epochMilliseconds),
      end: new Date(effect === "deny" ? Math.max(...times) : Math.min(...times)),
    };
  }

  private isAfter(start: Zoned, wall: Wall, until: CalendarTime): boolean {
    if (until.kind === "utc") return start.epochMilliseconds > Date.parse(`${until.wall}Z`);
    const last = this.plain(until);
    return (
      this.time.PlainDateTime.compare(
        wall,
        until.kind === "day" ? last.with({ hour: 23, minute: 59, second: 59 }) : last,
      ) > 0
    );
  }

  private isSame(start: Zoned, wall: Wall, out: CalendarTime): boolean {
    if (out.kind === "utc") return start.epochMilliseconds === Date.parse(`${out.wall}Z`);
    const left = this.plain(out);
    return out.kind === "day" ? wall.toPlainDate().equals(left.toPlainDate()) : wall.equals(left);
  }
}

const asDate = (wall: Wall): Date => new Date(wall.toZonedDateTime("UTC").epochMilliseconds);
