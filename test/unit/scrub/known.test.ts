import assert from "node:assert/strict";
import fc from "fast-check";
import type { OutputColumn } from "../../../core/scrub/scan/columns";
import { copyField } from "../../../core/scrub/copyText";
import { digestBytes, digestKey } from "../../../core/scrub/scan/digest";
import { DigestFilter, filterMemory } from "../../../core/scrub/scan/filter";
import { knownMemory, type KnownReader, KnownValues } from "../../../core/scrub/scan/known";
import { Confirmation, KnownScanner } from "../../../core/scrub/scan/knownScan";
import { Suspects } from "../../../core/scrub/scan/suspects";
import { FindingBook } from "../../../core/scrub/scan/report";
import type { FakeTag } from "../../../core/scrub/tags";

const KEY = Buffer.from("0001020304050607", "hex");
type Value = readonly [FakeTag, string];

/** One person in one row of the source, in the canonical forms that the mask's observer gives. */
const ADA: readonly Value[] = [
  ["person.name", "ada augusta lovelace"],
  ["person.given", "wilhelmina"],
  ["person.family", "quartermaine"],
  ["gov.ssn", "536228126"],
  ["contact.phone", "2024561111"],
  ["contact.email", "ada.lovelace@agency.gov"],
  ["addr.street", "12 elm street apt 4 b"],
  ["person.username", "adal82"],
  ["id.uuid", "550e8400e29b41d4a716446655440000"],
  ["id.text", "CLM-2024-000123"],
  ["fin.account", "7712345678"],
  ["id.integer", "123456789"],
];

function tell(to: KnownReader, values: readonly Value[]): void {
  for (const [tag, value] of values) {
    // As the observer does it: a buffer that is longer than the value.
    const bytes = Buffer.from(`${value}RUBBISH 999999999`);
    to.add(tag, bytes, Buffer.byteLength(value));
  }
  to.endRow();
}

const confirming = (suspects: Suspects, book: FindingBook) =>
  new Confirmation({ key: KEY }, suspects, (digest) => {
    suspects.report(digest, book);
  });

/** How many known values are met in one field, after the second reading. */
function met(text: string, column: Partial<OutputColumn> = {}, values = ADA, chunk = 1 << 20): number {
  const known = new KnownValues({ key: KEY, memory: knownMemory(1 << 16) });
  tell(known, values);
  known.close();
  const suspects = new Suspects();
  const scanner = new KnownScanner(
    { schema: "s", table: "t", columns: [{ column: "c", ...column }] },
    known,
    KEY,
    suspects,
  );
  const bytes = Buffer.from(`${copyField(text)}\n`);
  for (let at = 0; at < bytes.length; at += chunk) scanner.scan(bytes.subarray(at, at + chunk));
  scanner.end();
  const book = new FindingBook(KEY);
  tell(confirming(suspects, book), values);
  return book.total;
}

