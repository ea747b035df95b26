import { strict as assert } from "node:assert";
import {
  mergeMigrations,
  migrationsDecisionSchema,
  migrationsSchema,
  type Migrations,
} from "../../../core/service/migrations";
import { releaseOf } from "../../../core/rollout/release";
import { release } from "../rollout/support";

const up = ["node", "migrate.js", "up"];
const own = (keys: object = {}): Migrations => migrationsSchema.parse({ up, ...keys });

describe("migrations of a release", () => {
  const { spec } = release("a");
  const migration = { up, env: {}, secrets: {}, timeoutSeconds: 600, downOnRestore: false };

  it("make it another release, and so does each of their changes", () => {
    const down = ["undo"];
    const changes = [{}, { up: ["other"] }, { down }, { env: { A: "1" } }, { timeoutSeconds: 1 }, { image: "r@sha" }];
    const ids = changes.map((change) => releaseOf({ ...spec, migration: { ...migration, ...change } }, "A").id);
    assert.equal(new Set([release("a").id, ...ids]).size, changes.length + 1);
  });
});

describe("migrations of a service", () => {
  it("need no more than up", () => {
    assert.deepEqual(own(), { up, env: {}, secrets: {}, timeout: 600, downOnRestore: false });
  });

  it("are words as they are, and a text is for a shell", () => {
    assert.deepEqual(own({ up: "psql -f up.sql" }).up, ["/bin/sh", "-c", "psql -f up.sql"]);
    assert.deepEqual(own({ up: ["psql", "-c", ""] }).up, ["psql", "-c", ""]);
  });

  it("may name a password by a variable", () => {
    const command = 'psql "postgres://app:$PGPASSWORD@db/app" -f up.sql';
    assert.deepEqual(own({ up: command }).up.at(-1), command);
    assert.deepEqual(own({ up: ["fetch", "http://example.gov:8080/a@b"] }).up[1], "http://example.gov:8080/a@b");
  });

  it("are done without where a stack says none", () => {
    assert.equal(mergeMigrations(own(), "none"), undefined);
    assert.equal(mergeMigrations(undefined, undefined), undefined);
  });

  it("are the service's own, but for where and with what a stack runs them", () => {
    const service = own({ down: ["undo"], env: { PGHOST: "db", PGPORT: 5432 }, timeout: "1m" });
    const stack = migrationsDecisionSchema.parse({ env: { PGHOST: "db.prod" }, timeout: "1h", downOnRestore: true });
    assert.deepEqual(mergeMigrations(service, stack), {
      ...service,
      env: { PGHOST: "db.prod", PGPORT: "5432" },
      timeout: 3600,
      downOnRestore: true,
    });
  });
});
