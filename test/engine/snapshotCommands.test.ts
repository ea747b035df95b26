import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { projectRoot } from "../../platform/home";
import { tryExec } from "../../platform/exec";
import { TestDatabase } from "../support/database";
import { TestServer } from "../support/server";

interface Taken {
  readonly id: string;
  readonly path: string;
  readonly rows: number;
  readonly verdict: string;
}

describe("hms snapshot", function () {
  this.timeout(240_000);
  const database = new TestDatabase("commands");
  const vault = mkdtempSync(path.join(os.tmpdir(), "hms-vault-"));
  let client: Client;
  const { host, port, database: name, user, password } = database.options;
  const env = { PGHOST: host, PGPORT: String(port), PGDATABASE: name, PGUSER: user, PGPASSWORD: password };

  const hms = async (command: string, words: readonly string[] = [], change: NodeJS.ProcessEnv = {}) => {
    const program = path.join(projectRoot(), "bin", "hms");
    const service = ["--service", "drought-benefit", ...(command === "templates" ? [] : ["--vault", vault])];
    const ran = await tryExec(program, ["snapshot", command, ...words, ...service], {
      env: { ...process.env, ...env, ...change },
    });
    return { code: ran.code, out: ran.stdout, err: ran.stderr };
  };

  before(async () => {
    await database.create();
    client = new Client(database.options);
    await client.connect();
    await fillDatabase(client, { people: 20_000 });
  });
  after(async () => {
    await client.end();
    await database.remove();
    rmSync(vault, { recursive: true });
  });

  it("takes one for who may, lists it, and verifies it until one of its bytes is another", async () => {
    const refused = await hms("take", ["--stack", "prod"], { HMS_ROLE: "Analyst" });
    assert.deepEqual([refused.code, readdirSync(vault)], [1, []], refused.err);
    assert.match(
      refused.err,
      /not permitted: role Analyst may not snapshot-take drought-benefit on stack prod\. .*; Pipeline or Operator may snapshot-take drought-benefit on stack prod; /,
    );
    const taken = await hms("take", ["--stack", "prod", "--json"], { HMS_ROLE: "Pipeline" });
    assert.equal(taken.code, 0, taken.err);
    const { id, path: folder, rows, verdict } = JSON.parse(taken.out) as Taken;
    assert.deepEqual([rows > 20_000, verdict], [true, "pass"]);
    assert.equal((await hms("list")).out.trim(), id);
    const good = await hms("verify");
    assert.deepEqual([good.code, good.out.includes(`${id} verifies`)], [0, true], good.out);
    const bad = async () => {
      const { code, out } = await hms("verify", [id]);
      return { code, problems: out.split("\n").filter((line) => /^(part|definition): /.test(line)) };
    };
    const definitions = path.join(folder, "post-data.sql");
    const sql = readFileSync(definitions, "utf8");
    writeFileSync(definitions, sql.replace("UNIQUE", "unique"));
    assert.deepEqual(await bad(), { code: 1, problems: ["definition: post-data.sql was changed: another SHA-256"] });
    rmSync(definitions);
    writeFileSync(path.join(folder, "more.sql"), "drop schema benefit cascade");
    assert.deepEqual(await bad(), {
      code: 1,
      problems: ["definition: post-data.sql is missing", "part: more.sql is not in the manifest"],
    });
    rmSync(path.join(folder, "more.sql"));
    writeFileSync(definitions, sql);
    const [part = ""] = readdirSync(folder).filter((file) => file.includes(".copy"));
    appendFileSync(path.join(folder, part), "x");
    const { code, problems } = await bad();
    assert.deepEqual([code, problems.length, problems[0]?.startsWith(`part: ${part} has `)], [1, 1, true]);
  });

  it("keeps the newest when it removes old ones", async () => {
    assert.equal((await hms("take")).code, 0);
    const before = (await hms("list")).out.trim().split("\n");
    assert.equal(before.length, 2);
    const dry = await hms("prune", ["--keep", "1", "--max-age", "1s", "--dry-run"]);
    assert.match(dry.out, /^would go /m);
    assert.equal((await hms("list")).out.trim().split("\n").length, 2);
    const prune = ["--keep", "1", "--max-age", "1s", "--stack", "prod"];
    const refused = await hms("prune", prune, { HMS_ROLE: "Analyst" });
    assert.deepEqual(
      [refused.code, /may not snapshot-prune drought-benefit/.test(refused.err)],
      [1, true],
      refused.err,
    );
    assert.equal((await hms("list")).out.trim().split("\n").length, 2);
    assert.equal((await hms("prune", prune, { HMS_ROLE: "Pipeline" })).code, 0);
    assert.deepEqual((await hms("list")).out.trim(), before[1]);
  });

  it("loads the newest on another server, says which are there, and never takes PGHOST for that server", async () => {
    const server = new TestServer();
    await server.start();
    try {
      const { port, user: admin } = server.options;
      const to = ["--to", `postgresql://${admin}@127.0.0.1:${port}`];
      const their = { PGPASSWORD: server.password };
      const none = await hms("templates", to, their);
      assert.match(none.out, /no snapshot of drought-benefit is loaded; hms snapshot load/);
      const refused = await hms("load", [...to, "--stack", "prod"], { ...their, HMS_ROLE: "Analyst" });
      assert.match(refused.err, /not permitted: role Analyst may not snapshot-load drought-benefit on stack prod/);
      assert.deepEqual([refused.code, await server.databases()], [1, []]);
      const loaded = await hms("load", [...to, "--stack", "prod", "--json"], { ...their, HMS_ROLE: "Pipeline" });
      assert.equal(loaded.code, 0, loaded.err);
      const { name: template, rows } = JSON.parse(loaded.out) as { readonly name: string; readonly rows: number };
      assert.deepEqual([await server.databases(), rows > 20_000], [[template], true]);
      const { templates } = JSON.parse((await hms("templates", [...to, "--json"], their)).out) as {
        readonly templates: readonly unknown[];
      };
      assert.deepEqual(templates, [JSON.parse(loaded.out)]);
      const old = await hms("load", [...to, "--max-age", "1s", "--id", "20200101T000000Z-000000"], their);
      assert.deepEqual([old.code, /has no snapshot 20200101T000000Z-000000/.test(old.err)], [1, true], old.err);
      const bad = await hms("load", ["--to", "postgresql://127.0.0.1"], their);
      assert.deepEqual([bad.code, /--to: got a URL without host or user/.test(bad.err)], [2, true], bad.err);
      const elsewhere = await hms("load", ["--server", "nowhere/none"]);
      assert.deepEqual([elsewhere.code, /has no Secret nowhere\/none/.test(elsewhere.err)], [1, true], elsewhere.err);
    } finally {
      await server.stop();
    }
  });

  it("says what is wrong, and nothing that is in the database", async () => {
    const denied = await hms("take", [], { PGPASSWORD: "wrong" });
    assert.deepEqual([denied.code, /cannot be reached.*sqlstate 28P01/.test(denied.err)], [1, true], denied.err);
    await client.query("alter table benefit.people add column maiden_name text default 'Qxvrelda Zquamb'");
    const untagged = await hms("take");
    assert.deepEqual([untagged.code, /maiden_name: got a column without a tag/.test(untagged.err)], [1, true]);
    assert.ok(!`${untagged.out}${untagged.err}`.includes("Qxvrelda"));
    assert.equal((await hms("list")).out.trim().split("\n").length, 1);
  });
});
