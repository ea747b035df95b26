import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { ScrubError } from "../../../core/scrub/errors";
import { TableMask } from "../../../core/scrub/mask";
import type { FieldAction, JsonAction } from "../../../core/scrub/plan";
import type { FakeTag } from "../../../core/scrub/tags";
import { copyOf, fake, fakesOf, maker, maskAll, rowsOf, spec, tableOf } from "./support/tables";

const keep = { kind: "keep" } as const;
const json = (rules: Readonly<Record<string, JsonAction>>): FieldAction => ({
  kind: "json",
  rules: new Map(Object.entries(rules)),
});
const faked = (tag: FakeTag): JsonAction => ({ kind: "fake", fake: spec(tag) });
const SECRET = "Ada 536-22-8126";

function refusal(run: () => unknown): ScrubError {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof ScrubError, inspect(thrown));
    return thrown;
  }
  return assert.fail("nothing was refused");
}

describe("masking a table", () => {
  it("leaves every byte of rows alone that nothing is to happen to", () => {
    const field = fc.oneof(fc.string({ unit: "binary" }), fc.constant(null));
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field, field)), (rows) => {
        const copy = copyOf(rows);
        assert.equal(maskAll(new TableMask(tableOf(keep, keep, keep), maker()), copy, [7]).toString(), copy);
      }),
    );
  });

  it("gives the same bytes however the stream is cut, also within an escape or a letter", () => {
    const table = tableOf(fake("person.name"), keep, { kind: "text", how: "replace" });
    const copy = copyOf([
      ["Zoë\tO'Néill\\", "ü\n", "line\nline €"],
      [null, "\\N", ""],
    ]);
    const whole = maskAll(new TableMask(table, maker()), copy);
    for (let size = 1; size < 12; size++)
      assert.deepEqual(maskAll(new TableMask(table, maker()), copy, [size]), whole, `pieces of ${size}`);
  });

  it("gives one fake for a person in all tables, spellings and documents", () => {
    const by = maker();
    const [name] = fakesOf(fake("person.name"), ["Maria Lopez"], by);
    const [ssn] = fakesOf(fake("gov.ssn", { unique: true }), ["123-45-6789"], by);
    const [id] = fakesOf(fake("id.integer", { range: [0n, 2n ** 31n - 1n] }), ["40001"], by);
    const table = tableOf(
      keep,
      json({
        "people.*.name": faked("person.name"),
        "people.*.ssn": faked("gov.ssn"),
        "people.*.id": faked("id.integer"),
      }),
    );
    const people = ["Maria Lopez", "MARIA  LOPEZ", " maria lopez", "Ｍaria Lopez", "Mar\\u0069a Lopez"]
      .map((each) => `{"name":"${each}","ssn":"123 45 6789","id":40001}`)
      .join(",");
    const copy = copyOf([["x", `{"people":[${people}]}`]]);
    const [row] = rowsOf(maskAll(new TableMask(table, by), copy).toString());
    const document = JSON.parse(row?.[1] ?? "") as { people: readonly { name: string; ssn: string; id: number }[] };
    assert.equal(document.people.length, 5);
    for (const person of document.people)
      assert.deepEqual(person, { name, ssn: ssn?.replaceAll("-", " "), id: Number(id) });
  });

  it("counts rows, bytes, fakes, texts and what it dropped", () => {
    const mask = new TableMask(
      tableOf(
        fake("gov.ssn"),
        { kind: "text", how: "replace" },
        json({ a: faked("person.name"), t: { kind: "text", how: "replace" } }),
      ),
      maker(),
    );
    const copy = copyOf([
      ["123-45-6789", "note", '{"a":"Ada","t":"x","b":1,"c":null}'],
      [null, "", "[true]"],
    ]);
    const out = maskAll(mask, copy);
    assert.deepEqual(mask.counts, {
      rows: 2,
      bytesIn: copy.length,
      bytesOut: out.length,
      fakes: { "gov.ssn": 1, "person.name": 1 },
      texts: 2,
      dropped: 2,
    });
  });

  it("shows each value that gets a fake in its canonical form, and where rows end", () => {
    const seen: string[] = [];
    const observer = {
      add: (tag: FakeTag, bytes: Buffer, length: number) => seen.push(`${tag} ${bytes.toString("utf8", 0, length)}`),
      endRow: () => seen.push("end"),
    };
    const table = tableOf(
      fake("gov.ssn"),
      keep,
      fake("id.integer"),
      json({ who: faked("person.name"), n: { kind: "keep" } }),
    );
    const copy = copyOf([
      ["123-45-6789", "kept", "42", '{"who":"ZOË  X","n":"kept"}'],
      [null, "", "", "{}"],
    ]);
    maskAll(new TableMask(table, maker(), { observer }), copy);
    assert.deepEqual(seen, ["gov.ssn 123456789", "id.integer 42", "person.name zoë x", "end", "end"]);
  });

  it("replaces prose by filler of as many characters, and keeps it only where somebody says that nothing in it is known", () => {
    const values = ["Ada was here, at 12 Elm Street, on a sunny day with friends of hers and a dog", "żółw", "ok", ""];
    const replaced = fakesOf({ kind: "text", how: "replace" }, values);
    assert.deepEqual(
      replaced.map((each) => each?.length),
      values.map((each) => each.length),
    );
    assert.equal(replaced[0], "lorem ipsum dolor consectetur adipiscing eiusmod tempor incididunt labore....");
    assert.deepEqual(replaced.slice(1), ["....", "..", ""]);
    const isKnown = (text: Buffer): boolean => text.includes("Ada");
    const rewritten = fakesOf({ kind: "text", how: "rewrite" }, ["Ada", "a dog\tand a cat"], maker(), { isKnown });
    assert.deepEqual(rewritten, ["...", "a dog\tand a cat"]);
    assert.deepEqual(fakesOf({ kind: "text", how: "rewrite" }, ["a dog"]), ["lorem"]);
  });

  it("takes values of 50 MB, in text and in documents", () => {
    const size = 50_000_000;
    const long = Buffer.alloc(size, "word ");
    const rules = json({ t: { kind: "text", how: "replace" } });
    const mask = new TableMask(tableOf({ kind: "text", how: "replace" }, fake("person.name"), rules), maker());
    const out: Buffer[] = [];
    const push = (input: Buffer): void => {
      for (let at = 0; at < input.length; at += 1 << 16) {
        const masked = mask.push(input.subarray(at, at + (1 << 16)));
        if (masked !== undefined) out.push(masked);
      }
    };
    push(long);
    // The document has an escape of COPY and of JSON: a line feed, which is one character of the text.
    for (const part of ["\tAda", `\t{"t":"`, long, `\\\\n","x":"`, long, `"}\nshort\tAda\t[]\n`])
      push(Buffer.from(part));
    const last = mask.end();
    const rows = Buffer.concat(last === undefined ? out : [...out, last]);
    assert.equal(rows.indexOf("\t"), size);
    const document = rows.subarray(rows.indexOf("\t{"), rows.indexOf("}\n"));
    assert.equal(document.length, '\t{"t":"'.length + size + 1 + '","x":null'.length);
    assert.equal(mask.counts.rows, 2);
    assert.equal(mask.counts.dropped, 1);
  });
});

