import assert from "node:assert/strict";
import fc from "fast-check";
import { countCharacters } from "../../../core/scrub/filler";
import { countJsonCharacters } from "../../../core/scrub/json";
import { TableMask } from "../../../core/scrub/mask";
import type { JsonAction } from "../../../core/scrub/plan";
import { copyOf, maker, maskAll, rowsOf, spec, tableOf } from "./support/tables";

const KEEP: JsonAction = { kind: "keep" };
const NAME: JsonAction = { kind: "fake", fake: spec("person.name") };
const ID: JsonAction = { kind: "fake", fake: spec("id.integer") };
const TEXT: JsonAction = { kind: "text", how: "replace" };

function masked(document: string, rules: Readonly<Record<string, JsonAction>>): string {
  const table = tableOf({ kind: "json", rules: new Map(Object.entries(rules)) });
  return rowsOf(maskAll(new TableMask(table, maker()), copyOf([[document]])).toString())[0]?.[0] ?? "";
}

const CASES: readonly (readonly [
  what: string,
  document: string,
  rules: Readonly<Record<string, JsonAction>>,
  result: string | RegExp,
])[] = [
  [
    "drops what no rule names and keeps tree and keys",
    '{"a":{"b":[1,"x",null,true]},"c":{}}',
    {},
    '{"a":{"b":[null,null,null,null]},"c":{}}',
  ],
  [
    "keeps numbers, white space, doubled keys and their order as they were written",
    '{ "z":1e400,\n"a":-0.0, "z" : 12345678901234567890 }',
    { z: KEEP, a: KEEP },
    '{ "z":1e400,\n"a":-0.0, "z" : 12345678901234567890 }',
  ],
  ["keeps the spelling of what it keeps", '{"a":"\\u0041\\/\\\\"}', { a: KEEP }, '{"a":"\\u0041\\/\\\\"}'],
  [
    "goes by * through the elements of a list",
    '{"m":[{"n":1,"x":2},{"n":3}]}',
    { "m.*.n": KEEP },
    '{"m":[{"n":1,"x":null},{"n":3}]}',
  ],
  ["goes through lists in lists", "[[1],[2,[3]]]", { "*.*": KEEP }, "[[1],[2,[null]]]"],
  [
    "replaces a key that only * covers",
    '{"Ada Smith":{"n":1},"total":{"n":2}}',
    { "*.n": KEEP, "total.n": KEEP },
    /^\{"[a-z]{18}":\{"n":1\},"total":\{"n":2\}\}$/,
  ],
  ["knows a key by what it means, not by how it is spelled", '{"\\u0061":1}', { a: KEEP }, '{"\\u0061":1}'],
  ["does not take the rule of a scalar for one of all below", '{"a":{"b":1}}', { a: KEEP }, '{"a":{"b":null}}'],
  [
    "writes fakes of numbers as numbers and other fakes as text",
    '{"i":70,"n":12}',
    { i: ID, n: NAME },
    /^\{"i":\d+,"n":"[A-Z][a-z]+ [A-Z][a-z]+"\}$/,
  ],
  ["keeps a number that is text as text", '{"i":"70"}', { i: ID }, /^\{"i":"\d+"\}$/],
  [
    "drops what its rule does not suit",
    '{"i":"x","j":1.5,"n":true,"t":7}',
    { i: ID, j: ID, n: NAME, t: TEXT },
    '{"i":null,"j":null,"n":null,"t":null}',
  ],
  [
    "drops what a rule drops, and leaves null and empty text",
    '{"a":1,"b":null,"c":"","d":""}',
    { a: { kind: "drop" }, b: NAME, c: NAME, d: TEXT },
    '{"a":null,"b":null,"c":"","d":""}',
  ],
  [
    "puts filler of as many characters as a text means",
    '{"t":"h\\u00e9llo \\"w\\""}',
    { t: TEXT },
    '{"t":"lorem...."}',
  ],
  ["masks a document that is a scalar", '"Ada"', { "": NAME }, /^"[A-Z][a-z]+ [A-Z][a-z]+"$/],
  ["drops a document that is a scalar without a rule", '"Ada"', { a: KEEP }, "null"],
];

describe("masking a document", () => {
  for (const [what, document, rules, result] of CASES)
    it(what, () => {
      const got = masked(document, rules);
      if (typeof result === "string") assert.equal(got, result);
      else assert.match(got, result);
    });

  it("counts the characters that a string means, whatever escapes it is written with", () => {
    const piece = fc.constantFrom(
      ...[
        "a",
        "é",
        "😀",
        "\\n",
        '\\"',
        "\\\\",
        "\\/",
        "\\u00e9",
        "\\ud83d",
        "\\uDE00",
        "\\uD83D\\ude00",
        "\\ud7ff",
        "\\udbff\\udfff",
        "d8",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const bytes = Buffer.from(`x${text}y`);
        const meant = Buffer.from(JSON.parse(`"${text}"`) as string);
        assert.equal(countJsonCharacters(bytes, 1, bytes.length - 1), countCharacters(meant, 0, meant.length));
      }),
    );
  });

  it("goes as deep as a document does", () => {
    const depth = 200_000;
    assert.equal(
      masked("[".repeat(depth) + "1" + "]".repeat(depth), {}),
      "[".repeat(depth) + "null" + "]".repeat(depth),
    );
  });
});
