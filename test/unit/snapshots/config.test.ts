import assert from "node:assert/strict";
import { readStack, type ReadStack } from "../../../config/readStack";
import { STACK_VALUES } from "../../support/stackValues";

const RULES = "owner: office\ntables:\n  public.people:\n    columns: { id: id.integer }\n";
const FILES: Readonly<Record<string, string>> = {
  "web/service.yaml": 'name: web\nport: 8080\nsmoke: [{ name: answers, request: { path: "/" } }]\n',
  "web/scrub.yaml": RULES,
  "other.yaml": RULES,
  "broken.yaml": "owner: [",
};
const WHOLE = { schedule: "0 3 * * *", database: { pods: { app: "db" } } };

function read(web: unknown, stack: Readonly<Record<string, unknown>> = {}, name = "web"): ReadStack {
  return readStack({
    stack: "test",
    values: {
      ...STACK_VALUES,
      services: { web: { source: "web" } },
      snapshots: { [name]: web },
      ...stack,
    },
    encrypted: [],
    files: { read: (path) => FILES[path], absolute: (path) => `/project/${path}` },
  });
}

const problems = (...args: Parameters<typeof read>): readonly string[] => {
  const result = read(...args);
  return result.ok ? [] : result.problems;
};

describe("hms:snapshots", () => {
  it("needs a time and a database, and has the local platform's names for the rest", () => {
    const result = read(WHOLE);
    assert.ok(result.ok, result.ok ? "" : result.problems.join("\n"));
    assert.deepEqual(result.config.snapshots, [
      {
        ...{ service: "web", schedule: "0 3 * * *", timeZone: "Etc/UTC", namespace: "hms-vault" },
        database: { secret: "snapshot-reader", pods: { app: "db" }, port: 5432, tls: false },
        ...{ keys: "snapshot-keys", store: "snapshots", keep: 7, maxAge: 2_592_000, deadline: 21_600, memory: "1Gi" },
        rules: RULES,
      },
    ]);
  });

  it("is of a service that the stack does not deliver too, if its rules are named", () => {
    assert.deepEqual(problems({ ...WHOLE, rules: "other.yaml" }, {}, "archive"), []);
    assert.deepEqual(problems(WHOLE, {}, "archive"), [
      "hms:snapshots.archive.rules: got nothing, and archive has no source in this stack; allowed is a file with scrub rules, " +
        "relative to Pulumi.yaml; nothing is read without them; write them (docs/snapshots.md), or correct the path",
    ]);
  });

  it("names everything that is wrong at once", () => {
    const wrong = {
      ...{ schedule: "nightly", timeZone: "EST", keep: 0, maxAge: "1s", store: "A", deadline: 5, memory: "256Mi" },
      ...{ extra: 1 },
      database: { cidr: "10.0.0.1", port: "x", tls: "yes", secret: "hunter2 " },
    };
    const named = problems(wrong).map((problem) => problem.replace(/; allowed.*/s, ""));
    assert.deepEqual(named.sort(), [
      'hms:snapshots.web.database.cidr: got "10.0.0.1"',
      'hms:snapshots.web.database.port: got "x"',
      "hms:snapshots.web.database.secret: got a text (not shown)",
      'hms:snapshots.web.database.tls: got "yes"',
      "hms:snapshots.web.deadline: got 5",
      "hms:snapshots.web.extra: got an unknown key",
      "hms:snapshots.web.keep: got 0",
      'hms:snapshots.web.maxAge: got "1s"',
      'hms:snapshots.web.memory: got "256Mi"',
      'hms:snapshots.web.schedule: got "nightly": it has 1 fields',
      'hms:snapshots.web.store: got "A"',
      'hms:snapshots.web.timeZone: got "EST"',
    ]);
  });

  it("says one way to the database, no less and no more", () => {
    const { schedule } = WHOLE;
    assert.match(
      problems({ schedule, database: {} })[0] ?? "",
      /database: got neither pods nor cidr; allowed is exactly one/,
    );
    const both = { pods: { app: "db" }, cidr: "10.0.0.0/24" };
    assert.match(problems({ schedule, database: both })[0] ?? "", /database: got both pods and cidr/);
  });

  it("has rules that can be read, and names a file that is not there", () => {
    assert.match(problems({ ...WHOLE, rules: "none.yaml" })[0] ?? "", /rules: got "none.yaml", which is not there/);
    assert.match(problems({ ...WHOLE, rules: "broken.yaml" })[0] ?? "", /^broken\.yaml:/);
  });

  it("names its image on every cluster but the local platform", () => {
    const elsewhere = { kubeContext: "agency" };
    assert.match(problems(WHOLE, elsewhere)[0] ?? "", /image: got nothing, for the context agency/);
    const image = `registry.example.gov/hms/database-runner@sha256:${"a".repeat(64)}`;
    assert.deepEqual(problems({ ...WHOLE, image }, elsewhere), []);
  });

  it("loads them too where it says when and where, with one way there", () => {
    const load = { schedule: "30 3 * * *", server: { pods: { app: "sandbox-postgres" } } };
    const result = read({ ...WHOLE, load });
    assert.ok(result.ok, result.ok ? "" : result.problems.join("\n"));
    assert.deepEqual(result.config.snapshots[0]?.load, {
      ...{ schedule: "30 3 * * *", namespace: "hms-sandboxes", trust: "snapshot-trust", store: "snapshots" },
      server: { secret: "sandbox-server-admin", pods: { app: "sandbox-postgres" }, port: 5432 },
      ...{ keep: 2, maxAge: 129_600, deadline: 7200 },
    });
    assert.match(
      problems({ ...WHOLE, load: { ...load, server: {} } })[0] ?? "",
      /web\.load\.server: got neither pods nor cidr/,
    );
  });
});
