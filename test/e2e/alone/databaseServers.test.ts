import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { databaseServerChecks } from "../../../platform/local/databaseServers";
import { CLUSTER, loadLayout } from "../../../platform/local/layout";
import { becomesHealthy } from "../../../platform/local/reconcile";
import { bringUp } from "../../../platform/local/up";
import { Progress } from "../../../platform/progress";
import { sandboxServer } from "../../../provider/sandbox/server";
import { Asker, NOBODY, OPEN, REFUSED } from "../../support/asker";
import { TestNamespace } from "../../support/cluster";

const layout = loadLayout();
const { ports } = layout;
const serviceOf = (name: string, namespace: string) => `http://${name}.${namespace}.svc.${CLUSTER.domain}:5432/`;
const VAULT = serviceOf("vault-postgres", "hms-vault");
const SANDBOXES = serviceOf("sandbox-postgres", "hms-sandboxes");

/** Whatever a pod may talk to by its own policies, the servers' policies decide too. */
describe("the vault's and the sandboxes' database servers", function () {
  this.timeout(600_000);

  const sandbox = new TestNamespace("servers-sbx");
  const stranger = new TestNamespace("servers-other");
  const [inside, outside] = [new Asker(sandbox, "inside"), new Asker(stranger, "outside")];

  const asAdmin = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const { host, port, user, password } = await sandboxServer(sandbox.kube);
    const client = new Client({ host, port, user, password, database: "postgres" });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };

  /** Asked again where there was no answer: a slow machine's looks like a refusal that is not sent. */
  const isOpen = async (asker: Asker, target: string) => {
    for (const end = Date.now() + 30_000; (await asker.ask(target)) !== OPEN;) assert.ok(Date.now() < end, target);
  };

  before(async () => {
    await bringUp(layout, { progress: new Progress({ write: () => undefined }), sandboxes: true });
    await Promise.all([sandbox.create({ "hms.delivery/sandbox": sandbox.name }), stranger.create()]);
    await Promise.all([inside.start(), outside.start()]);
    await Promise.all([inside.isReady(), outside.isReady()]);
  });
  after(async () => {
    await asAdmin((client) => client.query("drop database if exists servers_test with (force)"));
    await Promise.all([sandbox.remove(), stranger.remove()]);
  });

  it("let sandboxes reach the sandboxes' server, nobody else, and nobody the vault's", async () => {
    await isOpen(inside, SANDBOXES);
    assert.equal(await outside.ask(SANDBOXES), REFUSED);
    for (const asker of [inside, outside]) {
      assert.equal(await asker.ask(VAULT), REFUSED);
      // The ports by which this machine reaches them are its own.
      for (const port of [ports.vaultPostgres, ports.sandboxPostgres])
        assert.equal(await asker.ask(`http://${CLUSTER.address}:${port}/`), NOBODY);
    }
  });

  it("leave a sandbox that is closed but for them and the name server no way to this machine's PostgreSQL", async () => {
    const to = (namespace: string) => ({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    });
    await sandbox.kube.apply(
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "closed", namespace: sandbox.name },
        spec: {
          podSelector: {},
          policyTypes: ["Ingress", "Egress"],
          egress: [
            { to: [to("hms-sandboxes")], ports: [{ port: 5432 }] },
            {
              to: [to("kube-system")],
              ports: [
                { port: 53, protocol: "UDP" },
                { port: 53, protocol: "TCP" },
              ],
            },
          ],
        },
      },
      { fieldManager: "hms-test", force: true },
    );
    const own = `http://${CLUSTER.address}:${ports.postgres}/`;
    await isOpen(outside, own);
    for (const end = Date.now() + 30_000; (await inside.ask(own)) !== REFUSED;) {
      assert.ok(Date.now() < end, "the policy is not in force after 30 s");
    }
    await isOpen(inside, SANDBOXES);
  });

  it("have their data when their pod was removed by force", async () => {
    await asAdmin((client) => client.query("drop database if exists servers_test with (force)"));
    await asAdmin((client) => client.query("create database servers_test"));
    const pods = await sandbox.kube.list(
      { apiVersion: "v1", kind: "Pod", namespace: "hms-sandboxes" },
      { labelSelector: "app=sandbox-postgres" },
    );
    for (const { metadata } of pods) {
      const pod = { apiVersion: "v1", kind: "Pod", name: metadata.name ?? "", namespace: "hms-sandboxes" };
      await sandbox.kube.delete(pod, { gracePeriodSeconds: 0 });
    }
    const find = () =>
      asAdmin((client) =>
        client.query("select count(*)::int as found from pg_database where datname = 'servers_test'"),
      );
    let found = await find().catch(() => undefined);
    for (const end = Date.now() + 60_000; found === undefined; found = await find().catch(() => undefined)) {
      assert.ok(Date.now() < end, "it did not come back");
      await sleep(200);
    }
    assert.deepEqual(found.rows, [{ found: 1 }]);
    for (const { name, probe } of databaseServerChecks(layout, sandbox.kube))
      assert.equal(await becomesHealthy(probe, 30_000, undefined), undefined, name);
  });
});
