import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import path from "node:path";
import { Client } from "pg";
import { createSandboxDatabase, dropSandboxDatabase } from "../../provider/sandbox/database";
import { loadSnapshot, type LoadParts } from "../../provider/snapshot/load";
import { setSequences } from "../../provider/snapshot/sequences";
import { dropTemplates, templatesOf } from "../../provider/snapshot/templates";
import { TestServer } from "../support/server";
import { TestSnapshot } from "../support/snapshot";

const SERVICE = "drought-benefit";

describe("a snapshot loaded on the server of sandboxes", function () {
  this.timeout(240_000);
  const server = new TestServer();
  const made = new TestSnapshot();

  const load = (change: Partial<LoadParts> = {}) =>
    loadSnapshot({
      service: SERVICE,
      snapshot: made.snapshot,
      keys: made.keys,
      server: server.options,
      progress: () => undefined,
      signal: new AbortController().signal,
      ...change,
    });

  /** Rows of a query in a copy of the loaded template, and in the source. */
  async function both(query: string): Promise<readonly [loaded: unknown, source: unknown]> {
    const client = new Client(made.source.options);
    await client.connect();
    try {
      return [await server.run(query, "looked_at"), (await client.query(query)).rows];
    } finally {
      await client.end();
    }
  }

  before(async () => {
    await server.start();
    await made.take(
      `create extension pgcrypto;
       create function benefit.noted() returns trigger language plpgsql as $$
         begin new.body := new.body || '; noted'; return new; end $$;
       create trigger noted before insert on benefit.notes for each row execute function benefit.noted();
       create function benefit.heads() returns bigint language sql begin atomic
         select count(*) from benefit.households; end;
       create rule closed as on insert to benefit.open_claims do instead (select 1; select ';');
       alter table benefit.payouts enable row level security;
       create policy nobody on benefit.payouts for delete using (false);
       create index on benefit.people (lower(family_name)) where sex = 'x';
       create statistics benefit.together on born, sex from benefit.people;
       comment on table benefit.people is E'it''s \\\\ one; two'`,
    );
  });
  after(async () => {
    await server.stop();
    await made.remove();
  });
  afterEach(async () => {
    await dropTemplates(server.options, SERVICE, { keep: 0, signal: new AbortController().signal });
    assert.deepEqual([await server.databases(), await server.roles()], [[], []]);
  });

  describe("that holds", () => {
    beforeEach(async () => {
      const { name } = await load();
      await server.run(`create database looked_at template ${name}`);
    });
    afterEach(async () => {
      await server.run("drop database looked_at with (force)");
    });

    it("has the rows of the manifest, and as many partners of each row as the source", async () => {
      for (const { schema, table, rowsOut } of made.snapshot.manifest.tables) {
        const [row] = await server.run(
          `select count(*)::int as n from only "${schema}"."${table.replaceAll('"', '""')}"`,
          "looked_at",
        );
        assert.equal(row?.n, rowsOut, table);
      }
      const joins = [
        "select count(*) from benefit.people p join benefit.households h on h.head = p.id",
        "select count(*) from benefit.people p join benefit.claims c on c.applicant = p.id join benefit.payouts o on o.claim = c.id",
        "select count(*) from benefit.people p join benefit.notes n on n.written_by = p.username",
      ];
      for (const join of joins) assert.deepEqual(...(await both(join)));
      const perPerson = `
        select claims, count(*) from (
          select p.id, count(c.id) as claims from benefit.people p
          left join benefit.claims c on c.applicant = p.id group by p.id) each
        group by claims order by claims`;
      assert.deepEqual(...(await both(perPerson)));
      assert.deepEqual(...(await both("select count(*) from benefit.payouts_by_year")));
    });

    it("has every key, index, check and trigger of the source, all of them proven", async () => {
      const constraints = `
        select conrelid::regclass::text as "table", conname, contype, pg_get_constraintdef(oid) as is, convalidated
        from pg_constraint where connamespace <> 'pg_catalog'::regnamespace order by 1, 2`;
      assert.deepEqual(...(await both(constraints)));
      const indexes = `
        select c.oid::regclass::text as name, i.indisvalid, pg_get_indexdef(c.oid) as is
        from pg_index i join pg_class c on c.oid = i.indexrelid
        join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_' order by 1`;
      assert.deepEqual(...(await both(indexes)));
      const others = [
        "select tgrelid::regclass::text, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1, 2",
        "select * from pg_policies",
        "select * from pg_rules where schemaname = 'benefit' order by rulename",
        "select relname, relrowsecurity, relforcerowsecurity from pg_class where relname = 'payouts'",
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'benefit'::regnamespace order by proname",
        "select extname, extversion from pg_extension order by 1",
        "select pg_get_statisticsobjdef(oid) from pg_statistic_ext",
        "select obj_description('benefit.people'::regclass)",
        "select benefit.heads()::text",
      ];
      for (const other of others) assert.deepEqual(...(await both(other)), other);
    });

    it("gives values that nobody has from every sequence, and computes what the source computes", async () => {
      const people = (await server.run(
        `insert into benefit.people (given_name, family_name, username, born, sex, created_at)
         select 'A', 'B', 'new-' || n, '2000-01-01', 'x', now() from generate_series(1, 50) n
         returning id, full_name`,
        "looked_at",
      )) as readonly { readonly id: string; readonly full_name: string }[];
      assert.equal(new Set(people.map(({ id }) => id)).size, 50);
      assert.equal(people[0]?.full_name, "A B");
      await server.run(
        `insert into benefit.notes (written_by, body) select 'x', 'y' from generate_series(1, 50)`,
        "looked_at",
      );
    });

    it("is written as rows that never change again, with figures for the planner", async () => {
      const [row] = await server.run(
        `select relallvisible > 0.9 * relpages as frozen, reltuples::int as rows from pg_class
         where oid = 'benefit.people'::regclass`,
        "looked_at",
      );
      assert.deepEqual(row, { frozen: true, rows: 20_000 });
    });
  });

  it("is a template that nobody can connect to, owned by a role that cannot log in, and found again at once", async () => {
    const one = await load();
    assert.deepEqual(await load({ snapshot: { ...made.snapshot, path: "/nowhere" } }), one);
    assert.deepEqual(await templatesOf(server.options, SERVICE), [one]);
    assert.deepEqual(await templatesOf(server.options, "drought"), []);
    const [flags] = await server.run(
      `select d.datistemplate, d.datallowconn, r.rolcanlogin, d.datacl::text as rights from pg_database d, pg_roles r
       where d.datname = '${one.name}' and r.rolname = d.datname`,
    );
    assert.deepEqual(flags, {
      datistemplate: true,
      datallowconn: false,
      rolcanlogin: false,
      rights: "{postgres=CTc/postgres}",
    });
    const [{ n = 0 } = {}] = await server.run(
      `select count(*)::int as n from pg_database where datallowconn and coalesce(datacl, acldefault('d', datdba))::text ~ '[{,]=[^/]*c'`,
    );
    assert.equal(n, 0, "every role may connect to a database");
  });

  it("is loaded by an administrator who is no superuser, and copied by that one too", async () => {
    await server.run("create role adm login createdb createrole password 'adm'");
    const admin = { ...server.options, user: "adm", password: "adm" };
    try {
      await server.run("grant connect on database postgres, template1 to public");
      await assert.rejects(load({ server: admin }), /every role may connect to postgres, template1/);
      await server.run("revoke connect on database postgres, template1 from public");
      await server.run("grant connect on database postgres to adm");
      const { name, snapshot } = await load({ server: admin });
      const wish = {
        sandbox: "sbx-1",
        service: SERVICE,
        database: "sbx_1",
        password: "x",
        connectionLimit: 1,
        snapshot,
      };
      assert.equal((await createSandboxDatabase(admin, wish)).template, name);
      const [{ n = 0 } = {}] = await server.run("select count(*)::int as n from benefit.people", "sbx_1");
      assert.equal(n, 20_000);
      await dropSandboxDatabase(admin, wish);
      await dropTemplates(admin, SERVICE, { keep: 0, signal: new AbortController().signal });
    } finally {
      await server.run("drop owned by adm");
      await server.run("drop role adm");
    }
  });

  it("is a sandbox's own when it is copied: rows, definitions and extensions", async () => {
    await load();
    const place = { sandbox: "sbx-1", database: "sbx_1" };
    const wish = { ...place, service: SERVICE, snapshot: "latest", password: "x", connectionLimit: 1 };
    await createSandboxDatabase(server.options, wish);
    const client = new Client({ ...server.options, user: "sbx_1", database: "sbx_1", password: "x" });
    await client.connect();
    try {
      const owners = await client.query<{ owner: string }>(`
        select distinct pg_get_userbyid(owner) as owner from (
          select relowner from pg_class where relnamespace = 'benefit'::regnamespace
          union select proowner from pg_proc where pronamespace = 'benefit'::regnamespace
          union select typowner from pg_type where typnamespace = 'benefit'::regnamespace
          union select nspowner from pg_namespace where nspname in ('benefit', 'Case files', 'public')
          union select extowner from pg_extension where extname = 'pgcrypto') of (owner)`);
      assert.deepEqual(owners.rows, [{ owner: "sbx_1" }]);
      const said = await client.query<{ body: string }>(
        "insert into benefit.notes (written_by, body) values ('me', 'mine') returning body",
      );
      assert.equal(said.rows[0]?.body, "mine; noted");
      await client.query("drop extension pgcrypto");
      await client.query("alter table benefit.people drop column phone, add constraint more check (id <> 0)");
    } finally {
      await client.end();
      await dropSandboxDatabase(server.options, place);
    }
  });

  it("is loaded once by two who load it at the same time", async () => {
    const stages: string[] = [];
    const progress: LoadParts["progress"] = ({ stage }) => stages.push(stage);
    const [one, other] = await Promise.all([load({ progress }), load({ progress })]);
    assert.deepEqual(one, other);
    assert.deepEqual(
      ["verifying", "waiting"].map((stage) => stages.filter((each) => each === stage).length),
      [1, 1],
    );
  });

  const kills = ["rows", "keys"] as const;
  for (const stage of kills) {
    it(`is whole after a load that was killed while it made ${stage}`, async () => {
      const child = spawn(process.execPath, [path.resolve("test/engine/support/loadProcess.cjs")], {
        env: {
          ...process.env,
          LOAD: JSON.stringify({
            ...{ service: SERVICE, server: server.options, publicKey: made.publicKey },
            snapshot: { id: made.snapshot.id, path: made.snapshot.path },
          }),
        },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      for await (const chunk of child.stdout) {
        said += String(chunk);
        if (said.includes(stage)) break;
      }
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      assert.deepEqual(await gone, [null, "SIGKILL"]);
      assert.deepEqual(await templatesOf(server.options, SERVICE), []);
      assert.ok((await server.databases()).some((name) => name.endsWith("_loading")));
      const { name } = await load();
      assert.deepEqual(await server.databases(), [name]);
    });
  }

  it("is not loaded where a file is another than was signed", async () => {
    const altered = await made.altered({});
    appendFileSync(path.join(altered.path, made.fileOf("people")), "x");
    await assert.rejects(load({ snapshot: altered }), /may not be loaded: part: .* has \d+ bytes, signed are \d+/);
    const other = await made.altered({});
    appendFileSync(path.join(other.path, "post-data.sql"), "drop table benefit.claims;");
    await assert.rejects(load({ snapshot: other }), /may not be loaded: definition: post-data\.sql has/);
    assert.deepEqual(await server.databases(), []);
  });

  it("is not loaded when it is too old, of another service, or signed by nobody we trust", async () => {
    await assert.rejects(load({ mostHours: 0 }), /may not be loaded: age: /);
    const altered = await made.altered({}, (manifest) => ({ ...manifest, service: "other" }));
    await assert.rejects(load({ snapshot: altered }), /it is one of other/);
    await assert.rejects(load({ keys: new Map() }), /signature: it is signed by a key that is not trusted/);
  });

  it("leaves nothing when a row is missing or too much, or has no partner", async () => {
    const households = made.fileOf("households");
    const lost = await made.altered({ [households]: (text) => text.slice(text.indexOf("\n") + 1) });
    await assert.rejects(
      load({ snapshot: lost }),
      /rows were lost or added: benefit\.households, written (\d+), loaded \d+/,
    );
    assert.deepEqual(await server.databases(), []);
    const orphans = await made.altered({ [households]: (text) => text.slice(text.indexOf("\n") + 1) }, (manifest) => ({
      ...manifest,
      scan: { ...manifest.scan, rows: manifest.scan.rows - 1 },
      tables: manifest.tables.map((table) =>
        table.table === "households" ? { ...table, rowsIn: table.rowsIn - 1, rowsOut: table.rowsOut - 1 } : table,
      ),
    }));
    await assert.rejects(load({ snapshot: orphans }), (error: Error) => {
      assert.match(error.message, /sqlstate 23503/);
      assert.match(error.message, /key \w+_fkey/);
      assert.doesNotMatch(error.message, /[0-9a-f]{8}-[0-9a-f]{4}-/);
      return true;
    });
    assert.deepEqual([await server.databases(), await server.roles()], [[], []]);
  });

  it("names the row that the server cannot take, and not what is in it", async () => {
    const people = made.fileOf("people");
    const bad = await made.altered({
      [people]: (text) => text.replace(/\n\d+\t/, "\nQxvrelda\t"),
    });
    await assert.rejects(load({ snapshot: bad }), (error: Error) => {
      assert.match(error.message, /benefit\.people.*sqlstate 22P02.*row 2/);
      assert.doesNotMatch(`${error.message}${error.stack ?? ""}`, /Qxvrelda/);
      return true;
    });
  });

  const attacks: readonly (readonly [string, string, string])[] = [
    ["make a role", "create role intruder superuser;", "42501"],
    ["run a program", "copy (select 1) to program 'touch /tmp/x';", "42501"],
    ["read a file", "select pg_read_file('/etc/passwd');", "42501"],
    ["let everybody connect", "grant connect on database postgres to public;", "42501"],
    ["use what psql alone knows", "\\! touch /tmp/x", "42601"],
    ["become somebody else", "set session authorization postgres;", "42501"],
  ];
  for (const [index, [what, sql, state]] of attacks.entries()) {
    it(`does not let definitions ${what}`, async () => {
      const file = index % 2 === 0 ? "pre-data.sql" : "post-data.sql";
      const altered = await made.altered({ [file]: (text) => `${text}\n${sql}\n` });
      await assert.rejects(
        load({ snapshot: altered }),
        new RegExp(`file ${file}, .*sqlstate ${state}|sqlstate ${state}, file ${file}`),
      );
      assert.deepEqual([await server.databases(), await server.roles()], [[], []]);
    });
  }

  it("sets sequences where they can go on, whatever fakes there are", async () => {
    await server.run("create database sequences");
    try {
      const client = new Client({ ...server.options, database: "sequences" });
      await client.connect();
      await client.query(`
        create table plain (id serial, other integer);
        insert into plain (id) values (7), (2000000000), (-3);
        create table small (id smallserial);
        insert into small values (1), (2), (30000), (32767);
        create sequence shared;
        create table one (id bigint default nextval('shared'));
        create table two (id bigint default nextval('shared'));
        insert into one values (12); insert into two values (900);
        create table down (id integer generated by default as identity (increment by -1));
        insert into down values (-40), (5);
        create table empty (id bigserial);
        create table full_ (id integer generated by default as identity (maxvalue 3));
        insert into full_ values (1), (2), (3);
        create sequence alone`);
      await setSequences(client);
      const next = async (name: string) =>
        (await client.query<{ n: string }>(`select nextval('${name}')::text as n`)).rows[0]?.n;
      const wanted = { plain_id_seq: "2000000001", small_id_seq: "3", shared: "901", down_id_seq: "-41" };
      for (const [name, value] of Object.entries({ ...wanted, empty_id_seq: "1", alone: "1" }))
        assert.equal(await next(name), value, name);
      await assert.rejects(next("full__id_seq"), { code: "2200H" });
      await client.end();
    } finally {
      await server.run("drop database sequences with (force)");
    }
  });

  it("stops when it is told to, and leaves nothing", async () => {
    for (const at of ["rows", "keys"] as const) {
      const stop = new AbortController();
      await assert.rejects(
        load({
          signal: stop.signal,
          progress: ({ stage }) => {
            if (stage === at) stop.abort(new Error("stopped by the test"));
          },
        }),
        /stopped by the test/,
      );
      assert.deepEqual([await server.databases(), await server.roles()], [[], []], at);
    }
  });
});
