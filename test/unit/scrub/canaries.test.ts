import assert from "node:assert/strict";
import { inspect } from "node:util";
import { ScrubError } from "../../../core/scrub/errors";
import { TableMask } from "../../../core/scrub/mask";
import { FindingBook } from "../../../core/scrub/scan/report";
import { scanTexts } from "../../../core/scrub/scan/shapes";
import { canariesIn, canaryPeople, judgeCanaries, plantCanaries, sumCanaries } from "../../../core/scrub/scan/canaries";
import { FAKE_TAGS } from "../../../core/scrub/tags";
import { maker, maskAll } from "./support/tables";
import { fakeOf, plannedTable } from "./tables";

const KEY = Buffer.alloc(32, 3);
const PEOPLE = canaryPeople(Buffer.from("seed"), 25);
const TABLE = plannedTable({
  kind: { kind: "keep" },
  ...Object.fromEntries(FAKE_TAGS.map((tag) => [tag, { kind: "fake", fake: fakeOf(tag) } as const])),
  note: { kind: "text", how: "replace" },
  story: { kind: "text", how: "rewrite" },
  doc: {
    kind: "json",
    rules: new Map([
      ["claimant.name", { kind: "fake", fake: fakeOf("person.name") }],
      ["members.*.ssn", { kind: "fake", fake: fakeOf("gov.ssn") }],
      ["members.*.age", { kind: "keep" }],
      ["remarks", { kind: "text", how: "replace" }],
    ]),
  },
});
const HARMLESS = Buffer.from(`${TABLE.columns.map(() => "lorem").join("\t")}\n`.repeat(PEOPLE.length));

describe("canaries", () => {
  it("are the same for the same seed, others for another, and all different", () => {
    assert.deepEqual(canaryPeople(Buffer.from("seed"), 25), PEOPLE);
    assert.notDeepEqual(canaryPeople(Buffer.from("other"), 1), PEOPLE.slice(0, 1));
    for (const tag of FAKE_TAGS.filter((each) => each !== "id.integer" && !/given|family/.test(each)))
      assert.equal(new Set(PEOPLE.map((person) => person[tag])).size, PEOPLE.length, tag);
  });

  it("are found in every place where they were planted, with masking off", () => {
    const { text, places } = plantCanaries(TABLE, PEOPLE);
    assert.equal(text.toString().split("\n").length, PEOPLE.length + 1);
    const result = judgeCanaries(places, canariesIn(TABLE, text, PEOPLE, KEY), []);
    assert.deepEqual(result, { planted: places.length, found: places.length, leaked: 0, verdict: "pass" });
    // Twelve columns of fakes, two of them found in two ways; prose and documents in four ways each.
    assert.equal(places.length, PEOPLE.length * (14 + 3 * 4));
  });

  it("are found when one of them is left in any column, kept and untagged ones included", () => {
    const few = PEOPLE.slice(0, 2);
    const { text, places } = plantCanaries(TABLE, few);
    const off = canariesIn(TABLE, text, few, KEY);
    const person = few[1];
    assert.ok(person);
    for (const tag of FAKE_TAGS.filter((each) => each !== "id.integer"))
      for (const [at, { column }] of TABLE.columns.entries()) {
        if (column === "id.integer") continue;
        const fields = TABLE.columns.map((_, index) => (index === at ? `see ${person[tag]}` : "lorem"));
        const on = canariesIn(TABLE, Buffer.from(`${fields.join("\t")}\n`), few, KEY);
        assert.ok(on.length > 0 && on.every((place) => place.column === column), `${tag} in ${column}`);
        assert.equal(judgeCanaries(places, off, on).verdict, "fail");
      }
  });

  it("are not found where they are not", () => {
    assert.deepEqual(canariesIn(TABLE, HARMLESS, PEOPLE, KEY), []);
  });

  it("fail a scan that misses one of them, and one in which none was planted", () => {
    const { text, places } = plantCanaries(TABLE, PEOPLE);
    const off = canariesIn(TABLE, text, PEOPLE, KEY);
    assert.equal(judgeCanaries(places, off.slice(1), []).verdict, "fail");
    assert.equal(judgeCanaries([], [], []).verdict, "fail");
    const passed = judgeCanaries(places, off, []);
    const nothing = judgeCanaries([], [], []);
    assert.equal(sumCanaries([passed, nothing]).verdict, "pass");
    assert.equal(sumCanaries([passed, { ...passed, found: 0 }]).verdict, "fail");
    assert.equal(sumCanaries([nothing]).verdict, "fail");
  });

  it("are not found once they are masked, in any column, whatever the form of an SSN", () => {
    const { text, places } = plantCanaries(TABLE, PEOPLE);
    const off = canariesIn(TABLE, text, PEOPLE, KEY);
    for (const epoch of ["one", "two"]) {
      const masked = maskAll(new TableMask(TABLE, maker(epoch)), text);
      assert.deepEqual(judgeCanaries(places, off, canariesIn(TABLE, masked, PEOPLE, KEY)), {
        planted: places.length,
        found: places.length,
        leaked: 0,
        verdict: "pass",
      });
    }
    const ssn = { kind: "fake", fake: { ...fakeOf("gov.ssn"), ssn: "reserved" } } as const;
    const reserved = plannedTable({ ssn });
    const planted = plantCanaries(reserved, PEOPLE);
    const masked = maskAll(new TableMask(reserved, maker()), planted.text);
    assert.match(masked.toString(), /^9\d\d-[0-4]\d-\d{4}\n/);
    assert.deepEqual(canariesIn(reserved, masked, PEOPLE, KEY), []);
    assert.equal(canariesIn(reserved, planted.text, PEOPLE, KEY).length, PEOPLE.length);
  });

  it("are in no error of a mask that cannot take them", () => {
    const texts: string[] = [];
    const { text } = plantCanaries(TABLE, PEOPLE);
    for (const tag of FAKE_TAGS) {
      const wrong = plannedTable({ a: { kind: "fake", fake: { ...fakeOf(tag), maxLength: 4, unique: true } } });
      for (const field of text.toString().split(/[\t\n]/))
        try {
          maskAll(new TableMask(wrong, maker()), `${field}\textra\n`);
          assert.fail("a row with a field too many was taken");
        } catch (thrown) {
          assert.ok(thrown instanceof ScrubError);
          texts.push(inspect(thrown, { depth: 9, showHidden: true }), JSON.stringify(thrown));
        }
    }
    const book = new FindingBook(KEY);
    scanTexts({ schema: "s", table: "t", column: "c" }, new Set(texts), book);
    assert.deepEqual(book.report().counts, []);
    const all = texts.join("\n").toLowerCase();
    for (const person of PEOPLE)
      for (const tag of FAKE_TAGS.filter((each) => each !== "id.integer"))
        assert.ok(!all.includes(person[tag].toLowerCase()), tag);
  });

  it("stand only where they fit", () => {
    const narrow = plannedTable({ ssn: { kind: "fake", fake: { ...fakeOf("gov.ssn"), maxLength: 9 } } });
    assert.deepEqual(plantCanaries(narrow, PEOPLE.slice(0, 1)), { text: Buffer.from("\\N\n"), places: [] });
    const small = plannedTable({ id: { kind: "fake", fake: { ...fakeOf("id.integer"), range: [-9n, 99n] } } });
    assert.equal(plantCanaries(small, PEOPLE.slice(0, 1)).text.toString(), "99\n");
  });
});
