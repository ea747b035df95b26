import assert from "node:assert/strict";
import fc from "fast-check";
import { ScrubError } from "../../../core/scrub/errors";
import { knownMemory, KnownValues } from "../../../core/scrub/scan/known";
import { KnownScanner } from "../../../core/scrub/scan/knownScan";
import { FindingBook } from "../../../core/scrub/scan/report";
import { ShapeScanner } from "../../../core/scrub/scan/shapes";
import { GroupCounts, groupMemory } from "../../../core/scrub/kAnonymity";
import { FieldSieve } from "../../../core/scrub/scan/sieve";
import { Suspects } from "../../../core/scrub/scan/suspects";
import type { FakeTag } from "../../../core/scrub/tags";

const KEY = Buffer.from("0001020304050607", "hex");
const KNOWN: readonly (readonly [FakeTag, string])[] = [
  ["person.name", "ada augusta lovelace"],
  ["person.given", "wilhelmina"],
  ["person.family", "quartermaine"],
  ["person.name", "name nowhere"],
  ["gov.ssn", "536228126"],
  ["contact.email", "ada.lovelace@agency.gov"],
  ["addr.street", "12 elm street apt 4 b"],
  ["person.username", "adal82"],
  ["id.uuid", "550e8400e29b41d4a716446655440000"],
  ["id.text", "CLM-2024-000123"],
  ["fin.account", "7712345678"],
];
const TABLE = {
  schema: "public",
  table: "people",
  columns: [
    { column: "all" },
    { column: "single", singleNames: true },
    { column: "numbers", bareNumbers: true, knownNumbers: false },
    { column: "words", knownWords: false },
    { column: "none", knownWords: false, knownNumbers: false, reservedSsn: true },
  ],
};

/** What values and what hides them are made of. */
const PIECES = [
  ..."Ada,Augusta,Lovelace,ada,WILHELMINA,Quartermaine,Name,nowhere,adal82,12,Elm Street,apt 4,b,agency,gov".split(","),
  ..."536228126,536-22-8126,536 22 8126,5362,28126,900-12-3456,202-456-1111,2024561111,7712345678,x536228126x".split(
    ",",
  ),
  ..."4111 1111 1111 1111,ssn536228126,SSN,1,22,333,deadbeef,550e8400-e29b-41d4-a716-446655440000".split(","),
  ..."446-555-0184,(446) 555-0184,446.555.0184,446-555-9184,446-555-0284,446 565-0184,446,555,0184,22-8126,x446,123456789abc,a123456789,f1e2d3c4b5a6978,id123456789".split(
    ",",
  ),
  ..."550E8400E29B41D4A716446655440000,CLM-2024-000123,@agency.gov,ada.lovelace@agency.gov,a@example.org".split(","),
  ..."@,@example.org,@example.orgs,a@sub.example.org,.,-,_,/,:,;,(,), ,  ,',{,},[,]".split(","),
  ..."\\N,N,\\\\,\\\\n,\\n,\\t,\\\t,\\\n,\\061,\\x35,\\\\u0041,\\\\u0041da,é,Ad\u00e1,５３６２２８１２６,\u200b,\u{1f600}".split(
    ",",
  ),
  ...['"', '":', '": "', '","', '"name":', '"name": "Nowhere"', '{"given":"Ada","family":"Lovelace"}', '"12":"Elm"'],
  ",",
  "x".repeat(70),
];

const known = new KnownValues({ key: KEY, memory: knownMemory(1 << 14) });
for (const [tag, value] of KNOWN) {
  known.add(tag, Buffer.from(value));
  known.endRow();
}
known.close();

