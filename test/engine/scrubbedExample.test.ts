import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { cover } from "../../core/scrub/cover";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubKeys } from "../../core/scrub/key";
import { TableMask } from "../../core/scrub/mask";
import type { PlannedTable } from "../../core/scrub/plan";
import { parseScrubRules } from "../../core/scrub/rules";
import { FindingBook } from "../../core/scrub/scan/report";
import { ShapeScanner } from "../../core/scrub/scan/shapes";
import { quoteName, quoteRelation } from "../../core/scrub/sql";
import { outputOf } from "../../core/scrub/watched";
import { fillDatabase, schemaSql } from "../../examples/drought-benefit/database/fill";
import { tablesOf } from "../../examples/drought-benefit/database/rows";
import { inReadOnlyTransaction, readCatalog } from "../../provider/snapshot/catalog";
import { TestDatabase } from "../support/database";

const SIZE = { people: 500, awkward: 0.1 };

describe("the example's database, masked by its rules", () => {
  const from = new TestDatabase("raw");
  const to = new TestDatabase("scrubbed");
  const book = new FindingBook(Buffer.alloc(32, 1));
  const output = new Map<string, string>();
  let source: Client;
  let target: Client;

  before(async () => {
    await from.create();
    await to.create();
    source = new Client(from.options);
    target = new Client(to.options);
    await source.connect();
    await target.connect();
    await fillDatabase(source, SIZE);
    await target.query(await schemaSql());
    await inReadOnlyTransaction(source, copyMasked);
  });

  after(async () => {
    await source.end();
    await target.end();
    await from.remove();
    await to.remove();
  });

  async function copyMasked(): Promise<void> {
    const rules = parseScrubRules(readFileSync("examples/drought-benefit/scrub.yaml", "utf8"), "scrub.yaml");
    assert.ok(rules.ok);
    const plan = cover(rules.value, await readCatalog(source), new Date("2026-06-01T00:00:00Z"));
    assert.ok(plan.ok);
    const maker = new FakeMaker(new ScrubKeys(Buffer.from("0123456789abcdef0123456789abcdef"), "night-1"));
    for (const table of plan.value.tables) {
      const mask = new TableMask(table, maker);
      const parts: Buffer[] = [];
      const select = table.columns.map(({ expression }) => expression).join(", ");
      const read = source.query(copyTo(`copy (select ${select} from only ${quoteRelation(table)}) to stdout`));
      for await (const chunk of read) {
        assert.ok(Buffer.isBuffer(chunk));
        parts.push(Buffer.from(mask.push(chunk) ?? ""));
      }
      parts.push(mask.end() ?? Buffer.alloc(0));
      const bytes = Buffer.concat(parts);
      const scanner = new ShapeScanner(outputOf(table, plan.value.watched), book);
      scanner.scan(bytes);
      scanner.end();
      output.set(`${table.schema}.${table.table}`, bytes.toString());
    }
    for (const table of inOrder(plan.value.tables)) await load(table);
  }

  /** Tables that others refer to come first. */
  const inOrder = (tables: readonly PlannedTable[]): readonly PlannedTable[] => {
    const order = ["people", "households", "household_members", "claims_2024", "claims_2025", "claims_2026"];
    const place = ({ table }: PlannedTable) => (order.includes(table) ? order.indexOf(table) : order.length);
    return [...tables].sort((one, other) => place(one) - place(other));
  };

  async function load({ schema, table, columns }: PlannedTable): Promise<void> {
    const list = columns.map(({ column }) => quoteName(column)).join(", ");
    const write = target.query(copyFrom(`copy ${quoteRelation({ schema, table })} (${list}) from stdin`));
    await pipeline([Buffer.from(output.get(`${schema}.${table}`) ?? "")], write);
  }

  it("loads under every key, check, domain and partition, with each row and none that was left out", async () => {
    for (const { table, count } of tablesOf(SIZE)) {
      const { rows } = await target.query<{ n: number }>(`select count(*)::int as n from ${table}`);
      assert.equal(rows[0]?.n, table === "benefit.sign_ins" ? 0 : count, table);
    }
  });

  it("has no shape of personal data in what ships", () => {
    assert.deepEqual(book.report().counts, []);
  });

  it("has no number, address, name or note of anybody in what ships", async () => {
    const all = [...output.values()].join("\n");
    assert.doesNotMatch(all, /\d{3}-\d{2}-\d{4}/);
    const { rows } = await source.query<{ value: string }>(`
      select ssn as value from benefit.people where ssn is not null
      union all select email from benefit.people where email is not null
      union all select username from benefit.people
      union all select account from benefit.payouts where account is not null
      union all select card from benefit.payouts where card is not null
      union all select id::text from benefit.households
      union all select reference from benefit.claims
      union all select street from benefit.households
      union all select given_name || ' ' || family_name from benefit.people where length(given_name) > 3`);
    assert.ok(rows.length > 8 * SIZE.people * 0.5);
    const found = rows.filter(({ value }) => all.includes(value));
    assert.equal(found.length, 0);
  });

  const JOINS: Readonly<Record<string, string>> = {
    "people and the households that they head": "benefit.households h join benefit.people p on p.id = h.head",
    "claims, their people and payouts":
      "benefit.claims c join benefit.people p on p.id = c.applicant join benefit.payouts o on (o.program_year, o.claim) = (c.program_year, c.id)",
    "documents and people by number":
      "benefit.claims c join benefit.people p on p.ssn = c.document #>> '{applicant,ssn}'",
    "documents and people by address":
      "benefit.claims c join benefit.people p on p.email = c.document #>> '{applicant,email}'",
    "members in documents and people by key":
      "benefit.claims c, jsonb_array_elements(c.document -> 'members') m, benefit.people p where p.id = (m ->> 'person')::bigint",
    "letters and people by address": `"Case files"."Letters ""to"" applicants" l join benefit.people p on p.email = l."e-mail ""work"""`,
    "notes and people by login": "benefit.notes n join benefit.people p on p.username = n.written_by",
  };

  for (const [what, join] of Object.entries(JOINS)) {
    it(`joins ${what} as before`, async () => {
      const sql = `select count(*)::int as n from ${join}`;
      const [before, after] = await Promise.all([source.query<{ n: number }>(sql), target.query<{ n: number }>(sql)]);
      assert.ok((before.rows[0]?.n ?? 0) > 0);
      assert.deepEqual(after.rows, before.rows);
    });
  }

  it("computes the same payouts, and the views from scrubbed rows", async () => {
    const sql =
      "select program_year, count(*)::int as n, sum(cents)::text as cents from benefit.payouts group by 1 order by 1";
    assert.deepEqual((await target.query(sql)).rows, (await source.query(sql)).rows);
    const { rows } = await target.query<{ n: number }>("select count(*)::int as n from benefit.open_claims");
    assert.ok((rows[0]?.n ?? 0) > 0);
  });
});
