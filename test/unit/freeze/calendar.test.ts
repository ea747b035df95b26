import assert from "node:assert/strict";
import fc from "fast-check";
import { loadSpans } from "../../../core/freeze/recurrence";
import type { Spans } from "../../../core/freeze/decide";
import { instantText } from "../../../core/freeze/instant";
import { calendarOf, decide, windowOf } from "./support";

const NEW_YORK = "America/New_York";

describe("a window of the freeze's calendar", () => {
  let spans: Spans;
  before(async () => {
    spans = await loadSpans();
  });

  /** Keys of the window; instants inside of it, and instants outside. */
  const TABLE: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[], readonly string[]])[] =
    [
      [
        "is in force from its beginning until right before its end",
        { dtstart: "2026-12-20T00:00:00Z", duration: "P14D" },
        ["2026-12-20T00:00:00Z", "2027-01-02T23:59:59Z"],
        ["2026-12-19T23:59:59Z", "2027-01-03T00:00:00Z"],
      ],
      [
        "begins at its zone's midnight",
        { dtstart: "2026-12-20", tzid: "Pacific/Kiritimati", duration: "P1D" },
        ["2026-12-19T10:00:00Z", "2026-12-20T09:59:59Z"],
        ["2026-12-19T09:59:59Z", "2026-12-20T10:00:00Z"],
      ],
      [
        "of a whole day lasts a day where nothing else is said",
        { dtstart: "20261225", tzid: NEW_YORK },
        ["2026-12-25T05:00:00Z", "2026-12-26T04:59:59Z"],
        ["2026-12-25T04:59:59Z", "2026-12-26T05:00:00Z"],
      ],
      [
        "keeps its local time across the change to summer time",
        { dtstart: "2026-03-01T18:00", dtend: "2026-03-01T20:00", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-03-07T23:00:00Z", "2026-03-08T22:00:00Z", "2026-03-08T23:59:59Z"],
        ["2026-03-08T01:30:00Z", "2026-03-09T00:00:00Z"],
      ],
      [
        "keeps it across the change back to winter time",
        { dtstart: "2026-10-30T18:00", duration: "PT2H", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-10-31T22:00:00Z", "2026-11-01T23:00:00Z", "2026-11-02T00:59:59Z"],
        ["2026-11-01T22:59:59Z", "2026-11-02T01:00:00Z"],
      ],
      [
        "whose beginning the clock skips is not left out",
        { dtstart: "2026-03-01T02:30", duration: "PT1H", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-08T08:29:59Z", "2026-03-09T06:30:00Z"],
        ["2026-03-08T07:29:59Z", "2026-03-08T08:30:00Z"],
      ],
      [
        "whose beginning comes twice begins the first time",
        { dtstart: "2026-10-30T01:30", duration: "PT30M", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-11-01T05:30:00Z", "2026-11-01T05:59:59Z"],
        ["2026-11-01T06:30:00Z", "2026-11-01T06:00:00Z"],
      ],
      [
        "over the night of a change ends when the later of both readings does (summer: eight hours)",
        { dtstart: "2026-03-06T22:00", dtend: "2026-03-07T06:00", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-03-08T03:00:00Z", "2026-03-08T10:59:59Z"],
        ["2026-03-08T11:00:00Z"],
      ],
      [
        "over the night of a change ends when the later of both readings does (winter: at six)",
        { dtstart: "2026-10-30T22:00", dtend: "2026-10-31T06:00", tzid: NEW_YORK, rrule: "FREQ=DAILY" },
        ["2026-11-01T02:00:00Z", "2026-11-01T10:59:59Z"],
        ["2026-11-01T11:00:00Z"],
      ],
      [
        "of February 29th is in leap years alone",
        { dtstart: "2024-02-29", tzid: "UTC", rrule: "FREQ=YEARLY" },
        ["2024-02-29T12:00:00Z", "2028-02-29T12:00:00Z"],
        ["2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z", "2100-02-28T12:00:00Z", "2100-03-01T00:00:00Z"],
      ],
      [
        "of a month's last day knows leap years",
        { dtstart: "2026-01-31", tzid: "UTC", rrule: "FREQ=MONTHLY;BYMONTHDAY=-1" },
        ["2026-02-28T12:00:00Z", "2028-02-29T12:00:00Z", "2026-04-30T00:00:00Z"],
        ["2028-02-28T12:00:00Z", "2026-04-29T12:00:00Z"],
      ],
      [
        "from Friday evening to Monday morning is one window",
        { dtstart: "2026-01-02T17:00", dtend: "2026-01-05T09:00", tzid: NEW_YORK, rrule: "FREQ=WEEKLY;BYDAY=FR" },
        ["2026-11-20T22:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T13:59:59Z"],
        ["2026-11-20T21:59:59Z", "2026-11-23T14:00:00Z", "2026-11-25T12:00:00Z"],
      ],
      [
        "is over after its COUNT",
        { dtstart: "2026-06-01T00:00:00Z", duration: "PT1H", rrule: "FREQ=DAILY;COUNT=3" },
        ["2026-06-03T00:30:00Z"],
        ["2026-06-04T00:30:00Z"],
      ],
      [
        "is over after a day that is its UNTIL, in its own zone",
        { dtstart: "2026-06-01T22:00", duration: "PT1H", tzid: NEW_YORK, rrule: "FREQ=DAILY;UNTIL=20260603" },
        ["2026-06-04T02:30:00Z"],
        ["2026-06-05T02:30:00Z"],
      ],
      [
        "is over after an instant that is its UNTIL",
        { dtstart: "2026-06-01T22:00", duration: "PT1H", tzid: NEW_YORK, rrule: "FREQ=DAILY;UNTIL=20260604T020000Z" },
        ["2026-06-04T02:30:00Z"],
        ["2026-06-05T02:30:00Z"],
      ],
      [
        "leaves out its EXDATEs: a local time, an instant, a day",
        {
          dtstart: "2026-06-01T12:00",
          duration: "PT1H",
          tzid: NEW_YORK,
          rrule: "FREQ=DAILY",
          exdate: ["2026-06-02T12:00:00", "20260603T160000Z", "2026-06-04"],
        },
        ["2026-06-01T16:30:00Z", "2026-06-05T16:30:00Z"],
        ["2026-06-02T16:30:00Z", "2026-06-03T16:30:00Z", "2026-06-04T16:30:00Z"],
      ],
      [
        "counts its first beginning, also where the rule would not give it",
        { dtstart: "2026-06-03T12:00:00Z", duration: "PT1H", rrule: "FREQ=WEEKLY;BYDAY=FR" },
        ["2026-06-03T12:30:00Z", "2026-06-05T12:30:00Z"],
        ["2026-06-10T12:30:00Z"],
      ],
      [
        "that lasts longer than its rule's interval has no gap",
        { dtstart: "2026-06-01T00:00:00Z", duration: "P2D", rrule: "FREQ=DAILY;COUNT=5" },
        ["2026-06-03T12:00:00Z", "2026-06-06T23:59:59Z"],
        ["2026-06-07T00:00:00Z"],
      ],
    ];
  for (const [what, keys, inside, outside] of TABLE) {
    it(what, () => {
      const window = windowOf(keys);
      const isIn = (at: string) => spans.at(window, new Date(at)) !== undefined;
      assert.deepEqual([inside.filter((at) => !isIn(at)), outside.filter(isIn)], [[], []]);
    });
  }

  it("says when it is next, over what is left out", () => {
    const window = windowOf({
      dtstart: "2026-01-02T17:00",
      duration: "PT2H",
      tzid: NEW_YORK,
      rrule: "FREQ=WEEKLY;BYDAY=FR",
      exdate: ["2026-11-27"],
    });
    const next = spans.next(window, new Date("2026-11-21T00:00:00Z"));
    assert.equal(next && instantText(next.start), "2026-12-04T22:00:00Z");
    assert.equal(spans.next(windowOf({ dtstart: "2026-01-02T17:00:00Z", duration: "PT2H" }), new Date()), undefined);
  });

  it("never comes again where its rule has no such day, and is not looked for without end", () => {
    const window = windowOf({ dtstart: "2026-01-01", tzid: "UTC", rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" });
    assert.equal(spans.next(window, new Date("2026-06-01T00:00:00Z")), undefined);
  });

  it("contains the instants of the next occurrence that it names, in any zone", () => {
    const zones = fc.constantFrom(NEW_YORK, "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC");
    const rules = fc.constantFrom("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY");
    const start = fc.integer({ min: 0, max: 23 });
    const after = fc.date({ min: new Date("2026-02-01"), max: new Date("2030-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(zones, rules, start, after, (tzid, rrule, hour, at) => {
        const window = windowOf({
          dtstart: `2026-01-02T${String(hour).padStart(2, "0")}:30`,
          duration: "PT3H",
          tzid,
          rrule,
        });
        const next = spans.next(window, at);
        assert.ok(next && next.start > at);
        const inside = spans.at(window, next.start);
        assert.deepEqual(inside?.end, next.end);
        assert.equal(
          spans.at(window, new Date(next.start.getTime() - 1))?.start.getTime() === next.start.getTime(),
          false,
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe("a calendar", () => {
  it("is over when the last of its overlapping windows is", async () => {
    const book = calendarOf(
      { name: "a", dtstart: "2026-12-20T00:00:00Z", duration: "P3D" },
      { name: "b", dtstart: "2026-12-22T00:00:00Z", duration: "P4D" },
      { name: "c", dtstart: "2026-12-26T00:00:00Z", duration: "P1D" },
      { name: "d", dtstart: "2026-12-28T00:00:00Z", duration: "P1D" },
    );
    const at = await decide(book, "2026-12-22T12:00:00Z");
    assert.ok(at.frozen);
    assert.deepEqual([at.source, at.until, at.others], ["window a", "2026-12-27T00:00:00Z", 1]);
    assert.equal((await decide(book, "2026-12-27T12:00:00Z")).frozen, false);
  });

  it("that says when changes are allowed freezes the rest of the time", async () => {
    const allowed = { dtstart: "2026-01-06T09:00", duration: "PT6H", tzid: NEW_YORK, rrule: "FREQ=WEEKLY;BYDAY=TU,TH" };
    const book = calendarOf({ name: "hours", effect: "allow", ...allowed });
    const outside = await decide(book, "2026-11-21T12:00:00Z");
    assert.ok(outside.frozen);
    assert.deepEqual([outside.source, outside.until], ["outside of hours", "2026-11-24T14:00:00Z"]);
    assert.equal((await decide(book, "2026-11-24T15:00:00Z")).frozen, false);
  });

  it("denies what one window allows and another denies", async () => {
    const book = calendarOf(
      { name: "hours", effect: "allow", dtstart: "2026-01-01T00:00:00Z", duration: "PT12H", rrule: "FREQ=DAILY" },
      { name: "close", dtstart: "2026-12-31T00:00:00Z", duration: "P1D" },
    );
    const denied = await decide(book, "2026-12-31T06:00:00Z");
    assert.ok(denied.frozen);
    assert.equal(denied.source, "window close");
    assert.equal((await decide(book, "2026-12-30T06:00:00Z")).frozen, false);
  });

  it("is about what it names alone", async () => {
    const window = { name: "w", dtstart: "2026-06-01T00:00:00Z", duration: "P1D" };
    const book = calendarOf({ ...window, stacks: ["prod"], services: ["web"], actions: ["deploy"] });
    const frozen = async (stack: string, service: string | undefined, action: "deploy" | "promote") => {
      const question = { stack, action, ...(service === undefined ? {} : { service }) };
      return (await decide(book, "2026-06-01T12:00:00Z", question)).frozen;
    };
    assert.deepEqual(
      [
        await frozen("prod", "web", "deploy"),
        await frozen("staging", "web", "deploy"),
        await frozen("prod", "api", "deploy"),
        await frozen("prod", "web", "promote"),
        await frozen("prod", undefined, "deploy"),
      ],
      [true, false, false, false, false],
    );
  });
});
