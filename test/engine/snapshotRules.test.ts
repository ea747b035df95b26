import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client } from "pg";
import type { Catalog } from "../../core/scrub/catalog";
import { coarsened } from "../../core/scrub/coarsen";
import { cover, type ScrubPlan } from "../../core/scrub/cover";
import { parseScrubRules, type ScrubRules } from "../../core/scrub/rules";
import { quoteName, quoteRelation } from "../../core/scrub/sql";
import { watchProblems } from "../../core/scrub/watch";
import { problemText } from "../../core/service/problem";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { tablesOf } from "../../examples/drought-benefit/database/rows";
import { inReadOnlyTransaction, readCatalog } from "../../provider/snapshot/catalog";
import { sampleWatched } from "../../provider/snapshot/sample";
import { TestDatabase } from "../support/database";
import { typeNamed } from "../support/scrubCatalog";

const AT = new Date("2026-06-01T00:00:00Z");

function exampleRules(): ScrubRules {
  const parsed = parseScrubRules(readFileSync("examples/drought-benefit/scrub.yaml", "utf8"), "scrub.yaml");
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("\n"));
  return parsed.value;
}

describe("scrub rules on a real database", () => {
  const database = new TestDatabase("rules");
  const rules = exampleRules();
  let client: Client;

  before(async () => {
    await database.create();
    client = new Client(database.options);
    await client.connect();
    await fillDatabase(client, { people: 400, awkward: 0.1 });
  });

  after(async () => {
    await client.end();
    await database.remove();
  });

  const catalog = (): Promise<Catalog> => inReadOnlyTransaction(client, () => readCatalog(client));

  async function plan(): Promise<ScrubPlan> {
    const covered = cover(rules, await catalog(), AT);
    assert.ok(covered.ok, covered.ok ? "" : covered.problems.map(problemText).join("\n"));
    return covered.value;
  }

  /** What cover says of the database after `statements`, which are undone again. */
  async function problemsAfter(...statements: readonly string[]): Promise<readonly string[]> {
    await client.query("begin");
    try {
      for (const statement of statements) await client.query(statement);
      const covered = cover(rules, await readCatalog(client), AT);
      return covered.ok ? [] : covered.problems.map(problemText);
    } finally {
      await client.query("rollback");
    }
  }

  it("cover the example's database, each table and partition once", async () => {
    const { tables, sets } = await plan();
    assert.deepEqual(
      tables.map(({ schema, table, columns }) => `${schema}.${table} ${columns.length}`),
      [
        'Case files.Letters "to" applicants 5',
        "benefit.claims_2024 13",
        "benefit.claims_2025 13",
        "benefit.claims_2026 13",
        "benefit.household_members 2",
        "benefit.households 6",
        "benefit.notes 5",
        "benefit.payouts 7",
        "benefit.people 12",
      ],
    );
    assert.deepEqual(
      sets.map(({ name, tables: of, columns, k }) => [name.table, of.length, columns, k]),
      [
        ["claims", 3, ["filed_on"], 5],
        ["households", 1, ["zip"], 5],
        ["people", 1, ["born", "sex"], 5],
      ],
    );
  });

  it("plan SELECTs that PostgreSQL runs, without the generated column and without a row lost", async () => {
    for (const { schema, table, columns } of (await plan()).tables) {
      const name = quoteRelation({ schema, table });
      const list = columns.map(({ expression, column }) => `${expression} as ${quoteName(column)}`).join(", ");
      const { rows } = await client.query<{ all: string; planned: string }>(
        `select (select count(*) from only ${name}) as all, count(*) as planned from (select ${list} from only ${name}) p`,
      );
      assert.equal(rows[0]?.planned, rows[0]?.all, table);
      assert.ok(!columns.some(({ column }) => column === "full_name"));
    }
  });

  it("coarsen in the database: years, the old in one group, three digits of a ZIP code", async () => {
    const { tables } = await plan();
    const expression = (column: string): string => {
      const found = tables.flatMap(({ columns }) => columns).find((planned) => planned.column === column);
      return found?.expression ?? assert.fail(column);
    };
    const { rows: born } = await client.query<{ raw: string; born: string }>(
      `select born::text as raw, (${expression("born")})::text as born from benefit.people`,
    );
    for (const { raw, born: coarse } of born)
      assert.equal(coarse, raw < "1937-01-01" ? "1936-01-01" : `${raw.slice(0, 4)}-01-01`);
    assert.ok(born.some(({ raw }) => raw < "1936-01-01"));
    const { rows: zips } = await client.query<{ raw: string; zip: string }>(
      `select zip as raw, ${expression("zip")} as zip from benefit.households`,
    );
    for (const { raw, zip } of zips) assert.equal(zip, `${raw.slice(0, 3)}00`);
    const { rows: scans } = await client.query(`select ${expression("scan")} as scan from benefit.notes`);
    assert.ok(scans.every(({ scan }: { scan?: unknown }) => scan === null));
  });

  const COARSE: readonly (readonly [Parameters<typeof coarsened>[0], string, string | null, string | null])[] = [
    ["quasi.date", "date", "2024-05-17", "2024-01-01"],
    ["quasi.date", "date", "infinity", "infinity"],
    ["quasi.date", "timestamp", "2024-05-17 23:59:59.5", "2024-01-01 00:00:00"],
    ["quasi.date", "timestamptz", "2024-12-31 23:30:00-08", "2025-01-01 00:00:00+00"],
    ["quasi.date", "date", null, null],
    ["quasi.birthdate", "date", "1937-02-03", "1937-01-01"],
    ["quasi.birthdate", "date", "1936-12-31", "1936-01-01"],
    ["quasi.birthdate", "date", "1899-12-31", "1936-01-01"],
    ["quasi.birthdate", "date", "-infinity", "1936-01-01"],
    ["quasi.birthdate", "date", null, null],
    ["quasi.birthdate", "timestamp", "1912-06-23 10:00:00", "1936-01-01 00:00:00"],
    ["quasi.birthdate", "timestamptz", "1936-12-31 23:30:00-08", "1937-01-01 00:00:00+00"],
    ["quasi.age", "int2", "89", "89"],
    ["quasi.age", "int4", "104", "90"],
    ["quasi.age", "numeric", "89.5", "90"],
    ["quasi.age", "float8", null, null],
    ["quasi.zip", "text", "93725", "93700"],
    ["quasi.zip", "text", " 93725-1234 ", "93700"],
    ["quasi.zip", "varchar", "937251234", "93700"],
    ["quasi.zip", "text", "03601", "00000"],
    ["quasi.zip", "text", "SW1A 1AA", "00000"],
    ["quasi.zip", "text", "", "00000"],
    ["quasi.zip", "text", null, null],
    ["quasi.zip", "int4", "2139", "2100"],
    ["quasi.zip", "int4", "3601", "0"],
    ["quasi.zip", "int8", "123456789", "0"],
    ["quasi.zip", "int8", null, null],
  ];

  it("coarsen every type, NULL and what lies at the borders, whatever the session's time zone", async () => {
    await client.query("set timezone to 'America/Los_Angeles'");
    for (const [tag, type, raw, coarse] of COARSE) {
      const expression = coarsened(tag, '"a""b"', typeNamed(type), AT.getUTCFullYear());
      const shown = type === "timestamptz" ? `(${expression}) at time zone 'UTC' || '+00'` : `(${expression})::text`;
      const { rows } = await client.query<{ coarse: string | null }>(
        `select ${shown} as coarse from (select $1::${type} as "a""b") t`,
        [raw],
      );
      assert.deepEqual([tag, type, raw, rows[0]?.coarse], [tag, type, raw, coarse]);
    }
    await client.query("reset timezone");
  });

  it("say nothing against the example's kept values, and stop when one of them is a person's", async () => {
    const { watched } = await plan();
    const found = () => inReadOnlyTransaction(client, () => sampleWatched(client, watched));
    assert.deepEqual(watchProblems(await found()), []);
    await client.query(`update benefit.claims set crop = 'ask ' || (select email from benefit.people where id = 1)
      where program_year = 2025 and id = (select min(id) from benefit.claims where program_year = 2025)`);
    await client.query(
      `update benefit.claims set document = jsonb_set(document, '{source}', '"Mary Johnson"') where program_year = 2024`,
    );
    const texts = watchProblems(await found()).map(problemText);
    assert.equal(texts.length, 2);
    assert.match(
      texts.join("\n"),
      /^tables\["benefit\.claims"\]\.columns\.document\.paths\.source: got values that look like names of people, 100 % of/m,
    );
    assert.match(
      texts.join("\n"),
      /^tables\["benefit\.claims"\]\.columns\.crop: got values that look like e-mail addresses, under 1 % of a sample of \d+; allowed is values that belong to no person, where they are kept; tag it contact\.email, or look at them and write acknowledged: \[email\]$/m,
    );
    assert.ok(!texts.some((text) => /Mary|Johnson|@/.test(text)));
  });

  it("look at a bounded sample from all over a large table, the same one each time", async () => {
    await client.query("begin");
    try {
      await client.query(`create table benefit.large as select n, case when n % 3 = 0 then 'ada@post-of-nowhere.us'
        else 'almonds' end as crop from generate_series(1, 60000) n`);
      await client.query("analyze benefit.large");
      const watched = ["n", "crop"].map((column) => ({
        table: { schema: "benefit", table: "large" },
        column,
        json: null,
        isNumber: column === "n",
        acknowledged: [],
        path: ["tables", "benefit.large", "columns", column],
      }));
      const samples = await sampleWatched(client, watched);
      assert.deepEqual(await sampleWatched(client, watched), samples);
      const [numbers] = samples.map(({ values }) => values);
      assert.ok(numbers && numbers.length >= 500 && numbers.length <= 1000, String(numbers?.length));
      const sorted = numbers.map(Number).sort((one, other) => one - other);
      assert.ok((sorted[0] ?? 0) < 20_000 && (sorted.at(-1) ?? 0) > 40_000);
      assert.deepEqual(
        watchProblems(samples).map(({ path, got }) => [path.at(-1), got.replace(/\d+/g, "…")]),
        [["crop", "values that look like e-mail addresses, … % of a sample of …"]],
      );
      const stop = new AbortController();
      stop.abort();
      await assert.rejects(sampleWatched(client, watched, stop.signal));
    } finally {
      await client.query("rollback");
    }
  });

  it("say nothing of a table's values when it cannot be sampled", async () => {
    const watched = { table: { schema: "benefit", table: "gone" }, column: "crop", json: null, isNumber: false };
    await assert.rejects(
      sampleWatched(client, [{ ...watched, acknowledged: [], path: [] }]),
      /^ScrubError: the source database refused: benefit\.gone, .*sqlstate 42P01/,
    );
  });

  it("read every kind of type, key and check as PostgreSQL has it", async () => {
    const { relations, foreignKeys, sequences } = await catalog();
    const table = (name: string) => relations.find(({ table: own }) => own === name) ?? assert.fail(name);
    const type = (name: string, column: string) =>
      table(name).columns.find((own) => own.name === column)?.type ?? assert.fail(column);
    assert.deepEqual(type("people", "ssn"), {
      written: "character varying(11)",
      base: "varchar",
      array: false,
      labels: null,
      maxLength: 11,
      domainChecks: [],
    });
    assert.deepEqual(type("people", "languages"), {
      written: "text[]",
      base: "text",
      array: true,
      labels: null,
      maxLength: null,
      domainChecks: [],
    });
    const zip = type("households", "zip");
    assert.deepEqual([zip.written, zip.base, zip.domainChecks], ["benefit.zip_code", "text", ["zip_code_digits"]]);
    assert.deepEqual(type("claims", "level").labels, ["moderate", "severe", "extreme", "exceptional"]);
    const claims = table("claims");
    assert.deepEqual([claims.kind, claims.partitionKey, claims.parent], ["partitioned table", ["program_year"], null]);
    const part = table("claims_2025");
    assert.deepEqual(part.parent, { schema: "benefit", table: "claims" });
    assert.equal(part.bounds, "FOR VALUES FROM (2025) TO (2026)");
    assert.deepEqual(
      claims.keys.map(({ primary, columns }) => [primary, columns]),
      [
        [true, ["program_year", "id"]],
        [false, ["program_year", "reference"]],
      ],
    );
    assert.deepEqual(
      table("people").checks.map(({ name, columns }) => [name, columns]),
      [
        ["people_born_plausible", ["born"]],
        ["people_sex_known", ["sex"]],
      ],
    );
    assert.deepEqual(
      foreignKeys.filter(({ from }) => from.table === "payouts").map(({ to, columns }) => [to.table, columns]),
      [
        [
          "claims",
          [
            ["program_year", "program_year"],
            ["claim", "id"],
          ],
        ],
      ],
    );
    assert.ok(sequences.some(({ owner }) => owner?.table === "people" && owner.column === "id"));
    assert.ok(table("open_claims").kind === "view" && table("payouts_by_year").kind === "materialized view");
  });

  it("read keys of expressions and conditions, and keys of partitions that are expressions", async () => {
    await client.query("begin");
    try {
      await client.query("create unique index by_mail on benefit.people (lower(email)) where sex <> 'x'");
      await client.query(
        "create table benefit.odd (at timestamp, place text) partition by range (date_trunc('year', at), lower(place))",
      );
      const { relations } = await readCatalog(client);
      const people = relations.find(({ table }) => table === "people");
      assert.deepEqual(people?.keys.find(({ name }) => name === "by_mail")?.columns, ["email", "sex"]);
      assert.deepEqual(relations.find(({ table }) => table === "odd")?.partitionKey, ["at", "place"]);
    } finally {
      await client.query("rollback");
    }
  });

  const CHANGES: readonly { change: string; statements: readonly string[]; problems: readonly string[] }[] = [
    {
      change: "a new column",
      statements: ["alter table benefit.people add column seen_at timestamptz"],
      problems: [
        'tables["benefit.people"].columns.seen_at: got a column without a tag, timestamp with time zone; allowed is a tag for each column; write what its values are: quasi.date, quasi.birthdate, quasi.category, drop, public',
      ],
    },
    {
      change: "a renamed column",
      statements: ["alter table benefit.people rename column email to email_address"],
      problems: [
        'tables["benefit.people"].columns.email_address: got a column without a tag, character varying(254); allowed is a tag for each column; was it email before? then tag it contact.email as that was',
        'tables["benefit.people"].columns.email: got a column that benefit.people does not have; allowed is its columns: id, given_name, family_name, full_name, ssn, email_address, phone, username, born, sex, languages, preferences, created_at; is it email_address now? then rename the rule; else remove it',
      ],
    },
    {
      change: "a column that is gone",
      statements: ["alter table benefit.households drop column street"],
      problems: [
        'tables["benefit.households"].columns.street: got a column that benefit.households does not have; allowed is its columns: id, head, city, zip, size; remove the rule',
      ],
    },
    {
      change: "a kept column with another type",
      statements: ["alter table benefit.households alter column city type varchar(80)"],
      problems: [
        'tables["benefit.households"].columns.city.type: got text for a column that is character varying(80) now; allowed is the type of a column whose values are kept; look at what it holds now, then write type: character varying(80)',
      ],
    },
    {
      change: "a column with a type that its tag is not for",
      statements: ["alter table benefit.notes alter column body type text[] using array[body]"],
      problems: [
        'tables["benefit.notes"].columns.body: got the tag text.free on a column of type text[]; allowed is on it text, varchar or char; correct the tag; this type takes drop, public',
      ],
    },
    {
      change: "a new table",
      statements: ["create table benefit.visits (id integer primary key, person bigint references benefit.people)"],
      problems: [
        'tables["benefit.visits"]: got a table without rules; allowed is rules for each table and view, or an entry under leftOut; tag its columns id (integer), person (bigint, id.integer by visits_person_fkey)',
      ],
    },
    {
      change: "a renamed table",
      statements: ["alter table benefit.household_members rename to housemates"],
      problems: [
        'tables["benefit.household_members"]: got benefit.household_members, which the database does not have; allowed is tables and views of the database; is it benefit.housemates now? then rename the entry; else remove it',
        'tables["benefit.housemates"]: got a table without rules; allowed is rules for each table and view, or an entry under leftOut; tag its columns household (uuid, id.uuid by household_members_household_fkey), person (bigint, id.integer by household_members_person_fkey)',
      ],
    },
    {
      change: "a new partition",
      statements: ["create table benefit.claims_later partition of benefit.claims for values from (2027) to (2099)"],
      problems: [
        'tables["benefit.claims"].partitions: got no entry for the partition benefit.claims_later; allowed is the names of all its partitions, * for any characters; add claims_later, or a pattern that partitions to come fit too',
      ],
    },
    {
      change: "a new column of a view",
      statements: [
        "drop view benefit.open_claims",
        "create view benefit.open_claims as select program_year, id, reference, remarks as applicant, level, filed_on from benefit.claims",
      ],
      problems: [
        'tables["benefit.open_claims"].columns.filed_on: got a column of a view without a tag, date; allowed is a tag for each column; write what its values are: quasi.date, quasi.birthdate, quasi.category, drop, public',
      ],
    },
    {
      change: "a large object",
      statements: ["select lo_create(0)"],
      problems: [
        "largeObjects: got nothing, and the database has large objects; allowed is owner and reason for leaving them out; no tag fits what no column holds: write why a sandbox does without them",
      ],
    },
    {
      change: "a foreign key whose ends have different tags",
      statements: [
        "alter table benefit.notes add constraint by_mail foreign key (written_by) references benefit.people (email) not valid",
      ],
      problems: [
        'tables["benefit.notes"].columns.written_by: got the tag person.username, and contact.email for benefit.people.email at the other end of by_mail; allowed is equal tags at both ends of a foreign key, each a fake or kept; correct one of the two; a column that may be null can be dropped',
      ],
    },
    {
      change: "a foreign key to a table that is left out",
      statements: [
        "alter table benefit.payouts add constraint to_sign_in foreign key (claim) references benefit.sign_ins not valid",
      ],
      problems: [
        'tables["benefit.payouts"].columns.claim: got the tag id.integer on a column that the foreign key to_sign_in joins with benefit.sign_ins, which is left out; allowed is drop, or rules for that table; a row cannot name one that is not there',
      ],
    },
    {
      change: "a check that fakes may break",
      statements: ["alter table benefit.people add constraint valley check (email like '%@valley-post-of-nowhere.us')"],
      problems: [
        'tables["benefit.people"].columns.email: got the tag contact.email on a column of the constraint valley; allowed is values that it holds for; write holds: [valley] if it holds for every fake of contact.email; else drop the column',
      ],
    },
    {
      change: "a unique key that coarse values may break",
      statements: ["truncate benefit.notes", "create unique index one_a_day on benefit.notes (body)"],
      problems: [
        'tables["benefit.notes"].columns.body: got the tag text.free on a column of the unique key one_a_day; allowed is a tag that keeps different values different; tag it id.*, person.username or public; or write holds: [one_a_day] if the other columns of the key are unique',
      ],
    },
    {
      change: "a column that may not be null any more",
      statements: ["update benefit.notes set scan = ''", "alter table benefit.notes alter column scan set not null"],
      problems: [
        'tables["benefit.notes"].columns.scan: got drop without a literal on a column that is not null; allowed is drop with a literal; write { tag: drop, literal: … } with what every row is to have instead',
      ],
    },
  ];

  for (const { change, statements, problems } of CHANGES) {
    it(`stop at ${change}, and say what to tag`, async () => {
      assert.deepEqual(await problemsAfter(...statements), problems);
    });
  }
});

