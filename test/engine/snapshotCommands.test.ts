import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { projectRoot } from "../../platform/home";
import { tryExec } from "../../platform/exec";
import { TestDatabase } from "../support/database";

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
    const service = ["--service", "drought-benefit", "--vault", vault];
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

  it("takes one, lists it, and verifies it until one of its bytes is another", async () => {
    const taken = await hms("take", ["--json"]);
    assert.equal(taken.code, 0, taken.err);
    const { id, path: folder, rows, verdict } = JSON.parse(taken.out) as Taken;
    assert.deepEqual([rows > 20_000, verdict], [true, "pass"]);
    assert.equal((await hms("list")).out.trim(), id);
    const good = await hms("verify");
    assert.deepEqual([good.code, good.out.includes(`${id} verifies`)], [0, true], good.out);
    const [part = ""] = readdirSync(folder).filter((file) => file.endsWith(".copy.gz"));
    appendFileSync(path.join(folder, part), "x");
    const bad = await hms("verify", [id]);
    assert.deepEqual([bad.code, /part: /.test(bad.out)], [1, true], bad.out);
  });

  it("keeps the newest when it removes old ones", async () => {
    assert.equal((await hms("take")).code, 0);
    const before = (await hms("list")).out.trim().split("\n");
    assert.equal(before.length, 2);
    const dry = await hms("prune", ["--keep", "1", "--max-age", "1s", "--dry-run"]);
    assert.match(dry.out, /^would go /m);
    assert.equal((await hms("list")).out.trim().split("\n").length, 2);
    assert.equal((await hms("prune", ["--keep", "1", "--max-age", "1s"])).code, 0);
    assert.deepEqual((await hms("list")).out.trim(), before[1]);
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
