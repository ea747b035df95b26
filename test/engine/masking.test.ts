import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { cover } from "../../core/scrub/cover";
import { TableMask } from "../../core/scrub/mask";
import { maskPlainly } from "../../core/scrub/reference";
import { parseScrubRules } from "../../core/scrub/rules";
import { outputTable } from "../../core/scrub/scan/columns";
import { FindingBook } from "../../core/scrub/scan/report";
import { ShapeScanner } from "../../core/scrub/scan/shapes";
import { quoteName, quoteRelation } from "../../core/scrub/sql";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { inReadOnlyTransaction, readCatalog } from "../../provider/snapshot/catalog";
import { TestDatabase } from "../support/database";
import { maker } from "../unit/scrub/support/tables";

/** Joins by which people, households and claims hang together; each counts rows. */
const JOINS = [
  "select count(*) from benefit.claims c join benefit.people p on p.id = c.applicant",
  "select count(*) from benefit.claims c join benefit.households h on h.id = c.household join benefit.people p on p.id = h.head",
  "select count(*) from benefit.notes n join benefit.people p on p.username = n.written_by",
  "select count(*) from benefit.claims c join benefit.people p on p.ssn = c.document #>> '{applicant,ssn}'",
  "select count(*) from benefit.claims c join benefit.people p on p.email = c.document #>> '{applicant,email}'",
  "select count(distinct ssn) + count(distinct email) + count(distinct username) from benefit.people",
  "select count(*) from benefit.payouts",
] as const;

describe("masking a real database", () => {
  const source = new TestDatabase("mask_from");
  const target = new TestDatabase("mask_to");
  const book = new FindingBook(Buffer.alloc(32, 1));
  let from: Client;
  let to: Client;

  before(async () => {
    await source.create();
    await target.create();
    from = new Client(source.options);
    to = new Client(target.options);
    await from.connect();
    await to.connect();
    await fillDatabase(from, { people: 2000, awkward: 0.1 });
    await restore("pre-data");
    await copyMasked();
    await restore("post-data");
  });

  after(async () => {
    await from.end();
    await to.end();
    await source.remove();
    await target.remove();
  });

  /** Makes what the source has, before or after its rows; keys and constraints come after them. */
  async function restore(section: "pre-data" | "post-data"): Promise<void> {
    const { host, port, user, password, database } = source.options;
    const { stdout } = await promisify(execFile)(
      path.join(POSTGRES_BIN, "pg_dump"),
      ["--no-owner", "--no-acl", `--section=${section}`, "-h", host, "-p", String(port), "-U", user, database],
      { env: { ...process.env, PGPASSWORD: password }, maxBuffer: 1 << 26 },
    );
    // Lines for psql alone.
    await to.query(stdout.replace(/^\\.*$/gm, ""));
    await to.query("set search_path to public");
  }

  async function copyMasked(): Promise<void> {
    const rules = parseScrubRules(readFileSync("examples/drought-benefit/scrub.yaml", "utf8"), "scrub.yaml");
    assert.ok(rules.ok);
    const plan = cover(rules.value, await inReadOnlyTransaction(from, () => readCatalog(from)), new Date());
    assert.ok(plan.ok);
    const fakes = maker();
    const plainFakes = maker();
    for (const table of plan.value.tables) {
      const mask = new TableMask(table, fakes);
      const scanner = new ShapeScanner(outputTable(table), book);
      const select = table.columns.map(({ expression }) => expression).join(", ");
      const raw: Buffer[] = [];
      const masked: Buffer[] = [];
      for await (const chunk of from.query(
        copyTo(`copy (select ${select} from only ${quoteRelation(table)}) to stdout`),
      ) as AsyncIterable<Buffer>) {
        raw.push(chunk);
        masked.push(Buffer.from(mask.push(chunk) ?? ""));
      }
      masked.push(mask.end() ?? Buffer.alloc(0));
      const output = Buffer.concat(masked);
      assert.equal(output.toString(), maskPlainly(table, plainFakes, Buffer.concat(raw).toString()), table.table);
      scanner.scan(output);
      scanner.end();
      const columns = table.columns.map(({ column }) => quoteName(column)).join(", ");
      await pipeline(
        Readable.from([output]),
        to.query(copyFrom(`copy ${quoteRelation(table)} (${columns}) from stdin`)),
      );
    }
  }

  it("keeps foreign keys, unique keys and checks, and joins of as many rows", async () => {
    for (const join of JOINS) {
      const [before, after] = await Promise.all([from.query(join), to.query(join)]);
      assert.deepEqual(after.rows, before.rows, join);
      assert.notEqual(String(Object.values(before.rows[0] as object)[0]), "0", join);
    }
  });

  it("leaves nothing with the shape of personal data", () => {
    const { verdict, counts, rows } = book.report();
    assert.deepEqual(counts, []);
    assert.equal(verdict, "pass");
    assert.ok(rows > 8000, `${rows} rows`);
  });

  it("leaves nobody's name, number or address", async () => {
    const people = "select id, given_name, family_name, ssn, email, phone, username from benefit.people";
    const values = (rows: readonly unknown[]): readonly string[] =>
      rows.flatMap((row) =>
        Object.entries(row as Record<string, unknown>).map(([name, value]) => `${name} ${String(value)}`),
      );
    const before = new Set(values((await from.query(people)).rows));
    const left = values((await to.query(people)).rows).filter(
      (value) => before.has(value) && !/^id | null$|^\w+ \s*$/.test(value),
    );
    assert.deepEqual(left, []);
  });
});
