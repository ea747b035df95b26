import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { KubeClient } from "../../platform/kube/client";
import { withAdmin } from "../../provider/sandbox/admin";
import { listSandboxDatabases } from "../../provider/sandbox/database";
import { TestServer } from "../support/server";
import { loadedTemplate } from "../support/template";
import { PluginProject } from "./support/pluginProject";

const KUBECONFIG = join(process.env.HMS_HOME ?? join(homedir(), ".hms"), "kubeconfig");
const SERVICE = "drought-benefit";
const HOUR = 3_600_000;

const PROGRAM = `
  const { CONTEXT: context, SERVER: server, SNAPSHOT: snapshot, PASSWORD: password, LIMIT: limit } = process.env;
  const provider = new hms.HmsProvider("hms", { context, ledger: { name: "conformance" } });
  const database = new hms.SandboxDatabase("clone", {
    server, service: process.env.SERVICE, snapshot, database: "sbx_42", role: process.env.ROLE, sandbox: "sbx-42",
    password, connectionLimit: Number(limit),
  }, { provider });
  const { host, port, snapshot: id, takenAt, template } = database;
  module.exports = { host, port, id, takenAt, template };
`;

describe("hms:data:SandboxDatabase, under the engine", function () {
  this.timeout(180_000);
  const server = new TestServer();
  const project = new PluginProject("hms", "0.0.0");
  const kube = KubeClient.load({ kubeconfig: KUBECONFIG, context: "hms-local" });
  const namespace = `clones-${randomBytes(3).toString("hex")}`;
  const first = "20261120T014400Z-1a2b3c";
  const second = "20261121T014400Z-1a2b3c";

  async function as(password: string, query = "select count(*)::int as n from benefit.things") {
    const client = new Client({ ...server.options, user: "sbx_42", database: "sbx_42", password });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } finally {
      await client.end();
    }
  }
  const state = () => project.stateText();

  /** Of the provider: it asks for the lock again and again. */
  async function sessions(): Promise<number> {
    const [row] = await server.run(
      "select count(*)::int as n from pg_stat_activity where application_name = 'hms sandbox' and query ~ 'try_advisory'",
    );
    return Number(row?.n) - 1;
  }
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (const giveUp = Date.now() + 120_000; !(await isSo());) {
      assert.ok(Date.now() < giveUp, "it did not come to that");
      await sleep(100);
    }
  }

  before(async () => {
    await server.start();
    const { host, port, user, password } = server.options;
    const reach = { host, port: String(port), user, password, inClusterHost: "db.example.org", inClusterPort: "5432" };
    await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await kube.create({
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "admin", namespace } },
      stringData: reach,
    });
    Object.assign(project.env, {
      ...{ KUBECONFIG, CONTEXT: "hms-local", SERVER: `${namespace}/admin`, SERVICE, ROLE: "sbx_42" },
      ...{ SNAPSHOT: "latest", PASSWORD: "Zq7-first-word", LIMIT: "3" },
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    });
    project.program(PROGRAM);
    await project.createStack();
  });
  after(async () => {
    await kube.delete({ apiVersion: "v1", kind: "Namespace", name: namespace });
    await server.stop();
    project.remove();
  });

  it("says what to load when nothing is loaded, and what is wrong with its inputs without a password", async () => {
    const none = await project.up();
    assert.notEqual(none.code, 0);
    assert.match(
      none.text,
      /no snapshot of drought-benefit is loaded on the sandboxes' server; load one: hms snapshot load/,
    );
    project.env.ROLE = "postgres";
    project.env.LIMIT = "0";
    const bad = await project.pulumi("preview", "--stack", "test");
    assert.match(bad.text, /property role value \{postgres\} has a problem: must be the name of the database/);
    assert.match(bad.text, /connectionLimit/);
    Object.assign(project.env, { ROLE: "sbx_42", LIMIT: "3" });
    assert.ok(![none.text, bad.text, state()].some((text) => text.includes("Zq7-first-word")));
  });

  it("is a copy of the newest snapshot, and keeps it when a newer one is loaded", async () => {
    await loadedTemplate(server, SERVICE, first, new Date(Date.now() - 20 * HOUR));
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const outputs = await project.outputs();
    assert.deepEqual([outputs.host, outputs.port, outputs.id], ["db.example.org", 5432, first]);
    assert.deepEqual(await as("Zq7-first-word"), [{ n: 1000 }]);
    await loadedTemplate(server, SERVICE, second, new Date(Date.now() - HOUR));
    const again = await project.pulumi("preview", "--stack", "test", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    project.env.SNAPSHOT = first;
    const pinned = await project.pulumi("preview", "--stack", "test", "--expect-no-changes");
    assert.equal(pinned.code, 0, pinned.text);
  });

  it("has a new password and limit without losing a row, and its state never has a password in clear", async () => {
    await as("Zq7-first-word", "delete from benefit.things where id > 10");
    Object.assign(project.env, { PASSWORD: "Zq7-second-word", LIMIT: "4" });
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(preview.text, /~hms:data:SandboxDatabase|~ hms:data:SandboxDatabase/);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.deepEqual(await as("Zq7-second-word"), [{ n: 10 }]);
    await assert.rejects(as("Zq7-first-word"), { code: "28P01" });
    assert.ok(state().includes("sbx_42"));
    assert.ok(![preview.text, up.text, state()].some((text) => /Zq7-(first|second)-word/.test(text)));
  });

  it("comes back when somebody took it away, and is replaced for another snapshot", async () => {
    await server.run("drop database sbx_42 with (force)");
    const back = await project.up("--refresh");
    assert.equal(back.code, 0, back.text);
    assert.deepEqual(await as("Zq7-second-word"), [{ n: 1000 }]);
    project.env.SNAPSHOT = second;
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(preview.text, /replace/);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.equal((await project.outputs()).id, second);
  });

  it("is whole after an engine that was killed while it was replaced", async () => {
    project.env.SNAPSHOT = first;
    // The provider waits for whoever holds the database's lock, so that it is killed right there.
    const killed = await withAdmin(server.options, (admin) =>
      admin.exclusively("hms sandbox database sbx_42", {}, async () => {
        const up = project.start(["up", "--yes", "--skip-preview", "--stack", "test"]);
        await until(async () => (await sessions()) > 0);
        up.interrupt("SIGKILL");
        await up.done;
        await until(async () => (await sessions()) === 0);
        return up.done;
      }),
    );
    assert.notEqual(killed.code, 0);
    await project.pulumi("cancel", "--yes", "--stack", "test");
    const again = await project.up();
    assert.equal(again.code, 0, again.text);
    assert.equal((await project.outputs()).id, first);
    assert.deepEqual(await as("Zq7-second-word"), [{ n: 1000 }]);
  });

  it("is gone with its role after destroy, which needs no template", async () => {
    for (const id of [first, second]) {
      const name = `hms_drought_benefit_${id.toLowerCase().replace("-", "_")}`;
      await server.run(`alter database ${name} is_template false`);
      await server.run(`drop database ${name}`);
    }
    const destroyed = await project.pulumi("destroy", "--yes", "--stack", "test");
    assert.equal(destroyed.code, 0, destroyed.text);
    assert.deepEqual(await listSandboxDatabases(server.options), []);
    assert.ok(!(await server.roles()).includes("sbx_42"));
  });
});
