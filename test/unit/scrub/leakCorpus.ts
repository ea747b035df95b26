import type { FindingKind } from "../../../core/scrub/scan/findingKinds";

/** Something that must be found when it ships as it is; `text` is what a person would have typed or pasted. */
export interface Planted {
  readonly kind: FindingKind;
  readonly what: string;
  readonly text: string;
}

const SSN = ["536", "22", "8126"] as const;
const DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u00ad";
const BLANKS = " \u00a0\u2002\u2003\u2007\u2009\u202f\u205f\u3000";
const DOTS = ".\u00b7\u2024\uff0e";
const HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u180e\u0336\ufe0f\u3164\u{e0061}";
const ZEROS = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xe50, 0xff10, 0x1d7ce, 0x1d7ec, 0x1fbf0];

const named = (separator: string): string => `U+${(separator.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
const inDigits = (zero: number, text: string): string =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

const ssn = (what: string, text: string): Planted => ({ kind: "ssn", what, text });

function spelledSsns(): readonly Planted[] {
  const [area, group, serial] = SSN;
  const plain = SSN.join("-");
  const bare = SSN.join("");
  return [
    ssn("plain dashes", plain),
    ssn("no separator", bare),
    ...Array.from(DASHES).map((dash) => ssn(`dash ${named(dash)}`, SSN.join(dash))),
    ...Array.from(BLANKS).map((blank) => ssn(`blank ${named(blank)}`, SSN.join(blank))),
    ...Array.from(DOTS).map((dot) => ssn(`dot ${named(dot)}`, SSN.join(dot))),
    ...["/", "_", "~", "|", " - ", " \u2013 ", "- ", "--", ". "].map((gap) => ssn(`separator "${gap}"`, SSN.join(gap))),
    ssn("dash, then blank", `${area}-${group} ${serial}`),
    ssn("blank, then dash", `${area} ${group}-${serial}`),
    ssn("in parentheses", `(${area}) ${group}-${serial}`),
    ...Array.from(HIDDEN).map((hidden) => ssn(`hidden ${named(hidden)} between digits`, Array.from(bare).join(hidden))),
    ...Array.from(HIDDEN).map((hidden) =>
      ssn(`hidden ${named(hidden)} beside dashes`, SSN.join(`${hidden}-${hidden}`)),
    ),
    ...ZEROS.map((zero) => ssn(`digits from ${zero.toString(16)}`, inDigits(zero, plain))),
    ...ZEROS.map((zero) => ssn(`digits from ${zero.toString(16)} without separator`, inDigits(zero, bare))),
    ssn("circled digits", "\u2464\u2462\u2465-\u2461\u2461-\u2467\u2460\u2461\u2465"),
    ssn("superscripts", "\u2075\u00b3\u2076-\u00b2\u00b2-\u2078\u00b9\u00b2\u2076"),
    ssn("digit by digit, blanks", Array.from(bare).join(" ")),
    ssn("digit by digit, dashes", Array.from(bare).join("-")),
    ssn("mixed scripts", `\uff15\u0663${plain.slice(2)}`),
    ssn("longer groups around it", `99${plain}99`),
    ssn("glued to words", `SSN${plain}end`),
    ssn("glued to a label", `ssn${bare}`),
    ssn("after an underscore", `claim_${bare}_scan`),
    ssn("after a sign of equality", `ssn=${bare};`),
    ssn("in quotes", `"${bare}"`),
    ssn("end of a sentence", `It is ${bare}.`),
    ssn("start of a sentence", `${bare} is hers`),
    ssn("after another number", `Room 12 ${plain}`),
    ssn("before another number", `${plain} 12`),
    ssn("after a date", `2024-10-20 ${plain}`),
    ssn("lowest area", "001-01-0001"),
    ssn("highest area", "899-99-9999"),
    ssn("ITIN", "912-70-1234"),
    ssn("ITIN without separator", "912701234"),
    ssn("reserved number where none may be", "987-12-3456"),
    ssn("dashes around what was never issued", "000-12-3456"),
    ssn("dashes around area 666", "666-12-3456"),
    ssn("between brackets", `[${plain}]`),
    ssn("backslashes between", SSN.join("\\")),
    ssn("tabs between", SSN.join("\t")),
    ssn("lines between", SSN.join("\n")),
    ssn("list of two", `${plain},${plain}`),
    ssn("JSON, escaped digits", `{"a":"\\u0035\\u0033\\u0036-22-8126"}`),
    ssn("JSON, all escaped", `{"a":"${Array.from(plain).map(escaped).join("")}"}`),
    ssn("JSON, escaped dashes", `{"a":"${SSN.join("\\u2011")}"}`),
    ssn("JSON, escaped full width", `{"a":"${Array.from(inDigits(0xff10, bare)).map(escaped).join("")}"}`),
    ssn("JSON, surrogate pairs", `{"a":"${Array.from(inDigits(0x1d7ce, bare)).map(escaped).join("")}"}`),
    ssn("JSON, upper-case escape", `{"a":"536\\u002D22\\u002D8126"}`),
    ssn("JSON within JSON", JSON.stringify({ a: JSON.stringify({ b: plain }) })),
    ssn("JSON within JSON, escaped", JSON.stringify({ a: `{"b":"${Array.from(bare).map(escaped).join("")}"}` })),
    ssn("JSON, a number", `{"ssn":${bare}}`),
    ssn("JSON, a key", `{"${plain}":true}`),
    ssn("JSON, a list", `["x","${plain}"]`),
    ssn("JSON, after a line break", `{"a":"first\\n${plain}"}`),
    ssn("JSON, after a tab", `{"a":"first\\t${bare}"}`),
    ssn("XML", `<ssn>${bare}</ssn>`),
    ssn("an array of PostgreSQL", `{${plain},NULL}`),
    ssn("a composite of PostgreSQL", `(1,"Ada",${bare})`),
    ssn("a URL", `https://example.org/p?ssn=${bare}&x=1`),
    ssn("a file name", `scan_${bare}.pdf`),
    ssn("a file name with dashes", `W2-${plain}-2024.pdf`),
    ssn("a path", `/intake/${bare}/form.pdf`),
    ssn("an error", `invalid input syntax for type integer: "${plain}"`),
    ssn("an error's context", `COPY people, line 3, column ssn: "${bare}"`),
    ssn("a constraint's detail", `Key (ssn)=(${plain}) already exists.`),
    ssn("a stack", `Error: bad row ${bare}\n    at mask (/app/mask.js:1:2)`),
    ssn("a log line of JSON", JSON.stringify({ level: 50, msg: `bad value '${plain}'` })),
  ];
}

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");