interface Scanner {
  scan(chunk: Uint8Array): void;
  end(): void;
}
/** All that a scan says of a text, cut as it is said. */
function said(
  make: (book: FindingBook, suspects: Suspects) => readonly Scanner[],
  text: Buffer,
  cuts: readonly number[],
) {
  const book = new FindingBook(KEY, Infinity);
  const suspects = new Suspects();
  const scanners = make(book, suspects);
  let error: string | undefined;
  try {
    for (const scanner of scanners) {
      let from = 0;
      for (const size of [...cuts, text.length]) {
        scanner.scan(text.subarray(from, from + size));
        from += size;
      }
      scanner.end();
    }
  } catch (thrown) {
    if (!(thrown instanceof ScrubError)) throw thrown;
    error = thrown.message;
  }
  return error === undefined ? { report: book.report(), suspects: [...suspects.byDigest] } : { error };
}
const bySieve = (book: FindingBook, suspects: Suspects) => [new FieldSieve(TABLE, known, KEY, book, suspects, 7)];
const byBoth = (book: FindingBook, suspects: Suspects) => [
  new ShapeScanner(TABLE, book, 7),
  new KnownScanner(TABLE, known, KEY, suspects, 7),
];

const field = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(""));
const row = fc.array(field, { minLength: 5, maxLength: 5 }).map((fields) => `${fields.join("\t")}\n`);
const rows = fc.array(row, { maxLength: 6 }).map((all) => Buffer.from(all.join("")));
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });

describe("one reading for both scans", () => {
  it("says what the scans say one after the other, of any rows in any chunks", () => {
    fc.assert(
      fc.property(rows, cuts, (text, sizes) => {
        assert.deepEqual(said(bySieve, text, sizes), said(byBoth, text, []));
      }),
      { numRuns: 1000 },
    );
  });

  for (const [index, { column }] of TABLE.columns.entries())
    it(`finds in the column "${column}" what they find there, of each piece and of two`, () => {
      const texts = PIECES.flatMap((one) => [one, ...PIECES.map((two) => `${one} ${two}`)]);
      const text = Buffer.from(
        texts.map((each) => `${TABLE.columns.map((_, at) => (at === index ? each : "")).join("\t")}\n`).join(""),
      );
      const both = said(byBoth, text, []);
      assert.ok(both.error === undefined && both.report.rows === texts.length);
      assert.deepEqual(said(bySieve, text, []), both);
    });

  it("gives whoever counts groups the columns of a set, of any rows in any chunks", () => {
    for (const columns of [[0], [1, 3], [4, 2], [4]]) {
      const set = { schema: "s", table: "t", columns: columns.map((at) => TABLE.columns[at]?.column ?? "") };
      fc.assert(
        fc.property(rows, cuts, (text, sizes) => {
          const groups = new GroupCounts(set, KEY, groupMemory(1000));
          const reader = groups.reader({ ...TABLE, columns: TABLE.columns.map(({ column }) => column) });
          const { error } = said(
            (book, suspects) => [new FieldSieve(TABLE, known, KEY, book, suspects, 7, [reader])],
            text,
            sizes,
          );
          fc.pre(error === undefined);
          // What follows a backslash ends nothing.
          const fields = [...text.toString("latin1").matchAll(/((?:\\[^]|[^\\\t\n])*)[\t\n]/g)].map(([, each]) => each);
          const count = fields.length / TABLE.columns.length;
          const all = Array.from({ length: count }, (_, row) =>
            columns.map((at) => fields[row * TABLE.columns.length + at]).join("\t"),
          );
          const { groups: counted, rows: read } = groups.result();
          assert.deepEqual([counted, read], [new Set(all).size, count]);
        }),
      );
    }
  });

  it("refuses rows that are not whole, as they do", () => {
    for (const bad of [
      "a\tb\tc\td\te",
      "a\tb\n",
      "a\tb\tc\td\te\tf\n",
      "a\tb\tc\td\t",
      "a\tb\tc\td\t\\",
      "ok\tb\tc\td\te\nx",
    ])
      assert.match(said(bySieve, Buffer.from(bad), []).error ?? "", /COPY/i, bad);
    assert.equal(said(bySieve, Buffer.alloc(0), []).error, undefined);
  });

  it("takes more words, numbers and fields than it asks of at a time", () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `${at} w${at}`).join(" ");
    const text = Buffer.from(
      `${many} Ada Lovelace\t\t\t\t\n`.repeat(2) +
        "Ada\tLovelace\t1\t\\N\tx\n".repeat(9000) +
        "Ada Lovelace\t\t\t\t536-22-8126\n",
    );
    assert.deepEqual(said(bySieve, text, [100_000, 3, 70_000]), said(byBoth, text, []));
  });
});
