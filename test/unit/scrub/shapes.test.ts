import assert from "node:assert/strict";
import fc from "fast-check";
import { type OutputColumn, outputTable } from "../../../core/scrub/scan/columns";
import { copyField } from "../../../core/scrub/copyText";
import type { ScanReport } from "../../../core/scrub/verdicts";
import { withoutPersonal } from "../../../core/scrub/errors";
import { FindingBook, reportLines } from "../../../core/scrub/scan/report";
import { scanTexts, ShapeScanner } from "../../../core/scrub/scan/shapes";
import { HARMLESS, LEAKS } from "./leakCorpus";
import { fakeOf, plannedTable } from "./tables";

const KEY = Buffer.alloc(32, 7);
const PLACE = { schema: "public", table: "claims", column: "note" };

function scanChunks(columns: readonly OutputColumn[], chunks: readonly Uint8Array[]): ScanReport {
  const book = new FindingBook(KEY);
  const scanner = new ShapeScanner({ schema: "public", table: "claims", columns }, book);
  for (const chunk of chunks) scanner.scan(chunk);
  scanner.end();
  return book.report();
}

function scanField(text: string, column: OutputColumn = { column: "note" }): ScanReport {
  return scanChunks([column], [Buffer.from(`${copyField(text)}\n`)]);
}

const kinds = (report: ScanReport): readonly string[] => report.counts.map(({ kind }) => kind);

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** Rows of three fields, with the leaks in one of them and something harmless beside them. */
const ROWS = Buffer.from(
  LEAKS.map(({ text }, at) => {
    const fields = [HARMLESS[at % HARMLESS.length] ?? "", "2024-10-20 12:10:11", "field"];
    fields[at % 3] = text;
    return `${fields.map(copyField).join("\t")}\n`;
  }).join(""),
);
const COLUMNS = [{ column: "a" }, { column: "b" }, { column: "c" }];

