import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pgClient } from "../../platform/pgClient";
import { TestDatabase } from "../support/database";

describe("a connection to PostgreSQL", () => {
  const database = new TestDatabase("pgclient");
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-pgpass-"));
  const file = path.join(folder, "pgpass");
  const were = { PGPASSFILE: process.env.PGPASSFILE, PGPASSWORD: process.env.PGPASSWORD };

  before(async () => {
    await database.create();
  });
  after(async () => {
    for (const [name, value] of Object.entries(were)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true });
    await database.remove();
  });

  it("takes its password from the password file, without a word of the driver's own plans", async () => {
    const { password, ...place } = database.options;
    delete process.env.PGPASSWORD;
    process.env.PGPASSFILE = file;
    const entry = [place.host, place.port, place.database, place.user, password].join(":");
    writeFileSync(file, `elsewhere:5432:*:*:wrong\n${entry}\n`, { mode: 0o600 });
    const said: string[] = [];
    const listen = (warning: Error) => said.push(warning.message);
    process.on("warning", listen);
    const client = pgClient(place);
    try {
      await client.connect();
      assert.deepEqual((await client.query<{ one: number }>("select 1 as one")).rows, [{ one: 1 }]);
      // Warnings are told in the next turn.
      await new Promise((done) => setImmediate(done));
      assert.deepEqual(said, []);
    } finally {
      process.off("warning", listen);
      await client.end();
    }
  });

  it("is refused where the file names others alone", async () => {
    const { password: _password, ...place } = database.options;
    process.env.PGPASSFILE = file;
    writeFileSync(file, "elsewhere:5432:*:*:wrong\n", { mode: 0o600 });
    const client = pgClient(place);
    client.on("error", () => undefined);
    await assert.rejects(client.connect(), /password/);
  });
});
