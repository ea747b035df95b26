import assert from "node:assert/strict";
import fc from "fast-check";
import { Misfit } from "../../../core/scrub/fakes/misfit";
import { ScrubError } from "../../../core/scrub/errors";
import { TableMask } from "../../../core/scrub/mask";
import type { FieldAction, JsonAction, JsonRules } from "../../../core/scrub/plan";
import { maskPlainly } from "../../../core/scrub/reference";
import { FAKE_TAGS } from "../../../core/scrub/tags";
import { copyOf, maker, maskAll, spec, tableOf } from "./support/tables";

const AWKWARD = [
  "Maria Lopez", "  maria   LOPEZ ", "Ｍaria", "Straße", "ΟΔΟΣ", "İstanbul", "O'Brien \"x\"", "a\tb\nc\\d", "\\N", "\\.", "",
  "123-45-6789", "123456789", "123 45 6789", "１２３-45‐6789", "123456789012", "(415) 555-2671", "+1 415.555.2671", "4155552671",
  "4111111111111111", "4111-1111-1111-1111", "378282246310005", "0", "-1", "007", "32768", "2147483647", "-2147483649",
  "9007199254740993", "9223372036854775807", "99999999999999999999", "b5a8f0de-6d2c-4a8a-9a51-0f2d7c1e9b11",
  "{B5A8F0DE-6D2C-4A8A-9A51-0F2D7C1E9B11}", "mari\u00e1@agency.gov", "MARIA@AGENCY.GOV", "👩‍🌾", "x".repeat(200), "é".repeat(70), "   ", "--",
] as const; // prettier-ignore

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...AWKWARD) },
  fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0")),
  fc.string({ unit: fc.constantFrom("1", "2", "-", " ", "(", ")", "\\", "\t", "a", "B", "é"), maxLength: 24 }),
  fc.integer().map(String),
);

const tag = fc.constantFrom(...FAKE_TAGS);
const fakeSpec = fc
  .record({
    tag,
    unique: fc.boolean(),
    maxLength: fc.constantFrom(null, 40, 36, 50),
    ssn: fc.constant("token" as const),
  })
  .map(({ tag: of, ...more }) => spec(of, more));
const textAction = fc.constantFrom(
  { kind: "text", how: "replace" } as const,
  { kind: "text", how: "rewrite" } as const,
);

const key = fc.constantFrom("a", "b", "é", 'k"ey', "back\\slash", "*");
const jsonAction: fc.Arbitrary<JsonAction> = fc.oneof(
  fc.constant({ kind: "keep" } as const),
  fc.constant({ kind: "drop" } as const),
  textAction,
  fakeSpec.map((of) => ({ kind: "fake", fake: of }) as const),
);
const jsonRules: fc.Arbitrary<JsonRules> = fc
  .array(fc.tuple(fc.array(key, { maxLength: 3 }), jsonAction), { maxLength: 8 })
  .map((rules) => new Map(rules.map(([path, action]) => [path.join("."), action])));

const action: fc.Arbitrary<FieldAction> = fc.oneof(
  fc.constant({ kind: "keep" } as const),
  textAction,
  fakeSpec.map((of) => ({ kind: "fake", fake: of }) as const),
  jsonRules.map((rules) => ({ kind: "json", rules }) as const),
);

/** The text of a document, with doubled keys, escapes that are not needed and any white space. */
const { document } = fc.letrec<{ document: string; pair: string }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    text.map((value) => JSON.stringify(value)),
    text.map((value) => JSON.stringify(value).replaceAll("a", "\\u0061").replaceAll("/", "\\/")),
    fc.constantFrom(
      "true",
      "false",
      "null",
      "0",
      "-0.0",
      "1e400",
      "123456789012345678901234567890",
      "42",
      "-7",
      "1E-2",
    ),
    fc.array(tie("pair")).map((pairs) => `{ ${pairs.join(",\n")}}`),
    fc.array(tie("document")).map((values) => `[${values.join(" , ")}\t]`),
  ),
  pair: fc.tuple(fc.oneof(key, text), tie("document")).map(([name, value]) => `${JSON.stringify(name)}:${value}`),
}));

/** What the mask makes of it, or the code of its error. */
function outcome(run: () => string): string {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof ScrubError || thrown instanceof Misfit) return `refused: ${thrown.code}`;
    throw thrown;
  }
}

const isKnown = (value: string): boolean => /a|1/.test(value);

describe("masking in bytes", () => {
  it("gives the bytes that the plain way gives, for any columns, values and chunks", () => {
    const table = fc.array(action, { minLength: 1, maxLength: 5 }).chain((actions) =>
      fc.record({
        actions: fc.constant(actions),
        rows: fc.array(
          fc.tuple(...actions.map(({ kind }) => fc.option(kind === "json" ? document : text, { freq: 10 }))),
          { maxLength: 12 },
        ),
        sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      }),
    );
    let refused = 0;
    let runs = 0;
    fc.assert(
      fc.property(table, ({ actions, rows, sizes }) => {
        const planned = tableOf(...actions);
        const copy = copyOf(rows);
        const expected = outcome(() => maskPlainly(planned, maker(), copy, { isKnown }));
        const got = outcome(() =>
          maskAll(
            new TableMask(planned, maker(), { isKnown: (bytes) => isKnown(bytes.toString()) }),
            copy,
            sizes,
          ).toString(),
        );
        runs++;
        if (expected.startsWith("refused")) refused++;
        assert.equal(got, expected);
      }),
      { numRuns: 300 },
    );
    assert.ok(refused < runs / 2, `${refused} of ${runs} were refused`);
  });

  it("agrees with it on what is no JSON", () => {
    const broken = fc.oneof(
      fc
        .tuple(document, fc.nat(), fc.constantFrom("", ",", "}", "]", '"', "\\", "e", "0", "\u0001", "-"))
        .map(
          ([whole, at, put]) =>
            whole.slice(0, at % (whole.length + 1)) + put + whole.slice((at % (whole.length + 1)) + 1),
        ),
      fc.constantFrom(
        "",
        "{",
        "[1,]",
        '{"a":1,}',
        "01",
        "1.",
        "+1",
        ".5",
        "tru",
        "nul",
        '"\\x"',
        '"\\u12g4"',
        "1 2",
        '{"a" 1}',
        "'a'",
        "NaN",
        "{1:2}",
        "[1 2]",
        '"a',
        "-",
      ),
    );
    const rules: JsonRules = new Map([["a.*", { kind: "keep" }]]);
    const planned = tableOf({ kind: "keep" }, { kind: "json", rules });
    fc.assert(
      fc.property(broken, (value) => {
        // Half of a pair is no text that a database could hold.
        fc.pre(!/\p{Surrogate}/u.test(value));
        const copy = copyOf([["x", value]]);
        const expected = outcome(() => maskPlainly(planned, maker(), copy));
        assert.equal(
          outcome(() => maskAll(new TableMask(planned, maker()), copy).toString()),
          expected,
        );
      }),
      { numRuns: 1500 },
    );
  });
});
