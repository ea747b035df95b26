import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SNAPSHOT_LABEL, snapshotLoadObjects, snapshotObjects } from "../../components/snapshotObjects";
import { asNumber, path as at } from "../../core/json";
import { exec, tryExec } from "../../platform/exec";
import { projectRoot } from "../../platform/home";
import { KubeClient } from "../../platform/kube/client";
import { ensureDatabaseRunnerImage } from "../../platform/local/databaseRunnerImage";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { processesWhere } from "../../platform/local/procfs";
import { bringUp } from "../../platform/local/up";
import { Progress } from "../../platform/progress";
import { sandboxServer } from "../../provider/sandbox/server";
import { dropTemplates, templatesOf } from "../../provider/snapshot/templates";
import { Asker, OPEN, REFUSED } from "../support/asker";
import { killIfAlive } from "../support/killIfAlive";

const layout = loadLayout();
const { ports } = layout;
const VAULT = "hms-vault";
const SANDBOXES = "hms-sandboxes";
/** Of the test alone, so that it meets nobody's snapshots. */
const SERVICE = "snapshot-job-test";
const NAME = `snapshot-${SERVICE}`;
const LOAD = `snapshot-load-${SERVICE}`;
const STORE = path.join(layout.home, "vault", "snapshots", SERVICE);
const serviceOf = (name: string, namespace: string) => `http://${name}.${namespace}.svc.${CLUSTER.domain}:5432/`;