describe("the scan for shapes", () => {
  it("has a corpus of at least 200 leaks, all of them different", () => {
    assert.ok(LEAKS.length >= 200, `${LEAKS.length}`);
    assert.equal(new Set(LEAKS.map(({ text }) => text)).size, LEAKS.length);
  });

  for (const { kind, what, text } of LEAKS)
    it(`finds ${kind}: ${what}`, () => {
      assert.ok(kinds(scanField(text)).includes(kind));
    });

  for (const text of HARMLESS)
    it(`finds nothing in ${text}`, () => {
      assert.deepEqual(reportLines(scanField(text)), []);
    });

  it("finds each leak in its own row and column, whatever stands beside it", () => {
    const book = scanChunks(COLUMNS, [ROWS]);
    const places = new Set(book.findings.map(({ row, column, kind }) => `${row} ${column} ${kind}`));
    const shown = new FindingBook(KEY, 1000);
    const scanner = new ShapeScanner({ schema: "s", table: "t", columns: COLUMNS }, shown);
    scanner.scan(ROWS);
    scanner.end();
    for (const { row, column, kind } of shown.report().findings) places.add(`${row} ${column} ${kind}`);
    LEAKS.forEach(({ kind, what }, at) => {
      assert.ok(places.has(`${at + 1} ${"abc"[at % 3] ?? ""} ${kind}`), what);
    });
    assert.equal(shown.report().rows, LEAKS.length);
    assert.equal(shown.report().bytes, ROWS.length);
  });

  it("finds the same in every chunking", () => {
    const whole = scanChunks(COLUMNS, [ROWS]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (places) => {
        assert.deepEqual(scanChunks(COLUMNS, cut(ROWS, places)), whole);
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(
      scanChunks(
        COLUMNS,
        [...ROWS].map((byte) => Buffer.of(byte)),
      ),
      whole,
    );
  });

  it("finds the same of any text in every chunking", () => {
    const pieces = fc.constantFrom(
      "5",
      "36",
      "-",
      "22",
      "8126",
      " ",
      "\\u0035",
      "@",
      "agency",
      ".gov",
      "\u200b",
      "é",
      "\\",
      "\t",
      "\n",
      "x",
      "ssn",
    );
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (value, places) => {
        const bytes = Buffer.from(`${copyField(value)}\n`);
        assert.deepEqual(scanChunks([{ column: "c" }], cut(bytes, places)), scanChunks([{ column: "c" }], [bytes]));
      }),
    );
  });

  it("finds every SSN that may be issued, in each of its plain spellings", () => {
    const area = fc.integer({ min: 1, max: 899 }).filter((number) => number !== 666);
    const digits = (most: number, width: number) =>
      fc.integer({ min: 1, max: most }).map((n) => String(n).padStart(width, "0"));
    fc.assert(
      fc.property(
        area,
        digits(99, 2),
        digits(9999, 4),
        fc.constantFrom("-", "", " ", ".", "\u2013"),
        (first, group, serial, gap) => {
          const text = [String(first).padStart(3, "0"), group, serial].join(gap);
          assert.deepEqual(kinds(scanField(`id ${text};`)), ["ssn"]);
        },
      ),
    );
  });

  it("finds what is loaded as an SSN, however COPY has it escaped", () => {
    for (const field of ["\\0653\\0666-22-8126", "\\x353\\x36-22-8126", "536\\-22-8126", "\\065\\063\\066228126"])
      assert.deepEqual(kinds(scanChunks([{ column: "c" }], [Buffer.from(`${field}\n`)])), ["ssn"], field);
  });

  it("finds a number at the end of a long value of digits and separators", () => {
    const long = "11 22 ".repeat(20_000);
    assert.deepEqual(kinds(scanField(`${long}536-22-8126`)), ["ssn"]);
    assert.deepEqual(kinds(scanField(`536-22-8126 ${long}`)), ["ssn"]);
    assert.deepEqual(kinds(scanField(`${long}5 3 6 2 2 8 1 2 6 ${long}`)), ["ssn"]);
    for (let before = 50; before < 80; before++)
      assert.equal(
        scanField(`${"11 ".repeat(before)}536-22-8126 ${"11 ".repeat(80)}`).counts[0]?.count,
        1,
        `${before}`,
      );
  });

  it("does not join digits of two fields or rows", () => {
    const bytes = Buffer.from("536\t22\t8126\n5362\t2812\t6\n");
    assert.deepEqual(scanChunks(COLUMNS, [bytes]).counts, []);
  });

  it("takes reserved SSNs in a column that is masked into them, and nothing else there", () => {
    const reserved: OutputColumn = { column: "ssn", reservedSsn: true };
    for (const text of ["912-34-5678", "912345678", "999-49-9999"])
      assert.deepEqual(scanField(text, reserved).counts, []);
    for (const text of ["536-22-8126", "912-50-5678", "9912-34-5678", "912-34-56789", "912-34-0000", "899-34-5678"])
      assert.deepEqual(kinds(scanField(text, reserved)), ["ssn"], text);
  });

  it("takes runs of digits in a column of numbers, but no spelled ones", () => {
    const numbers: OutputColumn = { column: "id", bareNumbers: true };
    for (const text of ["536228126", "4111111111111111", "2024561111"])
      assert.deepEqual(scanField(text, numbers).counts, []);
    assert.deepEqual(kinds(scanField("536-22-8126", numbers)), ["ssn"]);
    assert.deepEqual(kinds(scanField("4111-1111-1111-1111", numbers)), ["card"]);
  });

  it("takes phones and addresses where the rules allow them, never an SSN", () => {
    const office: OutputColumn = { column: "office", allowed: ["phone", "email"] };
    assert.deepEqual(scanField("202-456-1111, desk@agency.gov", office).counts, []);
    assert.deepEqual(kinds(scanField("202-456-1111, 536-22-8126", office)), ["ssn"]);
  });

  it("knows from the plan what each column may hold", () => {
    const planned = plannedTable({
      id: { kind: "fake", fake: fakeOf("id.integer") },
      ssn: { kind: "fake", fake: { ...fakeOf("gov.ssn"), ssn: "reserved" } },
      name: { kind: "fake", fake: fakeOf("person.name") },
      note: { kind: "text", how: "rewrite" },
      amount: { kind: "keep" },
    });
    const fake = { reservedSsn: false, bareNumbers: false, knownNumbers: true };
    assert.deepEqual(outputTable(planned, { amount: { bareNumbers: true } }).columns, [
      { column: "id", ...fake, bareNumbers: true, knownNumbers: false },
      { column: "ssn", ...fake, reservedSsn: true },
      { column: "name", ...fake },
      { column: "note", singleNames: true },
      { column: "amount", bareNumbers: true },
    ]);
  });

  it("refuses rows that are not whole, so that nothing shifts into another column", () => {
    for (const text of ["a\tb\n", "a\tb\tc\td\n", "a\tb\tc", "a\tb\tc\\", "\n"])
      assert.throws(
        () => scanChunks(COLUMNS, [Buffer.from(text)]),
        { name: "ScrubError", code: "copy-malformed" },
        JSON.stringify(text),
      );
    assert.equal(scanChunks(COLUMNS, []).rows, 0);
    assert.equal(scanChunks(COLUMNS, [Buffer.from("\\N\t\t\\N\n")]).verdict, "pass");
  });

  it("scans names of files, messages and manifests as it scans rows", () => {
    const book = new FindingBook(KEY);
    scanTexts(PLACE, ["part-0001.copy.gz", "scan_536228126.pdf"], book);
    assert.deepEqual(
      book.report().findings.map(({ row, kind }) => ({ row, kind })),
      [{ row: 2, kind: "ssn" }],
    );
  });

  it("tags findings in letters alone: a tag that looked like a number of a person would be withheld as one", () => {
    const book = new FindingBook(KEY, 1000);
    const texts = Array.from({ length: 500 }, (_, at) => `call 202-456-${String(1000 + at)}`);
    scanTexts(PLACE, texts, book);
    const { findings, ...counted } = book.report();
    assert.equal(new Set(findings.map(({ tag }) => tag)).size, texts.length);
    for (const { tag } of findings) assert.match(tag, /^[a-p]{16}$/);
    for (const finding of findings)
      for (const line of reportLines({ ...counted, findings: [finding] })) assert.equal(withoutPersonal(line), line);
  });

  it("keeps no state of a value: fifty megabytes of digits take no memory", () => {
    const book = new FindingBook(KEY);
    const scanner = new ShapeScanner({ schema: "s", table: "t", columns: [{ column: "c" }] }, book);
    const chunk = Buffer.from("7 ".repeat(32 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 800; at++) scanner.scan(chunk);
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 2 ** 20);
    scanner.scan(Buffer.from("\n"));
    scanner.end();
    assert.equal(book.report().bytes, 800 * chunk.length + 1);
  });
});