describe("known values of the source", () => {
  const found = [
    "Ada Augusta Lovelace",
    "ADA  AUGUSTA\tLOVELACE",
    "Lovelace, Ada Augusta",
    "Ada Lovelace",
    "Lovelace, Ada",
    "lovelace_ada.pdf",
    "seen by Ada Lovelace today",
    "Ad\u00e1 Lovel\u00e0ce",
    "Ada\u200b Love\u00adlace",
    "\uff21\uff44\uff41 Lovelace",
    '{"name":"Ada Lovelace"}',
    '{"given":"Ada","family":"Lovelace"}',
    '{"family" : "Lovelace", "given" : "Ada"}',
    '{"name":{"first":"\\u0041da","last":"Lovelace"}}',
    '["Lovelace","Ada"]',
    '"{\\"given\\":\\"Ada\\",\\"family\\":\\"Lovelace\\"}"',
    "first line\nAda Lovelace",
    '{"a":"x\\nAda\\nLovelace"}',
    "Wilhelmina Quartermaine",
    "Quartermaine, Wilhelmina",
    "536228126",
    "x536228126x",
    "\uff15\uff13\uff16\uff12\uff12\uff18\uff11\uff12\uff16",
    "call 2024561111",
    "ada.lovelace@agency.gov",
    "mailto:Ada.Lovelace@Agency.gov",
    "12 Elm Street, Apt. 4 B",
    "at 12 elm street apt today",
    "by adal82 and others",
    "550e8400-e29b-41d4-a716-446655440000",
    "550E8400E29B41D4A716446655440000",
    "No. 7, 12 Elm Street Apt 4",
    '{"amount":99,"street":"12 elm street apt 4 b"}',
    "clm 2024 000123",
    "account 7712345678",
  ];
  for (const text of found)
    it(`are met in ${JSON.stringify(text)}, in any chunks`, () => {
      assert.ok(met(text) > 0);
      for (const chunk of [1, 2, 3, 7]) assert.equal(met(text, {}, ADA, chunk), met(text), `${chunk}`);
    });

  it("are met however their own words are parted", () => {
    for (const value of ["lovelace, ada", "o'hara - butler,  scarlett", "(ada) lovelace.", "12, elm street"]) {
      const values: readonly Value[] = [[value.startsWith("12") ? "addr.street" : "person.name", value]];
      assert.ok(met(value, {}, values) > 0, value);
      assert.ok(met(value.replace(/[^a-z0-9]+/g, " "), {}, values) > 0, value);
    }
  });

  const unmet = [
    "",
    "Ada",
    "Lovelace",
    "Ada Smith Lovelace Street",
    "Augusta Ada",
    "Wilhelmina",
    "12 elm",
    "elm street apt 4",
    "123456789",
    "536-228-126",
    "5362281260",
    "adal83",
    "agency.gov",
    '{"ada":"x","lovelace":"y"}',
    "CLM-2024-000124",
    "lorem ipsum dolor sit amet",
  ];
  for (const text of unmet)
    it(`are not met in ${JSON.stringify(text)}`, () => {
      assert.equal(met(text), 0);
    });

  it("are met as UUIDs, with dashes and without, whatever groups of theirs are numbers", () => {
    const groups = ["12345678", "1234", "1234", "1234", "123456789012"];
    for (let letters = 1; letters < 32; letters++) {
      const uuid = groups.map((group, at) => ((letters >> at) & 1 ? `${group.slice(0, -1)}f` : group)).join("-");
      const hex = uuid.replaceAll("-", "");
      for (const text of [uuid, uuid.toUpperCase(), hex])
        assert.ok(
          met(`x ${text} y`, {}, [
            ["person.family", "quartermaine"],
            ["id.uuid", hex],
          ]) > 0,
          text,
        );
    }
  });

  it("are met with and without their accents, wherever in a word these are", () => {
    const names = ["é", "éa", "aé", "Zoé Élan", "Ærø ŒŒ", "naïve ȧǎā", `${"é".repeat(40)} x`, `${"é".repeat(64)}z x`];
    for (const name of names) {
      const folded = name.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
      const values: readonly Value[] = [["person.name", `${name.toLowerCase()} quartermaine`]];
      for (const text of [`${name} Quartermaine`, `${folded} QUARTERMAINE`])
        for (const chunk of [1, 2, 3, 1 << 20]) assert.ok(met(text, {}, values, chunk) > 0, `${text}, by ${chunk}`);
    }
  });

  it("count a single name in kept prose, unless it is short or a common word", () => {
    const people: readonly Value[] = [
      ["person.given", "wilhelmina"],
      ["person.family", "quartermaine"],
      ["person.given", "grace"],
      ["person.family", "young"],
      ["person.family", "li"],
    ];
    const prose = { singleNames: true };
    assert.equal(met("seen with Wilhelmina", prose, people), 1);
    assert.equal(met("the Quartermaine file", prose, people), 1);
    assert.equal(met("grace period for young people of Li", prose, people), 0);
    assert.equal(met("seen with Wilhelmina", {}, people), 0);
  });

  it("take a caller's common words too", () => {
    const known = new KnownValues({ key: KEY, memory: knownMemory(4096), common: ["Wilhelmina"] });
    known.add("person.given", Buffer.from("wilhelmina"));
    assert.equal(known.added, 0);
    known.add("person.given", Buffer.from("quartermaine"));
    assert.ok(known.added > 0);
  });

  it("are not looked for where fakes are made of the same words or numbers", () => {
    assert.equal(met("Ada Lovelace", { knownWords: false }), 0);
    assert.equal(met("Ada 536228126", { knownWords: false }), 1);
    assert.equal(met("Ada Lovelace 536228126", { knownNumbers: false }), 1);
    assert.equal(met("Ada Lovelace 536228126", { knownWords: false, knownNumbers: false }), 0);
  });

  it("pair a given with a family name of the same row only", () => {
    const given: Value = ["person.given", "ada"];
    const family: Value = ["person.family", "lovelace"];
    assert.equal(met("Ada Lovelace", {}, [given, family]), 1);
    assert.equal(met("Lovelace, Ada", {}, [family, given]), 1);
    const known = new KnownValues({ key: KEY, memory: knownMemory(4096) });
    tell(known, [given]);
    const before = known.added;
    tell(known, [family]);
    const single = known.added - before;
    tell(known, [family, given]);
    assert.equal(known.added - before, 2 * single + 4, "two orders, each with its beginning");
  });

  it("are found in every chunking of rows, at their place", () => {
    const rows = ["x\tAda Lovelace\n", "Lorem\t\\N\n", '536228126\t{"a":"y"}\n', "a\\\\nAda\tLovelace\n"].join("");
    const bytes = Buffer.from(rows);
    const known = new KnownValues({ key: KEY, memory: knownMemory(1 << 16) });
    tell(known, ADA);
    const places = (cuts: readonly number[]) => {
      const suspects = new Suspects();
      const columns = [{ column: "a" }, { column: "b" }];
      const scanner = new KnownScanner({ schema: "s", table: "t", columns }, known, KEY, suspects);
      const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((one, other) => one - other), bytes.length];
      at.slice(1).forEach((end, index) => {
        scanner.scan(bytes.subarray(at[index], end));
      });
      scanner.end();
      return [...suspects.byDigest.values()].map(({ column, row }) => `${row} ${column}`);
    };
    assert.deepEqual(places([]), ["1 b", "3 a"]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), (cuts) => {
        assert.deepEqual(places(cuts), ["1 b", "3 a"]);
      }),
    );
  });

  it("are always met when they stand in the output as they are", () => {
    const name = fc.stringMatching(/^[a-z]{2,9}( [a-z]{2,9}){1,3}$/);
    fc.assert(
      fc.property(name, fc.stringMatching(/^[a-z ]{0,20}$/), (value, before) => {
        assert.ok(met(`${before} ${value.toUpperCase()}.`, {}, [["person.name", value]]) > 0);
      }),
    );
  });

  it("settle by a second reading what was suspected by mistake", () => {
    const known = new KnownValues({ key: KEY, memory: knownMemory(32), mostFalse: 1 });
    for (let at = 0; at < 200; at++) known.add("person.username", Buffer.from(`member${at}`));
    const suspects = new Suspects();
    const scanner = new KnownScanner({ schema: "s", table: "t", columns: [{ column: "c" }] }, known, KEY, suspects);
    scanner.scan(Buffer.from("innocent words only, and member7\n"));
    scanner.end();
    assert.ok(suspects.byDigest.size > 1, "a set that is full suspects everything");
    const book = new FindingBook(KEY);
    const confirmation = confirming(suspects, book);
    for (let at = 0; at < 200; at++) confirmation.add("person.username", Buffer.from(`member${at}`));
    assert.equal(book.total, 1);
  });

  it("refuse a set that is full, and say how much memory would do", () => {
    const known = new KnownValues({ key: KEY, memory: knownMemory(4096) });
    for (let at = 0; at < 5000; at++) known.add("person.username", Buffer.from(`member${at}`));
    let needed = 0;
    assert.throws(
      () => known.close(),
      (error: Error & { code?: string; numbers?: Record<string, number> }) => {
        needed = error.numbers?.["needed"] ?? 0;
        return error.code === "known-values-full" && needed > 4096;
      },
    );
    const larger = new KnownValues({ key: KEY, memory: knownMemory(needed) });
    for (let at = 0; at < 5000; at++) larger.add("person.username", Buffer.from(`member${at}`));
    assert.ok(larger.close() <= 0.001);
  });

  it("refuse more suspicions than can be looked up", () => {
    const suspects = new Suspects(2);
    suspects.add(1, 1, "t", "c", 1);
    suspects.add(2, 1, "t", "c", 1);
    suspects.add(1, 1, "t", "c", 9);
    assert.throws(
      () => {
        suspects.add(3, 1, "t", "c", 1);
      },
      { code: "known-values-full" },
    );
  });

  it("of several workers make one set", () => {
    const memory = knownMemory(4096);
    const [one, other] = [new KnownValues({ key: KEY, memory }), new KnownValues({ key: KEY, memory })];
    other.add("person.username", Buffer.from("adal82"));
    other.close();
    const suspects = new Suspects();
    const scanner = new KnownScanner({ schema: "s", table: "t", columns: [{ column: "c" }] }, one, KEY, suspects);
    scanner.scan(Buffer.from("adal82\n"));
    assert.equal(suspects.byDigest.size, 1);
  });
});