describe("a snapshot job", function () {
  this.timeout(600_000);

  const kube = KubeClient.load({ context: CLUSTER.context });
  const hms = (...words: readonly string[]) => tryExec(path.join(projectRoot(), "bin", "hms"), words);
  const kubectl = (...words: readonly string[]) => exec("kubectl", ["-n", VAULT, ...words]);
  const beside = (...words: readonly string[]) => exec("kubectl", ["-n", SANDBOXES, ...words]);
  const asker = new Asker({ name: VAULT, kube }, "snapshot-job-asker");

  const objects = () => {
    const { account, rules, policy, cronJob } = snapshotObjects({
      ...{ service: SERVICE, namespace: VAULT, schedule: "0 0 1 1 *", timeZone: "Etc/UTC" },
      database: { secret: "snapshot-reader", pods: { app: "vault-postgres" }, port: 5432, tls: false },
      ...{ keys: "snapshot-keys", store: "snapshots", keep: 2, maxAge: 3600, deadline: 600, memory: "1Gi" },
      rules: fs.readFileSync(path.join(projectRoot(), "examples/drought-benefit/scrub.yaml"), "utf8"),
    });
    return [
      { apiVersion: "v1", kind: "ServiceAccount", ...account },
      { apiVersion: "v1", kind: "ConfigMap", ...rules },
      { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...policy },
      { apiVersion: "batch/v1", kind: "CronJob", ...cronJob(image) },
    ];
  };
  const loads = () => {
    const { account, policy, cronJob } = snapshotLoadObjects(SERVICE, "Etc/UTC", {
      ...{ schedule: "0 0 1 1 *", namespace: SANDBOXES, trust: "snapshot-trust", store: "snapshots" },
      server: { secret: "sandbox-server-admin", pods: { app: "sandbox-postgres" }, port: 5432 },
      ...{ keep: 1, maxAge: 3600, deadline: 600 },
    });
    return [
      { apiVersion: "v1", kind: "ServiceAccount", ...account },
      { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...policy },
      { apiVersion: "batch/v1", kind: "CronJob", ...cronJob(image) },
    ];
  };
  let image = "";

  const start = (job: string) => kubectl("create", "job", job, `--from=cronjob/${NAME}`);
  const ends = async (job: string, namespace = VAULT): Promise<void> => {
    for (const end = Date.now() + 240_000; ;) {
      const found = await kube.get({ apiVersion: "batch/v1", kind: "Job", name: job, namespace });
      if ((asNumber(at(found, "status", "succeeded")) ?? 0) > 0) return;
      const failed = (asNumber(at(found, "status", "failed")) ?? 0) > 0;
      assert.ok(
        !failed && Date.now() < end,
        await exec("kubectl", ["-n", namespace, "logs", "--tail=20", `job/${job}`]).catch(String),
      );
      await sleep(200);
    }
  };
  const taken = () => fs.readdirSync(STORE).filter((name) => /^\d{8}T/.test(name));

  before(async () => {
    const options = { progress: new Progress({ write: () => undefined }) };
    await bringUp(layout, { ...options, sandboxes: true });
    const filled = await hms("local", "fill", "--service", "drought-benefit");
    assert.ok(filled.code === 0 || filled.stderr.includes("people already"), filled.stderr);
    image = await ensureDatabaseRunnerImage(layout, options);
    for (const object of [...objects(), ...loads()])
      await kube.apply(object, { fieldManager: "hms-test", force: true });
  });
  after(async () => {
    await kubectl("delete", "pod,job", "-l", `${SNAPSHOT_LABEL}=${SERVICE}`, "--wait=false");
    for (const { apiVersion, kind, metadata } of [...objects(), ...loads()])
      await kube.delete({ apiVersion, kind, ...metadata }, { propagation: "Background" });
    const { host, port, user, password } = await sandboxServer(kube);
    await dropTemplates({ host, port, user, password }, SERVICE, { keep: 0, signal: new AbortController().signal });
    fs.rmSync(STORE, { recursive: true, force: true });
  });

  it("takes a snapshot that verifies where a person takes them, and leaves nothing half-made", async () => {
    await start(`${NAME}-1`);
    await ends(`${NAME}-1`);
    assert.equal(taken().length, 1);
    const verified = await hms("snapshot", "verify", "--service", SERVICE);
    assert.deepEqual([verified.code, verified.stdout.includes(" verifies: ")], [0, true], verified.stdout);
  });

  it("reaches the database and the name server, and nothing else", async () => {
    await asker.start();
    await asker.label({ [SNAPSHOT_LABEL]: SERVICE });
    await asker.isReady();
    for (const end = Date.now() + 30_000; (await asker.ask(serviceOf("vault-postgres", VAULT))) !== OPEN;) {
      assert.ok(Date.now() < end, "the policies are not in force after 30 s");
    }
    const node = `http://${CLUSTER.address}`;
    for (const url of [
      serviceOf("sandbox-postgres", "hms-sandboxes"),
      `${node}:${ports.apiserver}/`,
      `http://${CLUSTER.apiService}:443/`,
      `${node}:${ports.gateway}/`,
      `${node}:${ports.prometheus}/`,
      `${node}:${ports.postgres}/`,
    ])
      assert.equal(await asker.ask(url), REFUSED, url);
  });

  it("is finished by the next run when it was killed in the middle, and nothing of it is left", async () => {
    const before = taken();
    await start(`${NAME}-2`);
    const beginning = path.join(STORE, ".quarantine");
    for (const end = Date.now() + 120_000; !fs.existsSync(beginning);) {
      assert.ok(Date.now() < end, "it did not begin");
      await sleep(10);
    }
    const its = (words: readonly string[]) => words.includes("/app/runner.cjs") && words.includes(SERVICE);
    for (const pid of processesWhere(its)) killIfAlive(pid);
    await kubectl("delete", "job", `${NAME}-2`);
    assert.deepEqual([taken(), fs.existsSync(beginning)], [before, true]);
    await start(`${NAME}-3`);
    await ends(`${NAME}-3`);
    assert.equal(taken().length, before.length + 1);
    assert.equal(fs.existsSync(beginning), false);
    const verified = await hms("snapshot", "verify", "--service", SERVICE);
    assert.equal(verified.code, 0, verified.stdout);
  });

  it("is loaded beside the sandboxes' server by a pod that cannot read what was not promoted", async () => {
    const unpromoted = path.join(STORE, ".quarantine");
    fs.mkdirSync(unpromoted, { mode: 0o700, recursive: true });
    fs.chownSync(unpromoted, 65532, 65532);
    const [newest = ""] = taken().sort().reverse();
    await beside("create", "job", `${LOAD}-1`, `--from=cronjob/${LOAD}`);
    await ends(`${LOAD}-1`, SANDBOXES);
    const { host, port, user, password } = await sandboxServer(kube);
    const templates = await templatesOf({ host, port, user, password }, SERVICE);
    assert.deepEqual(
      templates.map(({ snapshot }) => snapshot),
      [newest],
    );
    const as = ["setpriv", "--reuid=65533", "--regid=65532", "--clear-groups", "ls"];
    const within = (folder: string) => tryExec("sh", ["-c", 'cd "$1" && shift && exec "$@"', "sh", folder, ...as, "."]);
    assert.equal((await within(path.join(STORE, newest))).code, 0);
    assert.notEqual((await within(unpromoted)).code, 0);
  });
});
