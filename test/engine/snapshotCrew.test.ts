import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { ScrubError } from "../../core/scrub/errors";
import type { PlannedTable } from "../../core/scrub/plan";
import { knownMemory } from "../../core/scrub/scan/known";
import { Crew } from "../../provider/snapshot/crew";
import type { CrewSetup } from "../../provider/snapshot/job";
import { Source } from "../../provider/snapshot/source";
import { TestDatabase } from "../support/database";

const SECRET = "Wilhelmina Quartermaine";

describe("threads that work on a snapshot", function () {
  this.timeout(60_000);
  const database = new TestDatabase("crew");
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-crew-"));
  let source: Source;
  let setup: CrewSetup;
  const nobody = new AbortController().signal;
  const column = { schema: "public", table: "people", column: "id" };
  const table: PlannedTable = {
    schema: "public",
    table: "people",
    columns: [
      {
        ...column,
        expression: "name",
        action: { kind: "fake", fake: { tag: "id.integer", unique: false, maxLength: null } },
      },
    ],
  };
  const part = { table: 0, number: 1, fromPage: 0, toPage: null, pages: 1 };

  before(async () => {
    await database.create();
    const client = new Client(database.options);
    await client.connect();
    await client.query("create table people (name text); ");
    await client.query("insert into people values ($1)", [SECRET]);
    await client.end();
    source = await Source.open(database.options);
    setup = {
      address: database.options,
      moment: await source.moment(),
      plan: { tables: [table], sets: [], watched: [] },
      masterKey: randomBytes(32),
      epoch: "e",
      key: randomBytes(32),
      folder,
      known: knownMemory(1 << 16),
      groups: [],
      compression: 1,
    };
  });
  after(async () => {
    await source.close();
    await database.remove();
    rmSync(folder, { recursive: true });
  });

  const backends = async (): Promise<number> => {
    const { rows } = await source.client.query<{ count: number }>(
      "select count(*)::int as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    return rows[0]?.count ?? -1;
  };
  const failing = (crew: Crew) =>
    crew
      .run("mask", [{ parts: [part], rewrites: false }], () => undefined)
      .then(
        () => assert.fail("it did not fail"),
        (error: unknown) => error,
      );

  it("name the place of a fault, never the value, and leave the source", async () => {
    const crew = new Crew(setup, 2, nobody);
    const error = await failing(crew);
    await crew.end();
    assert.ok(error instanceof ScrubError);
    assert.deepEqual([error.code, error.names.table, error.numbers["row"]], ["value-unmaskable", "people", 1]);
    assert.ok(!JSON.stringify([error.message, error.stack, error]).includes("Quartermaine"));
    // The server hears of it when it is over.
    while ((await backends()) > 0) await new Promise((done) => setTimeout(done, 20));
  });

  it("do what is asked for meanwhile between other jobs, and answer each in its order", async () => {
    const fake = { tag: "person.name" as const, unique: false, maxLength: null };
    const tables = [{ kind: "fake" as const, fake }, { kind: "keep" as const }].map((action) => ({
      ...table,
      columns: [{ ...column, expression: "name", action }],
    }));
    const crew = new Crew({ ...setup, plan: { ...setup.plan, tables } }, 2, nobody);
    const moved = () => undefined;
    const reads = Array.from({ length: 6 }, () => part);
    try {
      const [read, proven] = await Promise.all([crew.run("read", reads, moved), crew.run("prove", [1, 0, 1], moved)]);
      assert.equal(read.length, 6);
      assert.deepEqual(
        proven.map(({ verdict, planted, leaked }) => [verdict, planted > 0, leaked]),
        [
          ["fail", false, 0],
          ["pass", true, 0],
          ["fail", false, 0],
        ],
      );
    } finally {
      await crew.end();
    }
  });

  it("that die end the work with an error without their words", async () => {
    const crew = new Crew({ ...setup, masterKey: Buffer.from(SECRET) }, 2, nobody);
    const error = await failing(crew);
    await crew.end();
    assert.ok(error instanceof ScrubError);
    assert.equal(error.code, "unexpected");
    assert.ok(!JSON.stringify([error.message, error.stack, error]).includes("Quartermaine"));
    await assert.rejects(
      crew.run("read", [part], () => undefined),
      ScrubError,
    );
  });

  it("are gone at once when the work is cancelled, whatever they do", async () => {
    const stop = new AbortController();
    const slow = {
      ...table,
      columns: [{ ...column, expression: "pg_sleep(60)::text", action: { kind: "keep" as const } }],
    };
    const own = path.join(folder, "cancelled");
    mkdirSync(own);
    const crew = new Crew({ ...setup, folder: own, plan: { ...setup.plan, tables: [slow] } }, 2, stop.signal);
    const work = crew.run(
      "mask",
      [{ parts: [part], rewrites: false }],
      () => undefined,
      () => {
        setTimeout(() => {
          stop.abort(new Error("stopped by the test"));
        }, 1000);
      },
    );
    await assert.rejects(work, /stopped by the test/);
    await crew.end();
  });
});
