import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Catalog } from "../../../core/scrub/catalog";
import { cover, type ScrubPlan } from "../../../core/scrub/cover";
import { fitting } from "../../../core/scrub/fit";
import type { FakeSpec, PlannedColumn } from "../../../core/scrub/plan";
import { readScrubRules, type ScrubRules } from "../../../core/scrub/rules";
import { outputOf } from "../../../core/scrub/watched";
import { problemText } from "../../../core/service/problem";
import {
  catalogOf,
  columnNamed,
  foreignKeyFrom,
  keyOf,
  nameOf,
  relationNamed,
  typeNamed,
} from "../../support/scrubCatalog";

const AT = new Date("2026-06-01T00:00:00Z");
const KEPT = { tag: "public", reason: "r", type: "text" };

type Columns = Readonly<Record<string, unknown>>;

/** Rules of tables by name; `more` beside `columns` as `{ columns, partitions, … }`. */
function rulesOf(tables: Readonly<Record<string, Columns>>, more: Columns = {}): ScrubRules {
  const read = readScrubRules({
    owner: "office",
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, rules]) => [name, "columns" in rules ? rules : { columns: rules }]),
    ),
    ...more,
  });
  assert.ok(read.ok, read.ok ? "" : read.problems.map(problemText).join("\n"));
  return read.value;
}

function planOf(rules: ScrubRules, catalog: Catalog): ScrubPlan {
  const covered = cover(rules, catalog, AT);
  assert.ok(covered.ok, covered.ok ? "" : covered.problems.map(problemText).join("\n"));
  return covered.value;
}

function problems(rules: ScrubRules, catalog: Catalog): readonly string[] {
  const covered = cover(rules, catalog, AT);
  return covered.ok ? [] : covered.problems.map(problemText);
}

function planned(plan: ScrubPlan, table: string, column: string): PlannedColumn {
  const found = plan.tables.find((each) => each.table === table)?.columns.find((each) => each.column === column);
  return found ?? assert.fail(`${table}.${column} is not planned`);
}

function fakeOf(plan: ScrubPlan, table: string, column: string): FakeSpec {
  const { action } = planned(plan, table, column);
  return action.kind === "fake" ? action.fake : assert.fail(`${table}.${column} gets no fake`);
}