describe("the set of digests", () => {
  it("never misses a member, and takes others for members as seldom as it says", () => {
    const filter = new DigestFilter(filterMemory(1 << 14));
    const digest = (at: number) => {
      const into = { low: 0, high: 0 };
      digestBytes(digestKey(KEY), Buffer.from(String(at)), 0, String(at).length, into);
      return into;
    };
    const has = (at: number) => filter.has(digest(at).low, digest(at).high);
    for (let at = 0; at < 12_000; at++) filter.add(digest(at).low, digest(at).high);
    filter.flush();
    for (let at = 0; at < 12_000; at++) assert.ok(has(at));
    const stated = filter.falsePositiveRate();
    let mistaken = 0;
    for (let at = 100_000; at < 300_000; at++) if (has(at)) mistaken++;
    assert.ok(stated > 0.001 && stated < 0.01, `${stated}`);
    assert.ok(Math.abs(mistaken / 200_000 / stated - 1) < 0.25, `${mistaken / 200_000} against ${stated}`);
    assert.equal(new DigestFilter(filterMemory(64)).falsePositiveRate(), 0);
  });

  it("tells words apart by digests that differ in both halves, and by the key", () => {
    const seen = new Set<string>();
    const halves = [new Set<number>(), new Set<number>()];
    const into = { low: 0, high: 0 };
    const words = ["", "a", "aa", "ab", "ba", "a".repeat(64), "a".repeat(65)];
    for (let at = 0; at < 300_000; at++) words.push(`member${at}`, String(at));
    for (const word of words) {
      const bytes = Buffer.from(word);
      digestBytes(digestKey(KEY), bytes, 0, bytes.length, into);
      seen.add(`${into.low},${into.high}`);
      halves[0]?.add(into.low);
      halves[1]?.add(into.high);
    }
    assert.equal(seen.size, words.length);
    // Of n random numbers of 32 bits about n^2 / 2^33 meet: here 42.
    for (const half of halves) assert.ok(words.length - half.size < 100, `${words.length - half.size} halves meet`);
    const [one, other] = [{ ...into }, { low: 0, high: 0 }];
    digestBytes(digestKey(Buffer.alloc(8, 9)), Buffer.from(words.at(-1) ?? ""), 0, words.at(-1)?.length ?? 0, other);
    assert.notDeepEqual(one, other);
  });
});