describe("the example's database", () => {
  const database = new TestDatabase("fill");

  before(() => database.create());
  after(() => database.remove());

  it("is filled row for row, with a note of 50 MB and every awkward value as it was", async () => {
    const client = new Client(database.options);
    await client.connect();
    try {
      const size = { people: 300, awkward: 0.5, longestNote: 50_000_000 };
      const rows = await fillDatabase(client, size);
      const tables = tablesOf(size);
      assert.equal(
        rows,
        tables.reduce((sum, { count }) => sum + count, 0),
      );
      for (const { table, columns, count } of tables) {
        const [column = "*"] = columns;
        const { rows: found } = await client.query<{ n: number }>(`select count(${column})::int as n from ${table}`);
        assert.equal(found[0]?.n, count, table);
      }
      const { rows: names } = await client.query<{ given: string }>(
        "select given_name as given from benefit.people order by id",
      );
      const [people] = tables;
      assert.deepEqual(
        names.map(({ given }) => given),
        names.map((_, index) => people?.row(index)[1]),
      );
      assert.ok(names.some(({ given }) => given === "\\N") && names.some(({ given }) => given.includes("\n")));
      const { rows: longest } = await client.query<{ bytes: number }>(
        "select max(octet_length(body)) as bytes from benefit.notes",
      );
      assert.ok((longest[0]?.bytes ?? 0) >= 50_000_000);
    } finally {
      await client.end();
    }
  });
});