describe("a plan from rules and a catalog", () => {
  it("says of each tag what the SELECT gives and what the stream does", () => {
    const columns = {
      name: ["text", "person.name", '"name"', "fake"],
      note: ["text", { tag: "text.free", how: "rewrite" }, '"note"', "text"],
      doc: ["jsonb", { tag: "json", paths: { a: "drop", b: { tag: "public", reason: "r" } } }, '"doc"', "json"],
      gone: ["bytea", "drop", "null::bytea", "keep"],
      told: ["text", { tag: "drop", literal: "it's" }, "'it''s'::text", "keep"],
      kept: ["text", KEPT, '"kept"', "keep"],
      sex: ["text", { tag: "quasi.category", type: "text" }, '"sex"', "keep"],
      'a"b': ["int4", "id.integer", '"a""b"', "fake"],
    } as const;
    const plan = planOf(
      rulesOf({ "public.t": Object.fromEntries(Object.entries(columns).map(([name, [, rule]]) => [name, rule])) }),
      catalogOf([
        relationNamed("public.t", Object.fromEntries(Object.entries(columns).map(([name, [type]]) => [name, type]))),
      ]),
    );
    for (const [name, [, , expression, kind]] of Object.entries(columns)) {
      const found = planned(plan, "t", name);
      assert.deepEqual([found.expression, found.action.kind], [expression, kind], name);
    }
    const { action } = planned(plan, "t", "doc");
    assert.deepEqual(action.kind === "json" ? [...action.rules] : [], [
      ["a", { kind: "drop" }],
      ["b", { kind: "keep" }],
    ]);
    assert.deepEqual(
      plan.watched.map(({ column, json }) => [column, json?.path ?? null]),
      [
        ["doc", "b"],
        ["kept", null],
        ["sex", null],
      ],
    );
  });

  it("leaves a generated column out, and takes partitions for their table, whatever order their columns have", () => {
    const parent = nameOf("public.claims");
    const plan = planOf(
      rulesOf({ "public.claims": { partitions: ["claims_*"], columns: { id: "id.integer", name: "person.name" } } }),
      catalogOf([
        relationNamed("public.claims", { id: "int8", name: "text" }, { kind: "partitioned table", partitionKey: [] }),
        relationNamed("public.claims_1", { name: "text", id: "int8" }, { parent }),
        relationNamed("public.claims_2", { id: "int8" }, { parent, kind: "partitioned table" }),
        relationNamed(
          "public.claims_2a",
          [columnNamed("id", "int8"), columnNamed("name", "text"), columnNamed("up", "text", { generated: true })],
          { parent: nameOf("public.claims_2") },
        ),
      ]),
    );
    assert.deepEqual(
      plan.tables.map(({ table, columns }) => [table, columns.map(({ column }) => column)]),
      [
        ["claims_1", ["name", "id"]],
        ["claims_2a", ["id", "name"]],
      ],
    );
  });

  it("gives both ends of a foreign key one fake: unique, of the narrower type, as short as the shorter", () => {
    const plan = planOf(
      rulesOf({
        "public.people": { id: "id.integer", login: "person.username" },
        "public.notes": { person: "id.integer", by: "person.username", other: "person.username" },
        "public.more": { note_by: "person.username" },
      }),
      catalogOf(
        [
          relationNamed("public.people", { id: "int8", login: "text" }, { keys: [keyOf(["id"]), keyOf(["login"])] }),
          relationNamed("public.notes", { person: "int4", by: "varchar(40)", other: "varchar(9)" }),
          relationNamed("public.more", { note_by: "varchar(20)" }),
        ],
        {
          foreignKeys: [
            foreignKeyFrom("public.notes.person -> public.people.id"),
            foreignKeyFrom("public.more.note_by -> public.people.login"),
            foreignKeyFrom("public.notes.by -> public.people.login"),
          ],
        },
      ),
    );
    const integers = [-(2n ** 31n), 2n ** 31n - 1n];
    for (const spec of [fakeOf(plan, "people", "id"), fakeOf(plan, "notes", "person")])
      assert.deepEqual(spec, { tag: "id.integer", unique: true, maxLength: null, range: integers });
    const login = { tag: "person.username", unique: true, maxLength: 20 };
    for (const spec of [fakeOf(plan, "people", "login"), fakeOf(plan, "notes", "by"), fakeOf(plan, "more", "note_by")])
      assert.deepEqual(spec, login);
    assert.deepEqual(fakeOf(plan, "notes", "other"), { ...login, maxLength: 9 });
  });

  it("makes a tag unique in documents too once a column of it is: the same person has the same fake", () => {
    const plan = planOf(
      rulesOf({
        "public.people": { ssn: { tag: "gov.ssn", form: "reserved" } },
        "public.docs": { doc: { tag: "json", paths: { ssn: "gov.ssn", "ids.*": "id.integer" } } },
      }),
      catalogOf([
        relationNamed("public.people", { ssn: "varchar(11)" }, { keys: [keyOf(["ssn"])] }),
        relationNamed("public.docs", { doc: "json" }),
      ]),
    );
    assert.equal(fakeOf(plan, "people", "ssn").ssn, "reserved");
    const { action } = planned(plan, "docs", "doc");
    assert.deepEqual(action.kind === "json" ? [...action.rules.values()] : [], [
      { kind: "fake", fake: { tag: "gov.ssn", unique: true, maxLength: null, ssn: "token" } },
      {
        kind: "fake",
        fake: { tag: "id.integer", unique: false, maxLength: null, range: [1n - 2n ** 53n, 2n ** 53n - 1n] },
      },
    ]);
  });

  it("does not depend on the order of rules", () => {
    const catalog = catalogOf([
      relationNamed("public.a", { x: "text", y: "text" }),
      relationNamed("public.b", { z: "text" }),
    ]);
    const one = rulesOf({ "public.a": { x: "person.name", y: "drop" }, "public.b": { z: "id.text" } });
    const other = rulesOf({ "public.b": { z: "id.text" }, "public.a": { y: "drop", x: "person.name" } });
    assert.deepEqual(planOf(one, catalog), planOf(other, catalog));
  });
});