describe("the report of a scan", () => {
  it("holds no value: places, counts and keyed tags only", () => {
    const report = scanChunks(COLUMNS, [ROWS]);
    const text = JSON.stringify(report) + reportLines(report).join("\n");
    for (const { text: leak } of LEAKS) assert.ok(!text.includes(leak), leak);
    const again = new FindingBook(KEY);
    scanTexts(PLACE, reportLines(report), again);
    scanTexts(PLACE, [JSON.stringify(report)], again);
    assert.deepEqual(again.report().counts, []);
  });

  it("lists the first findings of a place and counts all", () => {
    const rows = Buffer.from("536-22-8126\n".repeat(5000));
    const report = scanChunks([{ column: "c" }], [rows]);
    assert.equal(report.verdict, "fail");
    assert.deepEqual(report.counts, [{ table: "public.claims", column: "c", kind: "ssn", count: 5000 }]);
    assert.deepEqual(
      report.findings.map(({ row }) => row),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(new Set(report.findings.map(({ tag }) => tag)).size, 1);
  });

  it("gives tags that say nothing without the key", () => {
    const tagBy = (key: Buffer) => {
      const book = new FindingBook(key);
      scanTexts(PLACE, ["536-22-8126"], book);
      return book.report().findings[0]?.tag;
    };
    assert.notEqual(tagBy(Buffer.alloc(32, 1)), tagBy(Buffer.alloc(32, 2)));
    assert.equal(tagBy(KEY), tagBy(KEY));
  });

  it("adds up what several scans found", () => {
    const part = scanChunks([{ column: "c" }], [Buffer.from("536-22-8126\n".repeat(7))]);
    const book = new FindingBook(KEY);
    book.merge(part);
    book.merge(part);
    const report = book.report();
    assert.deepEqual([report.rows, report.counts[0]?.count, report.findings.length], [14, 14, 10]);
  });
});
