import { strict as assert } from "node:assert";
import type { MigrationWork } from "../../core/migrations/note";
import { LABEL } from "../../core/rollout/names";
import type { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { MigrationFailure, Migrator } from "../../provider/migration/migrator";
import { NoteStore } from "../../provider/migration/noteStore";
import { acquireLease } from "../../provider/rollout/lease";
import { RolloutStore } from "../../provider/rollout/store";
import { NamespaceAccounts } from "../support/accounts";
import { kubectl, TestNamespace } from "../support/cluster";
import { release } from "../unit/rollout/support";
import { work } from "../unit/migrations/support";

const SECRET = { secret: "owner", key: "password" };

describe("runs of a migration, with the rights of hms-switch", function () {
  this.timeout(600_000);
  const space = new TestNamespace("migrator");
  const up = ["node", "-e", 'console.log("as " + process.env.PGPASSWORD)'];
  const accounts = new NamespaceAccounts(space.name, ["svc"], {
    migrations: { up, env: {}, secrets: { PGPASSWORD: SECRET }, timeout: 60, downOnRestore: false },
  });
  const { signal } = new AbortController();
  let kube: KubeClient;
  let image = "";
  let said: string[] = [];

  const resources = { cpu: "20m", memory: "128Mi" };
  const of = (change: Partial<MigrationWork>) =>
    work({ image, resources, secrets: { PGPASSWORD: SECRET }, up, ...change });
  const migrate = async (name: string, change: Partial<MigrationWork> = {}, startDeadlineMs = 60_000) => {
    const store = new RolloutStore(kube, "svc", space.name);
    const lease = await acquireLease(kube, store);
    try {
      const progress = (message: string) => said.push(message);
      return await new Migrator({ kube, store, lease, progress, startDeadlineMs }).up(
        release(name),
        of(change),
        signal,
      );
    } finally {
      await lease.release();
    }
  };
  const stateOf = async (name: string) => {
    const note = (await new NoteStore(space.kube, "svc", space.name).read()).get(release(name).id);
    return [note?.state, note?.run];
  };
  const jobsOf = async (name: string) => {
    const of = { apiVersion: "batch/v1", kind: "Job", namespace: space.name };
    const jobs = await space.kube.list(of, { labelSelector: `${LABEL.release}=${release(name).id}` });
    return jobs.map((job) => job.metadata.name ?? "");
  };
  const failure = async (act: Promise<unknown>) => {
    const error = await act.then(
      () => assert.fail("it did not fail"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof MigrationFailure, String(error));
    return error.message;
  };

  before(async () => {
    image = await ensureRunnerImage(loadLayout(process.env), { progress: new Progress({ write: () => undefined }) });
    await space.create();
    kubectl("-n", space.name, "create", "secret", "generic", "owner", "--from-literal=password=planted-secret");
    await accounts.make();
    kube = accounts.client("hms-switch");
  });
  beforeEach(() => {
    said = [];
  });
  after(async () => {
    accounts.forget();
    await space.remove();
  });

  it("end well, say what they print without the secret, and are kept for a day", async () => {
    assert.equal(await migrate("a"), true);
    assert.ok(said.includes("up of A: as …"), said.join("\n"));
    assert.deepEqual(await stateOf("a"), ["up", 1]);
    const [job = ""] = await jobsOf("a");
    const ttl = kubectl("-n", space.name, "get", "job", job, "-o", "jsonpath={.spec.ttlSecondsAfterFinished}");
    assert.equal(ttl, "86400");
    assert.equal(await migrate("a"), false);
    assert.deepEqual((await jobsOf("a")).length, 1);
  });

  it("are taken back when their image is not there: nothing was run, and a later one may", async () => {
    const missing = `${image.split("@")[0] ?? ""}@sha256:${"0".repeat(64)}`;
    const message = await failure(migrate("c", { image: missing }, 12_000));
    assert.match(message, /svc: up of C \([0-9a-f]{12}\) failed: it did not start: .*(not found|pull)/i);
    assert.deepEqual([await stateOf("c"), await jobsOf("c")], [["up failed", 1], []]);
    assert.equal(await migrate("c"), true);
    assert.deepEqual(await stateOf("c"), ["up", 2]);
  });

  it("are stopped at their timeout, which is said with what they printed", async () => {
    const hang = [
      "node",
      "-e",
      'console.log("waiting for a lock"); setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(1))',
    ];
    const message = await failure(migrate("d", { up: hang, timeoutSeconds: 20 }));
    assert.match(message, /failed: it ran longer than its timeout of 20 s and was stopped \(waiting for a lock\)/);
    assert.match(message, /\n {2}\| waiting for a lock/);
    assert.deepEqual(await stateOf("d"), ["up failed", 1]);
  });

  it("have failed when somebody deletes them, and the next run is another one", async () => {
    const wait = [
      "node",
      "-e",
      'console.log("here"); setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(1))',
    ];
    const run = failure(migrate("e", { up: wait }));
    while (!said.some((line) => line.endsWith(": here"))) await new Promise((done) => setTimeout(done, 100));
    kubectl("-n", space.name, "delete", "job", ...(await jobsOf("e")));
    assert.match(await run, /up of E .* failed: somebody deleted its Job svc-up-[0-9a-f]{12}-1 \(here\)/);
    assert.equal(await migrate("e"), true);
    assert.deepEqual(await stateOf("e"), ["up", 2]);
  });
});
