import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { Client } from "pg";
import {
  createSandboxDatabase,
  dropSandboxDatabase,
  listSandboxDatabases,
  readSandboxDatabase,
  type SandboxDatabaseWish,
  updateSandboxDatabase,
} from "../../provider/sandbox/database";
import { dropTemplates } from "../../provider/snapshot/templates";
import { TestServer } from "../support/server";
import { loadedTemplate } from "../support/template";

const SERVICE = "drought-benefit";
const OLD = "20261120T014400Z-1a2b3c";

describe("databases of sandboxes", function () {
  this.timeout(120_000);
  const server = new TestServer();
  const wish = (id: string, change: Partial<SandboxDatabaseWish> = {}): SandboxDatabaseWish => ({
    ...{ sandbox: `sbx-${id}`, service: SERVICE, snapshot: "latest", database: `sbx_${id}` },
    ...{ password: `secret-of-${id}`, connectionLimit: 5 },
    ...change,
  });
  const create = (id: string, change: Partial<SandboxDatabaseWish> = {}) =>
    createSandboxDatabase(server.options, wish(id, change));
  const drop = (id: string) => dropSandboxDatabase(server.options, wish(id));
  let newest: string;

  /** What a sandbox can do with its own credentials. */
  async function as(id: string, query: string, change: Record<string, unknown> = {}) {
    const own = { user: `sbx_${id}`, database: `sbx_${id}`, password: `secret-of-${id}` };
    const client = new Client({ ...server.options, ...own, ...change });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } finally {
      await client.end();
    }
  }

  before(async () => {
    await server.start();
    await loadedTemplate(server, SERVICE, OLD, new Date(Date.now() - 30 * 3_600_000));
    newest = await loadedTemplate(server, SERVICE, "20261121T014400Z-1a2b3c", new Date(Date.now() - 6 * 3_600_000));
  });
  after(() => server.stop());
  afterEach(async () => {
    for (const { sandbox, database } of await listSandboxDatabases(server.options))
      await dropSandboxDatabase(server.options, { sandbox, database });
    assert.deepEqual(
      (await server.roles()).filter((name) => name.startsWith("sbx_")),
      [],
    );
  });

  it("are copies of the newest loaded snapshot, or of the one that is named", async () => {
    const one = await create("1");
    assert.deepEqual([one.snapshot, one.template], ["20261121T014400Z-1a2b3c", newest]);
    assert.deepEqual(await readSandboxDatabase(server.options, "sbx_1"), one);
    const two = await create("2", { snapshot: OLD });
    assert.equal(two.snapshot, OLD);
    assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things"), [{ n: 1000 }]);
    const seen = await listSandboxDatabases(server.options);
    assert.deepEqual(
      seen.map(({ database, sandbox, state, snapshot }) => [database, sandbox, state, snapshot]),
      [
        ["sbx_1", "sbx-1", "whole", one.snapshot],
        ["sbx_2", "sbx-2", "whole", OLD],
      ],
    );
  });

  it("belong to their role, which may change all that is in them, and its definitions", async () => {
    await create("1");
    await as(
      "1",
      `insert into benefit.things (note) values ('mine'); delete from benefit.things where id < 10;
       alter table benefit.things add column more text; create table benefit.others (id int); create table public.x ();
       create schema own; create index on benefit.things (note); select benefit.twice(2);
       alter type benefit.kind add value 'third'; refresh materialized view benefit.totals`,
    );
    const owners = `
      select distinct pg_get_userbyid(relowner) as owner from pg_class c join pg_namespace n on n.oid = relnamespace
      where nspname !~ '^(pg_|information_schema)'`;
    assert.deepEqual(await as("1", owners), [{ owner: "sbx_1" }]);
  });

  it("are reached by no other role, and their role reaches nothing else on the server", async () => {
    await create("1");
    await create("2");
    const denied = { code: "42501" };
    for (const database of ["sbx_2", "postgres", "template1"])
      await assert.rejects(as("1", "select 1", { database }), denied, database);
    for (const database of ["template0", newest])
      await assert.rejects(as("1", "select 1", { database }), { code: "55000" }, database);
    await assert.rejects(as("1", "select 1", { user: newest, password: "x" }), { code: "28P01" });
    for (const query of [
      "create database more",
      "create role more",
      "alter role sbx_2 with password 'x'",
      "set role sbx_2",
      "set session authorization postgres",
      `grant ${newest} to sbx_1`,
      "alter database sbx_1 with connection limit 100",
      "alter role sbx_1 connection limit 100",
      "set temp_file_limit to '100GB'",
      "copy (select 1) to program 'true'",
      "select pg_read_file('/etc/passwd')",
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid()",
      "create extension dblink",
      "create extension postgres_fdw",
    ])
      await assert.rejects(
        as("1", query),
        (error: Error) => "code" in error && /^(42501|0LP01)$/.test(String(error.code)),
        query,
      );
    // Without an error, for it is a right that the role has and may not give away.
    await as("1", "grant connect on database sbx_1 to sbx_2");
    await assert.rejects(as("2", "select 1", { database: "sbx_1" }), denied);
    assert.deepEqual(await as("1", "show temp_file_limit"), [{ temp_file_limit: "2GB" }]);
    await server.run("create database later");
    await create("3");
    for (const id of ["1", "2", "3"]) await assert.rejects(as(id, "select 1", { database: "later" }), denied);
    await server.run("drop database later");
  });

  it("take no more connections than their limit, and another password and limit while they stand", async () => {
    await create("1", { connectionLimit: 2 });
    const own = { user: "sbx_1", database: "sbx_1", password: "secret-of-1" };
    const open = [new Client({ ...server.options, ...own }), new Client({ ...server.options, ...own })];
    for (const client of open) await client.connect();
    try {
      await assert.rejects(as("1", "select 1"), { code: "53300" });
      await updateSandboxDatabase(server.options, { ...wish("1"), password: "another", connectionLimit: 3 });
      await assert.rejects(as("1", "select 1"), { code: "28P01" });
      assert.equal((await as("1", "select 1", { password: "another" })).length, 1);
    } finally {
      await Promise.all(open.map((client) => client.end()));
    }
    await assert.rejects(updateSandboxDatabase(server.options, wish("9")), /there is no database sbx_9/);
  });

  it("stay as they are when they are made again, and when newer snapshots come", async () => {
    const one = await create("1", { snapshot: OLD });
    await as("1", "delete from benefit.things");
    assert.deepEqual(await create("1"), one);
    assert.deepEqual(await create("1", { snapshot: OLD, password: "another" }), one);
    assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things", { password: "another" }), [
      { n: 0 },
    ]);
    const other = await create("1", { snapshot: "20261121T014400Z-1a2b3c" });
    assert.equal(other.template, newest);
    assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things"), [{ n: 1000 }]);
  });

  it("go with whoever is in them, twice too, and without their template", async () => {
    const gone = "20261119T014400Z-1a2b3c";
    const template = await loadedTemplate(server, "other-service", gone, new Date());
    await create("1", { service: "other-service" });
    await dropTemplates(server.options, "other-service", { keep: 0, signal: new AbortController().signal });
    assert.ok(![...(await server.databases()), ...(await server.roles())].includes(template));
    const client = new Client({ ...server.options, user: "sbx_1", database: "sbx_1", password: "secret-of-1" });
    const ended = new Promise<Error>((resolve) => client.on("error", resolve));
    await client.connect();
    await drop("1");
    assert.match((await ended).message, /terminat/);
    await drop("1");
    assert.deepEqual(await listSandboxDatabases(server.options), []);
    assert.equal(await readSandboxDatabase(server.options, "sbx_1"), undefined);
  });

  it("are whole after whoever made or removed them was killed, wherever that was", async () => {
    // What a run leaves when it ends after each of its statements.
    const begun = `create role sbx_1 login; comment on role sbx_1 is '${JSON.stringify({
      ...{ kind: "sandbox", sandbox: "sbx-1", service: SERVICE, snapshot: OLD },
      ...{ takenAt: "2026-11-20T01:44:00.000Z", template: newest },
    })}'`;
    const copied = `create database sbx_1 template ${newest} allow_connections false`;
    const leftovers: readonly (readonly string[])[] = [
      [begun],
      [begun, copied],
      [begun, copied, "alter database sbx_1 allow_connections true; alter database sbx_1 owner to sbx_1"],
    ];
    for (const statements of leftovers) {
      for (const statement of statements) await server.run(statement);
      assert.deepEqual(
        (await listSandboxDatabases(server.options)).map(({ state }) => state),
        ["half-made"],
      );
      assert.equal(await readSandboxDatabase(server.options, "sbx_1"), undefined);
      await create("1");
      assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things"), [{ n: 1000 }]);
      await drop("1");
      for (const statement of statements) await server.run(statement);
      await drop("1");
      assert.deepEqual(await listSandboxDatabases(server.options), []);
    }
    await create("1");
    await server.run("alter role sbx_1 nologin");
    await create("1");
    assert.equal((await as("1", "select 1")).length, 1);
  });

  it("leave nothing when making them is stopped or fails, and what stands is not lost for a snapshot that is not there", async () => {
    for (let checks = 1; checks <= 3; checks++) {
      // A signal that fires the nth time that it is looked at.
      let seen = 0;
      const signal = Object.assign(new AbortController().signal, {
        throwIfAborted: () => {
          if (++seen > checks) throw new Error("stopped by the test");
        },
      });
      await assert.rejects(createSandboxDatabase(server.options, wish("1"), signal), /stopped by the test/);
      assert.deepEqual(await listSandboxDatabases(server.options), []);
      assert.ok(![...(await server.databases()), ...(await server.roles())].includes("sbx_1"));
    }
    const one = await create("1");
    await assert.rejects(create("1", { snapshot: "20200101T000000Z-000000" }), /not loaded/);
    assert.deepEqual(await readSandboxDatabase(server.options, "sbx_1"), one);
  });

  it("are whole after a SIGKILL at any time", async () => {
    for (const after of [20, 60, 100, 140, 180, 240]) {
      const child = spawn(process.execPath, [path.resolve("test/engine/support/cloneProcess.cjs")], {
        env: { ...process.env, CLONE: JSON.stringify([server.options, wish("1")]) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      setTimeout(() => child.kill("SIGKILL"), after);
      await once(child, "exit");
      await create("1");
      assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things"), [{ n: 1000 }]);
      await drop("1");
      assert.deepEqual(await listSandboxDatabases(server.options), []);
    }
  });

  it("are made ten at once", async () => {
    const ids = Array.from({ length: 10 }, (_, index) => String(index));
    await Promise.all(ids.map((id) => create(id)));
    for (const id of ids)
      assert.deepEqual(await as(id, "select count(*)::int as n from benefit.things"), [{ n: 1000 }], id);
    await Promise.all(ids.map(drop));
    assert.deepEqual(await listSandboxDatabases(server.options), []);
  });

  it("are refused with what to do where no snapshot is loaded, it is too old, or somebody else has the name", async () => {
    await assert.rejects(
      create("1", { service: "benefits-api" }),
      /no snapshot of benefits-api is loaded .*hms snapshot load --service benefits-api/,
    );
    await assert.rejects(
      create("1", { snapshot: "20200101T000000Z-000000" }),
      /the snapshot 20200101T000000Z-000000 .* not loaded .*which has 20261120T014400Z-1a2b3c, 20261121T.*--id 2020/,
    );
    await assert.rejects(create("1", { mostHours: 2 }), /is 6\.0 h old, at most 2 h allowed/);
    await assert.rejects(create("1", { password: "pässword" }), (error: Error) => !error.message.includes("pässword"));
    await create("1");
    await assert.rejects(create("1", { sandbox: "sbx-2" }), /sbx_1 is .* not a database of sbx-2/);
    await assert.rejects(
      dropSandboxDatabase(server.options, { sandbox: "sbx-2", database: "sbx_1" }),
      /not a database of/,
    );
    await server.run("create database sbx_7");
    await assert.rejects(create("7"), /sbx_7 is .* not a database of sbx-7/);
    await assert.rejects(drop("7"), /left alone/);
    await server.run("drop database sbx_7");
  });

  it("are made by an administrator who is no superuser", async () => {
    await server.run("create role adm login createdb createrole password 'adm'; grant pg_signal_backend to adm");
    const owners = ["postgres", "template1"].map((name) => `revoke connect on database ${name} from public`);
    for (const statement of [...owners, "grant connect on database postgres to adm"]) await server.run(statement);
    const admin = { ...server.options, user: "adm", password: "adm" };
    await server.run(`grant ${newest} to adm`);
    try {
      await createSandboxDatabase(admin, wish("1"));
      assert.deepEqual(await as("1", "select count(*)::int as n from benefit.things"), [{ n: 1000 }]);
      await dropSandboxDatabase(admin, wish("1"));
      await server.run("grant connect on database postgres to public");
      await assert.rejects(createSandboxDatabase(admin, wish("1")), /every role may connect to postgres/);
    } finally {
      await server.run("revoke connect on database postgres from public, adm");
      await server.run("drop owned by adm; drop role adm");
    }
  });
});
