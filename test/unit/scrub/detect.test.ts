import assert from "node:assert/strict";
import * as fc from "fast-check";
import { suspicionsOf } from "../../../core/scrub/detect";
import { scalarReader } from "../../../core/scrub/jsonPath";
import type { SuspicionKind } from "../../../core/scrub/suspicion";
import { watchProblems } from "../../../core/scrub/watch";
import { problemText } from "../../../core/service/problem";

const kinds = (values: readonly string[]): readonly SuspicionKind[] => suspicionsOf(values).map(({ kind }) => kind);

/** One value among many that say nothing. */
const among = (value: string): readonly string[] => [...Array.from({ length: 199 }, () => "almonds"), value];

describe("what values look like", () => {
  const SPELLED: readonly (readonly [SuspicionKind, string])[] = [
    ["ssn", "078-05-1120"],
    ["ssn", "078 05 1120"],
    ["ssn", "078.05.1120"],
    ["ssn", "ssn 078\u201305\u20131120 of record"],
    ["ssn", "078\u221205\u22121120"],
    ["ssn", "078\u00ad-05-\u200b1120"],
    ["ssn", "\uff10\uff17\uff18-\uff10\uff15-\uff11\uff11\uff12\uff10"],
    ["ssn", "٠٧٨-٠٥-١١٢٠"],
    ["card", "4111 1111 1111 1111"],
    ["card", "card 3782-822463-10005"],
    ["phone", "(559) 555-2368"],
    ["phone", "559-555-2368"],
    ["phone", "+1 559 555 2368"],
    ["email", "ask ada@post-of-nowhere.us"],
    ["email", "josé.núñez@correo-de-nadie.mx"],
    ["names", "Mary Johnson"],
  ];

  for (const [kind, value] of SPELLED) {
    it(`is ${kind} at a single ${JSON.stringify(value)}, as it is for a column of them`, () => {
      assert.ok(kinds([value]).includes(kind), kinds([value]).join());
      const found = suspicionsOf(kind === "names" ? [...among(value), value, value] : among(value));
      assert.deepEqual(
        found.map(({ kind: each }) => each),
        [kind],
      );
    });
  }

  it("is whatever the leak scan would stop for: digits alone too", () => {
    for (const [kind, value] of [
      ["ssn", "078051120"],
      ["card", "4111111111111111"],
    ] as const)
      assert.deepEqual(kinds(among(value)), [kind]);
  });

  it("is no number of a person in a column of amounts, unless it is spelled like one", () => {
    assert.deepEqual(suspicionsOf(["078051120", "4111111111111111"], true), []);
    assert.deepEqual(suspicionsOf(["078-05-1120"], true), [{ kind: "ssn", share: 1 }]);
  });

  it("is nothing for words, amounts, dates, numbers that were never issued, and no values", () => {
    const quiet = [
      "almonds",
      "12.50",
      "2026-01-31 00:00:00+00",
      "12345678",
      "ada@example.org",
      "web",
      "{en,es}",
      "t",
      "central-valley",
    ];
    assert.deepEqual(kinds(quiet), []);
    assert.deepEqual(kinds([]), []);
    assert.deepEqual(kinds(among("Madison")), []);
  });

  it("is names where a tenth of the values are, prose where texts are long, identifiers where none is like another", () => {
    assert.deepEqual(kinds(["Madison", ...Array.from({ length: 8 }, () => "Fresno")]), ["names"]);
    assert.deepEqual(
      kinds(Array.from({ length: 9 }, (_, n) => `the well of farm no. ${n} went dry on the third of May`)),
      ["prose"],
    );
    assert.deepEqual(kinds(Array.from({ length: 60 }, (_, n) => `user${n}`)), ["distinct"]);
    assert.deepEqual(kinds(Array.from({ length: 60 }, (_, n) => String(n * 7))), []);
  });

  it("is told with a share above 0 and at most 1, of any values", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.emailAddress())), (values) => {
        for (const { share } of suspicionsOf(values)) assert.ok(share > 0 && share <= 1);
      }),
    );
  });

  it("stops what nobody acknowledged, once for all partitions, without a value", () => {
    const watched = (table: string, acknowledged: readonly SuspicionKind[] = []) => ({
      table: { schema: "public", table },
      column: "crop",
      json: null,
      isNumber: false,
      acknowledged,
      path: ["tables", "public.claims", "columns", "crop"],
    });
    const mails = ["ada@post-of-nowhere.us", "almonds"];
    assert.deepEqual(
      watchProblems([
        { watched: watched("claims_1"), values: among("ada@post-of-nowhere.us") },
        { watched: watched("claims_2"), values: mails },
      ]).map(problemText),
      [
        'tables["public.claims"].columns.crop: got values that look like e-mail addresses, 50 % of a sample of 2; allowed is values that belong to no person, where they are kept; tag it contact.email, or look at them and write acknowledged: [email]',
      ],
    );
    assert.deepEqual(watchProblems([{ watched: watched("claims_2", ["email"]), values: mails }]), []);
  });
});

describe("a path of a JSON document", () => {
  const PATHS = ["name", "members.*.name", "contact.phone", "contact.*", "hours.*"];
  const document = {
    name: "a",
    members: [{ name: "b", age: 7 }, { name: null }, "c"],
    contact: { phone: "1", mail: "2", more: { deep: "3" } },
    hours: [8, true],
  };
  const CASES: Readonly<Record<string, readonly string[]>> = {
    name: ["a"],
    "members.*.name": ["b"],
    "members.name": [],
    "contact.phone": ["1"],
    "contact.*": ["2"],
    "hours.*": ["8", "true"],
    "name.length": [],
    toString: [],
  };
  for (const [path, scalars] of Object.entries(CASES)) {
    it(`${path} is ${JSON.stringify(scalars)}`, () => {
      assert.deepEqual(scalarReader(path, PATHS)(document), scalars);
    });
  }
  it("of no key is the document itself", () => {
    assert.deepEqual(scalarReader("", [""])("alone"), ["alone"]);
  });
});
