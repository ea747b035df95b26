import assert from "node:assert/strict";
import fc from "fast-check";
import { instantOf, readNotBefore } from "../../../core/schedule/notBefore";
import { clockTime, zonedText } from "../../../core/schedule/zone";

/** What a text means at an instant: an instant, or what is wrong. */
function meant(text: string, now: string): string {
  const read = readNotBefore(text);
  if (!read.ok) return `unreadable: ${read.problem.allowed}`;
  const resolved = instantOf(read.value, new Date(now));
  if (resolved.ok) return `${resolved.at.toISOString()} ${read.value.zone}`;
  const { got = "", allowed, advice } = resolved.problem;
  return `${got} | ${allowed} | ${advice}`;
}

const NOON = "2026-11-21T17:00:00.000Z"; // 12:00 in New York

describe("the instant that a text means", () => {
  const cases: readonly (readonly [string, string, string?])[] = [
    ["2026-12-01T00:00 America/New_York", "2026-12-01T05:00:00.000Z America/New_York"],
    ["  2026-12-01  00:00   America/New_York ", "2026-12-01T05:00:00.000Z America/New_York"],
    ["2026-12-01T00:00[America/New_York]", "2026-12-01T05:00:00.000Z America/New_York"],
    ["2026-12-01T00:00:30.250 america/new_york", "2026-12-01T05:00:30.250Z America/New_York"],
    ["2026-12-01T00:00-05:00", "2026-12-01T05:00:00.000Z -05:00"],
    ["2026-12-01T00:00Z", "2026-12-01T00:00:00.000Z UTC"],
    ["2026-12-01T05:00Z[America/New_York]", "2026-12-01T05:00:00.000Z America/New_York"],
    ["2026-12-01T00:00 utc", "2026-12-01T00:00:00.000Z UTC"],
    ["2026-12-01T00:00 Asia/Kolkata", "2026-11-30T18:30:00.000Z Asia/Kolkata"],
    // The next such time, today or tomorrow as the zone has it.
    ["00:00 America/New_York", "2026-11-22T05:00:00.000Z America/New_York"],
    ["12:00:01 America/New_York", "2026-11-21T17:00:01.000Z America/New_York"],
    ["12:00 America/New_York", "2026-11-22T17:00:00.000Z America/New_York"],
    ["00:00Z", "2026-11-22T00:00:00.000Z UTC"],
    ["01:00 +14:00", "2026-11-22T11:00:00.000Z +14:00"],
    ["09:00 Pacific/Kiritimati", "2026-11-21T19:00:00.000Z Pacific/Kiritimati"],
    // A leap day, and the ends of summer time on both sides of the year.
    ["2028-02-29T12:00 UTC", "2028-02-29T12:00:00.000Z UTC", "2027-06-01T00:00:00Z"],
    ["2027-11-07T01:30-04:00 America/New_York", "2027-11-07T05:30:00.000Z America/New_York"],
    ["2027-11-07T01:30-05:00[America/New_York]", "2027-11-07T06:30:00.000Z America/New_York"],
    ["2027-03-14T03:00 America/New_York", "2027-03-14T07:00:00.000Z America/New_York"],
    // Half an hour of Lord Howe Island is skipped.
    ["2027-10-03T02:30 Australia/Lord_Howe", "2027-10-02T15:30:00.000Z Australia/Lord_Howe"],
  ];
  for (const [text, expected, now = NOON] of cases) {
    it(`of ${text}`, () => {
      assert.equal(meant(text, now), expected);
    });
  }

  const PAST = "an instant in the future, at most 366 days ahead";
  const LATER = "say a later one, or leave it out to move as soon as the release is proven";
  const refused: readonly (readonly [string, string, string?])[] = [
    ["2026-11-21T17:00Z", `"2026-11-21T17:00Z", which is 0s ago | ${PAST} | ${LATER}`],
    ["2026-11-20T15:59 UTC", `"2026-11-20T15:59 UTC", which is 1d1h1m ago | ${PAST} | ${LATER}`],
    ["2027-11-23T00:00 UTC", `"2027-11-23T00:00 UTC", which is 366d7h ahead | ${PAST} | correct the year`],
    [
      "02:30 America/New_York",
      '"02:30 America/New_York" | a time that exists in America/New_York: the clocks there skip it | write 2027-03-14T01:30 or 2027-03-14T03:30',
      "2027-03-14T06:00:00Z",
    ],
    [
      "01:30 America/New_York",
      '"01:30 America/New_York" | a time that comes once: in America/New_York the clocks are put back then, and it comes twice | write 2027-11-07T01:30-04:00 or 2027-11-07T01:30-05:00',
      "2027-11-07T04:00:00Z",
    ],
  ];
  for (const [text, expected, now = NOON] of refused) {
    it(`is none for ${text} at ${now}`, () => {
      assert.equal(meant(text, now), expected);
    });
  }

  it("is tomorrow's where both of tonight's are over", () => {
    assert.equal(meant("01:30 America/New_York", "2027-11-07T06:30:00Z"), "2027-11-08T06:30:00.000Z America/New_York");
    assert.equal(meant("02:30 America/New_York", "2027-03-14T07:30:00Z"), "2027-03-15T06:30:00.000Z America/New_York");
  });

  it("of a time of day is within the next 25 hours, and that time there", () => {
    const zones = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "UTC"];
    const two = (value: number) => String(value).padStart(2, "0");
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2030, 0, 1) }),
        (zone, hour, minute, now) => {
          const time = `${two(hour)}:${two(minute)}`;
          const read = readNotBefore(`${time} ${zone}`);
          assert.ok(read.ok);
          const resolved = instantOf(read.value, new Date(now));
          if (!resolved.ok) return; // a night when the clocks change
          const away = resolved.at.getTime() - now;
          assert.ok(away > 0 && away <= 25 * 3_600_000, `${away} ms`);
          assert.equal(clockTime(resolved.at.toISOString(), zone), time);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("an instant in words", () => {
  it("is the local time, with seconds where they count", () => {
    assert.equal(clockTime("2026-12-01T05:00:00.000Z", "America/New_York"), "00:00");
    assert.equal(clockTime("2026-12-01T05:00:30.000Z", "America/New_York"), "00:00:30");
    assert.equal(zonedText("2026-12-01T05:00:00.000Z", "America/New_York"), "2026-12-01 00:00 America/New_York");
    assert.equal(zonedText("2026-12-01T05:00:00.000Z", "-05:00"), "2026-12-01 00:00 -05:00");
  });
});