/** Numbers that the networks publish for tests. */
const CARDS = [
  "4111111111111111",
  "4012888888881881",
  "4222222222222",
  "5555555555554444",
  "5105105105105100",
  "2223003122003222",
  "378282246310005",
  "371449635398431",
  "6011111111111117",
  "6011000990139424",
  "30569309025904",
  "38520000023237",
  "3530111333300000",
  "3566002020360505",
  "6200000000000005",
] as const;

const grouped = (card: string, gap: string): string =>
  (card.length === 15
    ? /^(.{4})(.{6})(.{5})$/
    : card.length === 14
      ? /^(.{4})(.{6})(.{4})$/
      : /^(.{4})(.{4})(.{4})(.*)$/
  )
    .exec(card)
    ?.slice(1)
    .join(gap) ?? card;

const cards = (): readonly Planted[] =>
  CARDS.flatMap((card) => [
    { kind: "card", what: `card ${card.slice(0, 4)}, ${card.length} digits`, text: card },
    { kind: "card", what: `card ${card.slice(0, 4)}, blanks`, text: grouped(card, " ") },
    { kind: "card", what: `card ${card.slice(0, 4)}, dashes`, text: `paid by ${grouped(card, "-")}.` },
    { kind: "card", what: `card ${card.slice(0, 4)}, two lines`, text: grouped(card, "-").replace("-", "-\n") },
    { kind: "card", what: `card ${card.slice(0, 4)}, blanks and dashes`, text: grouped(card, "-").replace("-", " ") },
    { kind: "card", what: `card ${card.slice(0, 4)}, full width`, text: inDigits(0xff10, card) },
  ]);