describe("a row that cannot be masked", () => {
  const bad: readonly (readonly [what: string, action: FieldAction, field: string, message: RegExp])[] = [
    [
      "an integer that is none",
      fake("id.integer"),
      SECRET,
      /value cannot be masked.*c1, tag id\.integer, kind not-an-integer, row 2/,
    ],
    ["a document that is none", json({}), `{"${SECRET}":`, /value cannot be masked.*c1, kind bad-json, row 2/],
    ["a text in place of a document", json({ "": keep }), SECRET, /bad-json/],
    [
      "an escape that COPY does not send",
      fake("person.name"),
      `${SECRET}\\101`,
      /not what COPY sends.*c1, tag person\.name, kind bad-escape, row 2/,
    ],
    ["a backslash at the end", { kind: "text", how: "replace" }, `${SECRET}\\`, /not what COPY sends.*bad-escape/],
    ["such an escape in a document", json({}), `"${SECRET}\\q"`, /not what COPY sends.*bad-escape/],
    [
      "a field too many",
      fake("person.name"),
      `${SECRET}\tx`,
      /a row is not what COPY sends: public\.claims, row 2, fields 2, got 2/,
    ],
    [
      "a field too few",
      fake("person.name"),
      `x\n${SECRET}`,
      /a row is not what COPY sends: public\.claims, row 3, fields 2, got 1/,
    ],
    ["bytes that are no text", fake("person.name"), "Ada\xff", /kind not-utf8/],
  ];
  for (const [what, action, field, message] of bad)
    it(`for ${what} is refused with its place and without its value`, () => {
      const rows = Buffer.from(`x\t\\N\ny\t${field}\nz\t\\N\n`, "latin1");
      const error = refusal(() => maskAll(new TableMask(tableOf(keep, action), maker()), rows));
      assert.match(error.message, message);
      for (const text of [
        error.message,
        error.stack,
        inspect(error, { depth: 9, showHidden: true }),
        JSON.stringify(error),
      ])
        for (const part of ["Ada", "536", "8126"]) assert.ok(!text?.includes(part), text);
    });

  it("because the stream ends within it is refused", () => {
    const mask = new TableMask(tableOf(keep), maker());
    mask.push(Buffer.from(`x\n${SECRET}`));
    assert.match(refusal(() => mask.end()).message, /not what COPY sends: public\.claims, row 1/);
  });

  it("because an observer or a predicate throws says only of what class the error was", () => {
    const throws = (): never => {
      throw new TypeError(SECRET);
    };
    const rows = copyOf([[SECRET]]);
    for (const action of [fake("person.name"), { kind: "text", how: "rewrite" } as const]) {
      const mask = new TableMask(tableOf(action), maker(), {
        observer: { add: throws, endRow: throws },
        isKnown: throws,
      });
      const error = refusal(() => maskAll(mask, rows));
      assert.match(error.message, /an unexpected fault: public\.claims\.c0, kind TypeError/);
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("Ada"));
    }
  });

  it("because its column is too narrow is refused before a row is read", () => {
    const error = refusal(() => new TableMask(tableOf(keep, fake("contact.email", { maxLength: 12 })), maker()));
    assert.match(error.message, /claims\.c1, tag contact\.email, kind no-room, .*maxLength 12, least 13/);
  });
});