describe("how the output of a plan is scanned", () => {
  it("follows from types and from what somebody has acknowledged", () => {
    const kept = (type: string, acknowledged: readonly string[] = []) => ({ ...KEPT, type, acknowledged });
    const plan = planOf(
      rulesOf({
        "public.t": {
          cents: kept("int8"),
          desk: kept("text", ["phone", "email"]),
          parcel: kept("text", ["ssn", "names"]),
          crop: KEPT,
          id: "id.integer",
        },
      }),
      catalogOf([relationNamed("public.t", { cents: "int8", desk: "text", parcel: "text", crop: "text", id: "int4" })]),
    );
    const [table] = plan.tables;
    assert.ok(table);
    assert.deepEqual(
      outputOf(table, plan.watched).columns.map(({ column, bareNumbers, allowed, knownNumbers }) => [
        column,
        bareNumbers,
        allowed,
        knownNumbers,
      ]),
      [
        ["cents", true, [], false],
        ["desk", true, ["phone", "email"], true],
        ["parcel", true, [], true],
        ["crop", false, [], true],
        ["id", true, undefined, false],
      ],
    );
  });
});

describe("what stops a plan", () => {
  const CASES: readonly {
    readonly what: string;
    readonly rules: ScrubRules;
    readonly catalog: Catalog;
    readonly says: readonly RegExp[];
  }[] = [
    {
      what: "a foreign table, with rules or without",
      rules: rulesOf({ "public.away": { id: "id.integer" } }),
      catalog: catalogOf([relationNamed("public.away", { id: "int4" }, { kind: "foreign table" })]),
      says: [/^tables\["public\.away"\]: got public\.away, a foreign table; .*put it under leftOut/],
    },
    {
      what: "a partition with rules of its own",
      rules: rulesOf({
        "public.p": { partitions: ["p_1"], columns: { id: "id.integer" } },
        "public.p_1": { id: "drop" },
      }),
      catalog: catalogOf([
        relationNamed("public.p", { id: "int4" }, { kind: "partitioned table" }),
        relationNamed("public.p_1", { id: "int4" }, { parent: nameOf("public.p") }),
      ]),
      says: [/^tables\["public\.p_1"\]: got public\.p_1, a partition; .*write them for public\.p$/],
    },
    {
      what: "partitions of what has none, and a name that no partition has",
      rules: rulesOf({
        "public.t": { partitions: ["t_1"], columns: { id: "drop" } },
        "public.p": { partitions: ["p_1", "p_old"], columns: { id: "drop" } },
      }),
      catalog: catalogOf([
        relationNamed("public.p", { id: "int4" }, { kind: "partitioned table" }),
        relationNamed("public.p_1", { id: "int4" }, { parent: nameOf("public.p") }),
        relationNamed("public.t", { id: "int4" }),
      ]),
      says: [
        /^tables\["public\.p"\]\.partitions\[1\]: got p_old, which no partition is called/,
        /^tables\["public\.t"\]\.partitions: got partitions of a table; .*remove the key/,
      ],
    },
    {
      what: "a fake that moves a row to another partition",
      rules: rulesOf({ "public.p": { partitions: ["p_1"], columns: { id: "id.integer", at: "quasi.date" } } }),
      catalog: catalogOf([
        relationNamed(
          "public.p",
          { id: "int4", at: "date" },
          { kind: "partitioned table", partitionKey: ["id", "at"] },
        ),
        relationNamed(
          "public.p_1",
          { id: "int4", at: "date" },
          { parent: nameOf("public.p"), bounds: "FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')" },
        ),
      ]),
      says: [
        /columns\.id: got the tag id\.integer on a column that decides the partition/,
        /columns\.at: got the tag quasi\.date on a column that decides the partition/,
      ],
    },
    {
      what: "a year for the day where partitions are hashes",
      rules: rulesOf({ "public.p": { partitions: ["p_1"], columns: { at: "quasi.date" } } }),
      catalog: catalogOf([
        relationNamed("public.p", { at: "date" }, { kind: "partitioned table", partitionKey: ["at"] }),
        relationNamed(
          "public.p_1",
          { at: "date" },
          { parent: nameOf("public.p"), bounds: "FOR VALUES WITH (modulus 1, remainder 0)" },
        ),
      ]),
      says: [/columns\.at: got the tag quasi\.date on a column that decides the partition/],
    },
    {
      what: "a rule for a generated column",
      rules: rulesOf({ "public.t": { id: "drop", up: "person.name" } }),
      catalog: catalogOf([
        relationNamed("public.t", [columnNamed("id", "int4"), columnNamed("up", "text", { generated: true })]),
      ]),
      says: [/columns\.up: got a rule for a generated column; .*remove it/],
    },
    {
      what: "a literal that the enumeration does not have, and no literal where one is needed",
      rules: rulesOf({ "public.t": { level: { tag: "drop", literal: "mild" }, other: "drop" } }),
      catalog: catalogOf([
        relationNamed("public.t", [
          columnNamed("level", typeNamed("level", { labels: ["severe", "extreme"] })),
          columnNamed("other", typeNamed("level", { labels: ["severe", "extreme"] }), { notNull: true }),
        ]),
      ]),
      says: [
        /columns\.level\.literal: got another text; allowed is one of severe, extreme;/,
        /columns\.other: got drop without a literal .*literal: severe \}/,
      ],
    },
    {
      what: "a unique column of one literal, and NULLs that are equal",
      rules: rulesOf({ "public.t": { a: { tag: "drop", literal: "x" }, b: "drop", c: "drop" } }),
      catalog: catalogOf([
        relationNamed(
          "public.t",
          { a: "text", b: "text", c: "text" },
          {
            keys: [
              keyOf(["a"], { name: "ka" }),
              keyOf(["b"], { name: "kb" }),
              keyOf(["c"], { name: "kc", nullsEqual: true }),
            ],
          },
        ),
      ]),
      says: [/columns\.a: got the tag drop on a column of the unique key ka;/, /columns\.c: .* unique key kc;/],
    },
    {
      what: "a domain's check that fakes may break, and a constraint that is none",
      rules: rulesOf({ "public.t": { mail: { tag: "contact.email", holds: ["gone"] } } }),
      catalog: catalogOf([
        relationNamed("public.t", [columnNamed("mail", typeNamed("text", { domainChecks: ["mail_form"] }))]),
      ]),
      says: [
        /columns\.mail: got the tag contact\.email on a column of the constraint mail_form;/,
        /columns\.mail\.holds\[0\]: got gone, a constraint that the column is not under; allowed is some of mail_form;/,
      ],
    },
    {
      what: "a kept column of no type or of another",
      rules: rulesOf({ "public.t": { a: { tag: "public", reason: "r" }, b: { ...KEPT, type: "int" }, c: KEPT } }),
      catalog: catalogOf([relationNamed("public.t", { a: "integer", b: "integer", c: "integer" })]),
      says: [
        /columns\.a\.type: got nothing; .*write type: integer$/,
        /columns\.c\.type: got text for a column that is integer now;/,
      ],
    },
    {
      what: "a whole document that is kept",
      rules: rulesOf({ "public.t": { doc: { ...KEPT, type: "jsonb" } } }),
      catalog: catalogOf([relationNamed("public.t", { doc: "jsonb" })]),
      says: [
        /columns\.doc: got the tag public on a column of type jsonb; allowed is on it any type but json and jsonb/,
      ],
    },
    {
      what: "two ends of a foreign key of which one is coarser",
      rules: rulesOf({ "public.a": { x: "id.text" }, "public.b": { y: { ...KEPT } }, "public.c": { z: KEPT } }),
      catalog: catalogOf(
        [
          relationNamed("public.a", { x: "text" }),
          relationNamed("public.b", { y: "text" }),
          relationNamed("public.c", { z: "text" }),
        ],
        {
          foreignKeys: [foreignKeyFrom("public.a.x -> public.b.y"), foreignKeyFrom("public.c.z -> public.b.y", "same")],
        },
      ),
      says: [
        /tables\["public\.a"\]\.columns\.x: got the tag id\.text, and public for public\.b\.y at the other end of fk;/,
      ],
    },
  ];

  for (const { what, rules, catalog, says } of CASES) {
    it(`is ${what}`, () => {
      const found = problems(rules, catalog);
      assert.equal(found.length, says.length, found.join("\n"));
      for (const [index, pattern] of says.entries()) assert.match(found[index] ?? "", pattern);
    });
  }

  it("is not what the rules say they know of: constraints that hold, tables and partitions that are left out", () => {
    const plan = planOf(
      rulesOf(
        {
          "public.t": { mail: { tag: "contact.email", holds: ["form"] }, at: { tag: "quasi.date", holds: ["key"] } },
          "public.p": { partitions: ["p_1"], columns: { at: "quasi.date" } },
        },
        {
          leftOut: { "public.away": { reason: "r" }, "public.log": { reason: "r" }, "public.p_2": { reason: "r" } },
          largeObjects: { reason: "r" },
        },
      ),
      catalogOf(
        [
          relationNamed("public.away", { id: "int4" }, { kind: "foreign table" }),
          relationNamed("public.log", { line: "text" }),
          relationNamed("public.p", { at: "date" }, { kind: "partitioned table", partitionKey: ["at"] }),
          relationNamed(
            "public.p_1",
            { at: "date" },
            { parent: nameOf("public.p"), bounds: "FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)" },
          ),
          relationNamed("public.p_2", { at: "date" }, { parent: nameOf("public.p"), kind: "foreign table" }),
          relationNamed(
            "public.t",
            { mail: "text", at: "date" },
            { checks: [{ name: "form", columns: ["mail"] }], keys: [keyOf(["mail", "at"])] },
          ),
        ],
        { largeObjects: 3 },
      ),
    );
    assert.deepEqual(
      plan.tables.map(({ table }) => table),
      ["p_1", "t"],
    );
  });

  const TYPES = ["text", "varchar(50)", "int4", "int8", "uuid", "date", "jsonb", "bool", "bytea", "text[]", "numeric"];
  const tableArbitrary = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), fc.constantFrom(...TYPES)), {
    minLength: 1,
    maxLength: 8,
    selector: ([name]) => name,
  });
  const databaseArbitrary = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), tableArbitrary), {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name,
  });

  it("is any one rule that is missing, in whatever database, by its name", () => {
    fc.assert(
      fc.property(databaseArbitrary, fc.nat(), fc.nat(), (tables, at, pick) => {
        const catalog = catalogOf(
          tables.map(([name, columns]) => relationNamed(`public.${name}`, Object.fromEntries(columns))),
        );
        const rule = (type: string): unknown => {
          const tags = fitting(typeNamed(type));
          const tag = tags[pick % tags.length];
          if (tag === "json") return { tag, paths: {} };
          return tag === "public" || tag === "quasi.category"
            ? { tag, type, ...(tag === "public" ? { reason: "r" } : {}) }
            : tag;
        };
        const rules = Object.fromEntries(
          tables.map(([name, columns]) => [
            `public.${name}`,
            Object.fromEntries(columns.map(([column, type]) => [column, rule(type)])),
          ]),
        );
        planOf(rulesOf(rules), catalog);
        const [name, columns] = tables[at % tables.length] ?? assert.fail();
        const [column] = columns[at % columns.length] ?? assert.fail();
        const less = { ...rules, [`public.${name}`]: { ...rules[`public.${name}`] } };
        Reflect.deleteProperty(less[`public.${name}`] ?? {}, column);
        const found = cover(rulesOf(less), catalog, AT);
        assert.ok(!found.ok);
        assert.deepEqual(
          found.problems.map(({ path }) => path),
          [["tables", `public.${name}`, "columns", column]],
        );
      }),
      { numRuns: 200 },
    );
  });
});