const PHONES = [
  "(202) 456-1111",
  "(202)456-1111",
  "202-456-1111",
  "202.456.1111",
  "202 456 1111",
  "2024561111",
  "12024561111",
  "+12024561111",
  "+1 202 456 1111",
  "+1 (202) 456-1111",
  "+1-202-456-1111",
  "1.202.456.1111",
  "1-202-456-1111",
  "tel:+1-202-456-1111",
  "202\u2011456\u20111111",
  "\uff12\uff10\uff12-\uff14\uff15\uff16-\uff11\uff11\uff11\uff11",
  "2\u200b02-456-1111",
  "call 202-456-1111 today",
  '{"phone":"\\u0032\\u0030\\u0032-456-1111"}',
  "202/456/1111",
] as const;

const MAILS = [
  "ada@agency.gov",
  "ada.lovelace@agency.gov",
  "ada+claims@mail.agency.gov",
  "<ada@agency.gov>",
  "mailto:ada@agency.gov",
  "Ada@Agency.GOV",
  "ada@agency.gov.",
  "ada@agency.gov, bob",
  "ada\uff20agency.gov",
  "ada@agency\uff0egov",
  "ada@\uff41gency.gov",
  "a\u200bda@agency.gov",
  "ada@agency.g\u00adov",
  "ada@b\u00fccher.de",
  "ada@xn--bcher-kva.de",
  "\u0438\u0432\u0430\u043d@\u043f\u043e\u0447\u0442\u0430.\u0440\u0444",
  "ada@example.org.evil.com",
  "ada@notexample.org",
  "ada@example.co",
  "https://ada@agency.gov/inbox",
  '{"mail":"ada\\u0040agency.gov"}',
  '{"mail":"ada@agency\\u002egov"}',
  "inbox/ada@agency.gov.eml",
  'duplicate key "ada@agency.gov"',
] as const;

export const LEAKS: readonly Planted[] = [
  ...spelledSsns(),
  ...cards(),
  ...PHONES.map((text): Planted => ({ kind: "phone", what: `phone ${text}`, text })),
  ...MAILS.map((text): Planted => ({ kind: "email", what: `e-mail ${text}`, text })),
];

/** What looks like it and is nobody's. */
export const HARMLESS: readonly string[] = [
  "d41d8cd98f00b204e9800998ecf8427e",
  "900150983cd24fb0d6963f7d28e17f72",
  "a123456789b",
  "0xdeadbeef123456789",
  "f123456789",
  "536228126a",
  "550e8400-e29b-41d4-a716-446655440000",
  "12345678-1234-1234-1234-123456789012",
  "{00112233-4455-6677-8899-001122334455}",
  "2024-10-20",
  "2024-10-20 12:10:11.123456+00",
  "2024-10-20T12:10:11.123Z",
  '["2024-01-01 00:00:00.123+00","2025-01-01 00:00:00+00")',
  "20241020121011",
  "1729423811",
  "1729423811123",
  "1729423811123456",
  "123456789.50",
  "-123456789.5",
  "0.536228126",
  "$1,234,567.89",
  "536,228,126",
  "10.20.123.45",
  "10.20.123.45:8080",
  "1.536.22.8126",
  "192.168.123.45/24",
  "{123,45,6789}",
  "[123, 45, 6789]",
  "62704-1234",
  "000000000",
  "666123456",
  "536000000",
  "536220000",
  "12345678",
  "1234567890123",
  "4111111111111112",
  "4111 1111 1111 1112",
  "202-555-0147",
  "(202) 555-0100",
  "+1 202 555 0199",
  "2025550123",
  "555-0123",
  "123-456-7890",
  "202-156-1111",
  "ada@example.org",
  "ada@mail.example.com",
  "ada@claims.test",
  "ada@host.invalid",
  "ada@x.example",
  "see ada@example.net.",
  "@agency.gov",
  "ada @ agency.gov",
  "a@b",
  "user@localhost",
  "\\x536228126a",
  "QXK-RT-BVWM",
  "v1.22.81264",
  "E536228126X",
  "\u4e00\u4e8c\u4e09",
];
