import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { KubeClient } from "../../platform/kube/client";
import { GATEWAY } from "../support/cluster";
import { TestDatabase } from "../support/database";
import { TestProject } from "../support/project";

const CLAIM = {
  reference: "2026/0001",
  region: "central-valley",
  crop: "almonds",
  drought: "extreme",
  acres: 100,
  income: 250_000,
  yield: { expected: 2000, harvested: 1000 },
};

describe("a service that needs another one, end to end", function () {
  this.timeout(600_000);
  const project = new TestProject("needs");
  const database = new TestDatabase("needs");
  const kube = KubeClient.load({ context: "hms-local" });

  before(async () => {
    await database.create();
    await project.init();
  });
  after(async () => {
    project.remove();
    await database.remove();
  });

  /** A file of benefits-api, rewritten. */
  const edit = (file: string, change: (text: string) => string): void => {
    const full = path.join(project.folder, "examples", "benefits-api", file);
    const before = readFileSync(full, "utf8");
    assert.notEqual(change(before), before, `the edit of ${file} changes nothing`);
    writeFileSync(full, change(before));
  };
  const ask = async (to: string, body?: object) => {
    const headers = { host: `benefits-api.${project.domain}`, "content-type": "application/json" };
    const method = body === undefined ? "GET" : "POST";
    const { request } = await import("undici");
    const answer = await request(`${GATEWAY.address}${to}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
    });
    return { status: answer.statusCode, json: (await answer.body.json()) as Record<string, unknown> };
  };
  const live = async () =>
    Object.fromEntries(
      (await project.status()).services.map(({ name, live, colors }) => [name, live && colors[live]?.release]),
    );
  const history = async () => {
    const { output } = await project.deploy("history", "--env", project.stack, "--json");
    const { services } = JSON.parse(output.slice(output.indexOf("{"))) as {
      services: { name: string; events: { kind: string; at: string; reason?: string }[] }[];
    };
    return new Map(services.map(({ name, events }) => [name, events]));
  };

  it("is stopped in preview by each value and each secret that it lacks, by key", async () => {
    const first = await project.up();
    assert.equal(first.code, 0, first.output);
    const entry: Record<string, unknown> = { source: "examples/benefits-api", replicas: 1 };
    project.configure((config) => {
      (config["hms:services"] as Record<string, unknown>)["benefits-api"] = entry;
    });
    const noValue = await project.preview();
    assert.notEqual(noValue.code, 0);
    assert.match(noValue.output, /hms:services\.benefits-api\.env\.POLICY_URL: got nothing/);
    project.configure((config) => {
      (config["hms:services"] as Record<string, Record<string, unknown>>)["benefits-api"] = {
        ...entry,
        env: { POLICY_URL: "http://10.245.0.1:8080", POLICY_HOST: `drought-benefit.${project.domain}` },
      };
    });
    const noSecret = await project.preview();
    assert.notEqual(noSecret.code, 0);
    assert.match(noSecret.output, /benefits-api: secret benefits-db, key password: the Secret does not exist/);
    assert.ok(!noSecret.output.includes(database.password));
  });

  it("comes up with its database, asks what it needs, and says beside which release it was proven", async () => {
    await kube.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "benefits-db", namespace: project.namespace },
      stringData: database.secret,
    });
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const made = await ask("/claims", CLAIM);
    assert.equal(made.status, 201);
    assert.deepEqual(await ask("/claims", CLAIM), { status: 200, json: made.json });
    const payout = await ask(`/claims/${String(made.json.id)}/payout`);
    assert.deepEqual([payout.status, payout.json.eligible, payout.json.dueCents], [200, true, 1_537_500]);
    assert.match((await history()).get("benefits-api")?.[0]?.reason ?? "", /proven with drought-benefit /);
  });

  it("moves after what it needs, in one update of both", async () => {
    project.newPolicy("2026.2");
    project.edit("service.yaml", (text) => text.replace('contract: "1.0"', 'contract: "1.1"'));
    edit("service.yaml", (text) => text.replace('    contract: "1.0"', '    contract: "1.1"'));
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const events = await history();
    const [needed, needing] = ["drought-benefit", "benefits-api"].map((name) => events.get(name)?.[0]);
    assert.deepEqual([needed?.kind, needing?.kind], ["deploy", "deploy"]);
    assert.ok((needed?.at ?? "") < (needing?.at ?? ""), `${needed?.at ?? ""} is not before ${needing?.at ?? ""}`);
  });

  it("keeps what it needs from going back alone, with the reason and the way out", async () => {
    const before = await live();
    const { code, output } = await project.deploy("rollback", "--env", project.stack, "--service", "drought-benefit");
    assert.equal(code, 1);
    assert.match(output, /benefits-api .* needs drought-benefit by contract 1\.1, and .* answers by contract 1\.0/);
    assert.match(output, /--with-dependents/);
    assert.deepEqual(await live(), before);
  });

  for (const [what, words] of [
    ["of a whole stack", []],
    ["that takes along whom it would break", ["--service", "drought-benefit", "--with-dependents"]],
  ] as const) {
    it(`goes back first, in a rollback ${what}`, async () => {
      const before = await live();
      const { code, output } = await project.deploy("rollback", "--env", project.stack, ...words);
      assert.equal(code, 0, output);
      const order = [...output.matchAll(/^(\S+): Reverted to tag/gm)].map(([, name]) => name);
      assert.deepEqual(order, ["benefits-api", "drought-benefit"]);
      const events = await history();
      for (const name of order) assert.equal(events.get(name ?? "")?.[0]?.kind, "rollback");
      assert.equal((await ask("/estimates", CLAIM)).status, 200);
      const again = await project.deploy("--env", project.stack, "--retry");
      assert.equal(again.code, 0, again.output);
      assert.deepEqual(await live(), before);
    });
  }

  it("is left without what it needs only where somebody says so, and gets no other release meanwhile", async () => {
    const args = ["rollback", "--env", project.stack, "--service", "drought-benefit", "--break-dependents"];
    const broken = await project.deploy(...args);
    assert.equal(broken.code, 0, broken.output);
    edit("service.yaml", (text) => text.replace('"2000"', '"1900"'));
    const refused = await project.preview();
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /needs drought-benefit by contract 1\.1, and .* answers by contract 1\.0/);
    edit("service.yaml", (text) => text.replace('"1900"', '"2000"'));
    const mended = await project.deploy("--env", project.stack, "--retry");
    assert.equal(mended.code, 0, mended.output);
  });

  it("stops a release of what it needs that would break it, and stays as it is itself", async () => {
    const before = await live();
    project.edit("policy/benefit.rego", (text) => text.replace('"policyVersion": rules', '"rulesVersion": rules'));
    edit("service.yaml", (text) => text.replace('"2000"', '"1500"'));
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.match(output, /it would break benefits-api .*no result\.policyVersion/);
    assert.deepEqual(await live(), before);
    const { services } = await project.status();
    const api = services.find(({ name }) => name === "benefits-api");
    assert.ok(api);
    assert.deepEqual(api.held, []);
    assert.deepEqual([api.colors.blue?.proven, api.colors.green?.proven], [true, true]);
  });
});
