type Keys = Readonly<Record<string, unknown>>;

/** What is allowed, and what to do. */
const T = {
  TIME: "allowed is a day or time that exists such as 2026-12-20, 20261220T090000 or 2026-12-20T14:00:00Z",
  ZONE: "allowed is an IANA time zone such as America/New_York or UTC",
  DURATION: "allowed is an RFC 5545 duration up to 366 days such as P14D, P1W or PT8H; say how long the window lasts",
  RULE: "write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=FR",
  INSTANT: "allowed is an instant with its offset such as 2026-12-20T09:00:00Z",
  GLASS: "allowed is an end after its beginning, by 8h at most; break the glass again where it takes longer",
} as const;

const rule = (text: string, got: string, allowed: string): readonly [Keys, string] => [
  { rrule: text },
  `rrule: got ${got}; allowed is ${allowed}; ${T.RULE}`,
];

/** Keys set in a good window (undefined: taken away), and the one message, after `windows[0].`. */
export const WINDOW_CASES: readonly (readonly [Keys, string])[] = [
  [{ reason: undefined }, "reason: got nothing; allowed is a text; say why nothing may change"],
  [{ who: " " }, 'who: got " "; allowed is a text; say who decided it'],
  [{ dtstart: undefined }, `dtstart: got nothing; ${T.TIME}; say when the first window begins`],
  [{ dtstart: "2026-02-29" }, `dtstart: got "2026-02-29"; ${T.TIME}; say when the first window begins`],
  [{ dtstart: "2026-13-01" }, `dtstart: got "2026-13-01"; ${T.TIME}; say when the first window begins`],
  [{ dtstart: "20260101T2500" }, `dtstart: got "20260101T2500"; ${T.TIME}; say when the first window begins`],
  [{ dtstart: "tomorrow" }, `dtstart: got "tomorrow"; ${T.TIME}; say when the first window begins`],
  [
    { dtstart: "2026-01-01T09:00:00+01:00" },
    `dtstart: got "2026-01-01T09:00:00+01:00"; ${T.TIME}; say when the first window begins`,
  ],
  [{ dtstart: 20260101 }, `dtstart: got 20260101; ${T.TIME}; put it in quotes, or it is read as a number`],
  [{ tzid: "America/New_Yrok" }, `tzid: got "America/New_Yrok"; ${T.ZONE}; did you mean America/New_York?`],
  [{ tzid: "Mars/Phobos" }, `tzid: got "Mars/Phobos"; ${T.ZONE}; write the zone that its local times are of`],
  [{ tzid: "+02:00" }, `tzid: got "+02:00"; ${T.ZONE}; write the zone that its local times are of`],
  [
    { tzid: undefined },
    "tzid: got nothing; allowed is an IANA time zone beside local times and days; write tzid, or the times with Z",
  ],
  [{ duration: "P0D" }, `duration: got "P0D"; ${T.DURATION}`],
  [{ duration: "2 weeks" }, `duration: got "2 weeks"; ${T.DURATION}`],
  [{ duration: "-P1D" }, `duration: got "-P1D"; ${T.DURATION}`],
  [{ duration: "P1Y" }, `duration: got "P1Y"; ${T.DURATION}`],
  [{ duration: "P400D" }, `duration: got "P400D"; ${T.DURATION}`],
  [
    { duration: undefined },
    "duration: got nothing; allowed is duration or dtend beside a time; say how long the window lasts",
  ],
  [{ dtend: "2026-12-21T09:00" }, "duration: got dtend and duration; allowed is one of the two; remove one of the two"],
  [
    { dtend: "2026-12-20T08:00", duration: undefined },
    'dtend: got "2026-12-20T08:00:00"; allowed is an end after dtstart, of its kind, within 366 days; write it like dtstart',
  ],
  [
    { dtend: "2026-12-21", duration: undefined },
    'dtend: got "2026-12-21T00:00:00"; allowed is an end after dtstart, of its kind, within 366 days; write it like dtstart',
  ],
  rule("BYDAY=FR", "no FREQ", "a rule with FREQ"),
  rule("FREQ=HOURLY", "FREQ=HOURLY", "FREQ with DAILY, WEEKLY, MONTHLY or YEARLY"),
  rule(
    "FREQ=WEEKLY;BYDAY=XX",
    "BYDAY=XX",
    "BYDAY with weekdays such as MO,TU or 1FR (the first Friday), -1MO (the last Monday)",
  ),
  rule("FREQ=WEEKLY;BYDAY=1FR", "FREQ=WEEKLY with BYDAY=1FR", "numbered weekdays with MONTHLY or YEARLY only"),
  rule("FREQ=DAILY;INTERVAL=0", "INTERVAL=0", "INTERVAL with a whole number from 1 to 999"),
  rule("FREQ=DAILY;COUNT=2;UNTIL=20261231", "COUNT and UNTIL", "one of the two"),
  rule("FREQ=DAILY;UNTIL=20260231", "UNTIL=20260231", "UNTIL with a day or time such as 20261231T235959Z"),
  rule("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32", "BYMONTHDAY with days from 1 to 31, or from -31 to -1"),
  rule("FREQ=DAILY;FREQ=DAILY", "FREQ twice", "each part once"),
  rule(
    "FREQ=DAILY;BYSECOND=5",
    'the part "BYSECOND=5"',
    "parts NAME=VALUE of FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYDAY, BYSETPOS, BYHOUR, BYMINUTE, WKST",
  ),
  [{ exdate: ["2026-12-32"] }, `exdate[0]: got "2026-12-32"; ${T.TIME}; say which beginnings are left out`],
  [
    { actions: ["rollback"] },
    'actions[0]: got "rollback"; allowed is one of deploy, promote; leave it out to mean all',
  ],
  [{ stacks: [] }, "stacks: got an empty list; allowed is at least one of the stacks; leave it out to mean all"],
  [
    { effect: "forbid" },
    'effect: got "forbid"; allowed is one of deny, allow; deny freezes inside, allow freezes outside',
  ],
  [
    { dtsart: "x" },
    "dtsart: got an unknown key; allowed is one of name, effect, reason, who, link, tzid, dtstart, dtend, duration, rrule, exdate, stacks, services, actions; did you mean dtstart?",
  ],
];

