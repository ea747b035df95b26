const FORMS =
  'allowed is a date and time with a zone such as "2026-12-01T00:00 America/New_York", one with an offset such as ' +
  '"2026-12-01T00:00-05:00", or the next such time, "00:00 America/New_York"; write it in one of these forms';
const ZONE = "allowed is an IANA time zone such as America/New_York, or UTC";
const ABBREVIATION = `${ZONE}; write Area/City, never an abbreviation`;
const CLOCK = "allowed is a time from 00:00 to 23:59; write two digits each; midnight is 00:00";
const AT = "write a date and time such as 2026-12-01T00:00, or a time of day such as 00:00";

/** What `hms:notBefore` may not be, and every message, each after `hms:notBefore`. */
export const NOT_BEFORE_CASES: readonly (readonly [unknown, readonly string[]])[] = [
  ["tomorrow", [`: got "tomorrow"; ${FORMS}`]],
  ["", [`: got ""; ${FORMS}`]],
  ["2026-12-01 UTC", [`: got "2026-12-01 UTC"; ${FORMS}`]],
  ["midnight America/New_York", [`: got "midnight America/New_York"; ${FORMS}`]],
  [
    "2026-12-01T00:00",
    [
      ': got "2026-12-01T00:00"; allowed is a time with its zone; add one, for example "2026-12-01T00:00 America/New_York" or "2026-12-01T00:00 UTC"',
    ],
  ],
  [
    "00:00",
    [': got "00:00"; allowed is a time with its zone; add one, for example "00:00 America/New_York" or "00:00 UTC"'],
  ],
  ["00:00 EST", [`: got the zone "EST"; ${ABBREVIATION}`]],
  ["00:00 New_York", [`: got the zone "New_York"; ${ABBREVIATION}`]],
  ["00:00 America/New_Yrok", [`: got the zone "America/New_Yrok"; ${ZONE}; did you mean America/New_York?`]],
  ["2026-12-01T00:00+25:00", [`: got the zone "+25:00"; ${ABBREVIATION}`]],
  ["24:00 UTC", [`: got "24:00 UTC"; ${CLOCK}`]],
  ["2026-12-01T9:30 UTC", [`: got "2026-12-01T9:30 UTC"; ${CLOCK}`]],
  ["2026-12-01T23:59:60 UTC", [`: got "2026-12-01T23:59:60 UTC"; ${CLOCK}`]],
  [
    "12/01/2026 00:00 UTC",
    [': got "12/01/2026 00:00 UTC"; allowed is a date such as 2026-12-01; write year, month and day'],
  ],
  ["2027-02-29T00:00 UTC", [': got "2027-02-29T00:00 UTC"; allowed is a day of the calendar; correct the date']],
  [
    "2027-03-14T02:30 America/New_York",
    [
      ': got "2027-03-14T02:30 America/New_York"; allowed is a time that exists in America/New_York: the clocks there skip it; write 2027-03-14T01:30 or 2027-03-14T03:30',
    ],
  ],
  [
    "2027-11-07T01:30 America/New_York",
    [
      ': got "2027-11-07T01:30 America/New_York"; allowed is a time that comes once: in America/New_York the clocks are put back then, and it comes twice; write 2027-11-07T01:30-04:00 or 2027-11-07T01:30-05:00',
    ],
  ],
  [
    "2026-12-01T00:00-04:00 America/New_York",
    [
      ': got "2026-12-01T00:00-04:00 America/New_York"; allowed is the offset of America/New_York at that time, -05:00; correct one',
    ],
  ],
  [
    "00:00-05:00 America/New_York",
    [
      ': got "00:00-05:00 America/New_York"; allowed is a time of day with a zone or with an offset; leave -05:00 out: which one holds there depends on the day',
    ],
  ],
  [
    1_764_547_200,
    [
      ': got 1764547200; allowed is a text, or a map with at and zone; write for example "2026-12-01T00:00 America/New_York"',
    ],
  ],
  [
    ["00:00 UTC"],
    [
      ': got a list; allowed is a text, or a map with at and zone; write for example "2026-12-01T00:00 America/New_York"',
    ],
  ],
  [
    { at: "2026-12-01T00:00" },
    [".zone: got nothing; allowed is a text; write an IANA time zone such as America/New_York, or UTC"],
  ],
  [
    { when: "00:00", zone: "UTC" },
    [`.at: got nothing; allowed is a text; ${AT}`, ".when: got an unknown key; allowed is one of at, zone; remove it"],
  ],
  [{ at: "2026-12-01T00:00", zone: "CST" }, [`: got the zone "CST"; ${ABBREVIATION}`]],
];

/** What `hms:schedule` may not be, and every message, each after `hms:schedule`. */
export const POLICY_CASES: readonly (readonly [unknown, readonly string[]])[] = [
  [
    { onFreeze: "wait" },
    [
      '.onFreeze: got "wait"; allowed is one of fire, expire; say what becomes of a move whose instant falls into a freeze',
    ],
  ],
  [
    { expiresAfter: "10s", grace: "2d" },
    [
      '.expiresAfter: got "10s"; allowed is a duration from 1m to 30d such as 10s, 1m30s or 2h; say how long after its instant a move may wait for the end of a freeze',
      '.grace: got "2d"; allowed is a duration from 1s to 1d such as 10s, 1m30s or 2h; say how late a move may begin that was kept from its instant',
    ],
  ],
  [
    { graze: "1m" },
    [".graze: got an unknown key; allowed is one of onFreeze, expiresAfter, grace; did you mean grace?"],
  ],
];