/** Keys set in a good flag, and the one message, after `flags[0].`. */
export const FLAG_CASES: readonly (readonly [Keys, string])[] = [
  [{ reason: "" }, 'reason: got ""; allowed is a text; say why nothing may change'],
  [
    { until: "2026-12-20T09:00:00" },
    `until: got "2026-12-20T09:00:00"; ${T.INSTANT}; say when it ends, or leave it out`,
  ],
  [
    { until: "2026-02-30T00:00:00Z" },
    `until: got "2026-02-30T00:00:00Z"; ${T.INSTANT}; say when it ends, or leave it out`,
  ],
  [
    { link: "javascript:alert(1)" },
    'link: got "javascript:alert(1)"; allowed is an http or https address; write where people read more, or leave it out',
  ],
  [
    { services: ["Web"] },
    'services[0]: got "Web"; allowed is at most 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen; choose such a name; its workloads are called <name>-blue and <name>-green',
  ],
];

/** Keys set in a good break-glass, and the one message, after `breakGlass[0].`. */
export const GLASS_CASES: readonly (readonly [Keys, string])[] = [
  [{ by: undefined }, "by: got nothing; allowed is a text; name the person"],
  [{ reason: undefined }, "reason: got nothing; allowed is a text; say why the freeze may be broken"],
  [{ until: undefined }, `until: got nothing; ${T.INSTANT}; say when it ends`],
  [{ until: "2026-12-20T08:00:00Z" }, `until: got "2026-12-20T08:00:00Z"; ${T.GLASS}`],
  [{ until: "2026-12-21T09:00:00Z" }, `until: got "2026-12-21T09:00:00Z"; ${T.GLASS}`],
];

/** What `--until` and `--at` refuse, whenever it is asked. */
export const END_CASES: readonly (readonly [string, RegExp])[] = [
  ["", /: --until: got ""; allowed is an instant such as 2026-12-01T09:00:00Z/],
  ["soon", /got "soon"; allowed is an instant/],
  ["2030-01-01T09:00", /got "2030-01-01T09:00"; allowed is an instant/],
  ["2030-02-30T09:00:00Z", /got "2030-02-30T09:00:00Z"; allowed/],
  ["2030-02-30T09:00[America/New_York]", /allowed is an instant/],
  ["2030-01-01T09:00[Mars/Phobos]", /allowed is an instant/],
  ["2020-01-01T09:00:00Z", /which is over; allowed is .*, to come$/],
  ["0s", /got "0s"; allowed/],
];
