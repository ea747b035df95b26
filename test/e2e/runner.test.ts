import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { asNumber, path } from "../../core/json";
import { weightsFor } from "../../core/rollout/color";
import { withMove } from "../../core/rollout/record";
import { ALL_AT_ONCE } from "../../core/rollout/strategy";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { acquireLease } from "../../provider/rollout/lease";
import { Mover } from "../../provider/rollout/mover";
import { RouteWriter } from "../../provider/rollout/routeWriter";
import { RolloutStore } from "../../provider/rollout/store";
import type { SelfTest } from "../../runner/commands/selftest";
import { runnerPodSpec } from "../../provider/runnerPod";
import { NamespaceAccounts } from "../support/accounts";
import { endFromWithin, GATEWAY, kubectl, TestNamespace } from "../support/cluster";
import { release } from "../unit/rollout/support";

const layout = loadLayout();
const inside = {
  gateway: `http://${CLUSTER.address}:${layout.ports.gateway}`,
  prometheus: `http://${CLUSTER.address}:${layout.ports.prometheus}`,
};
/** Seconds that the mover of the test may be silent; long while it is to be believed alive. */
const [ALIVE, GONE] = [600, 1];

describe("the runner", function () {
  this.timeout(600_000);

  const space = new TestNamespace("runner");
  const accounts = new NamespaceAccounts(space.name, ["svc"]);
  const shape = space.shape("svc");
  const host = shape.hostnames[0] ?? "";
  const [r1, r2] = [release("r1"), release("r2")];
  const store = new RolloutStore(space.kube, "svc", space.name);
  const dataPlane = new DataPlane(GATEWAY.address, host);
  const said: string[] = [];
  const makeImage = () =>
    ensureRunnerImage(layout, { progress: new Progress({ write: (text: string) => said.push(text) }) });
  let image = "";

  before(async () => {
    image = await makeImage();
    await space.create();
    await Promise.all([
      accounts.make(),
      space.color("svc", "blue", r1, { proven: true }),
      space.color("svc", "green", r2, { proven: true }),
    ]);
    const lease = await acquireLease(space.kube, store);
    const mover = new Mover({ store, lease, dataPlane, progress: () => undefined });
    const request = { shape, to: "blue", release: r1.id, seen: null, steps: ALL_AT_ONCE } as const;
    await mover.run(
      { ...request, intent: "deploy", takeOver: false, probePath: "/health" },
      new AbortController().signal,
    );
    await lease.release();
  });
  after(async () => {
    accounts.forget();
    await space.remove();
  });

  const start = (name: string, ...args: readonly string[]) =>
    space.kube.create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace: space.name },
      spec: { backoffLimit: 0, template: { spec: runnerPodSpec({ image, account: "hms-watcher", args }) } },
    });
  const inNamespace = (...args: readonly string[]) => kubectl("-n", space.name, ...args);
  const logOf = (job: string) => inNamespace("logs", `job/${job}`);
  const until = async (what: string, done: () => boolean | Promise<boolean>) => {
    for (const end = Date.now() + 180_000; !(await done());) {
      if (Date.now() > end) throw new Error(`${what} did not happen within 180 s`);
      await sleep(200);
    }
  };
  const exitCode = async (job: string): Promise<number> => {
    let code: number | undefined;
    await until(`the end of ${job}`, async () => {
      const selection = { labelSelector: `job-name=${job}` };
      const [pod] = await space.kube.list({ apiVersion: "v1", kind: "Pod", namespace: space.name }, selection);
      code = asNumber(path(pod, "status", "containerStatuses", 0, "state", "terminated", "exitCode"));
      return code !== undefined;
    });
    return code ?? -1;
  };
  const leaseLasts = (leaseDurationSeconds: number) =>
    space.kube.patch(
      store.leaseRef(),
      { spec: { holderIdentity: "somebody@elsewhere/1/1-1", leaseDurationSeconds } },
      { type: "merge", fieldManager: "hms-test" },
    );

  it("has an image named by its digest, and making it again does nothing", async () => {
    assert.match(image, /^127\.0\.0\.1:\d+\/hms\/runner@sha256:[0-9a-f]{64}$/);
    const record = join(layout.data, "images", "runner", "image.json");
    const [made, lines] = [statSync(record).mtimeMs, said.length];
    assert.equal(await makeImage(), image);
    assert.deepEqual([statSync(record).mtimeMs, said.length], [made, lines]);
  });

  it("reads the rollout from inside, as the watcher, and reaches gateway and Prometheus", async () => {
    const at = ["--gateway", inside.gateway, "--host", host, "--prometheus", inside.prometheus];
    await start("selftest", "selftest", "--service", "svc", "--probe-path", "/health", ...at);
    assert.equal(await exitCode("selftest"), 0, logOf("selftest"));
    const { lease, ...found } = JSON.parse(logOf("selftest")) as SelfTest;
    assert.deepEqual(found, {
      service: "svc",
      namespace: space.name,
      identity: `system:serviceaccount:${space.name}:hms-watcher`,
      live: "blue",
      weights: weightsFor("blue"),
      gateway: { status: 200, color: "blue" },
      prometheus: "answers",
      problems: [],
    });
    assert.deepEqual([lease?.holder, lease && lease.token > 0], [null, true]);
  });

  it("says what failed, and ends with 1", async () => {
    await start("blind", "selftest", "--service", "other", "--prometheus", "http://127.0.0.1:59999");
    assert.equal(await exitCode("blind"), 1);
    const { problems } = JSON.parse(logOf("blind")) as SelfTest;
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]).sort(), ["lease", "prometheus", "route"]);
    assert.match(problems.join("\n"), /lease: .*"other-rollout" is forbidden/);
  });

  it("refuses words it does not understand with 2, as a line of the log", async () => {
    await start("misused", "watch", "--service", "svc", "--gateway", inside.gateway);
    assert.equal(await exitCode("misused"), 2);
    const line = JSON.parse(logOf("misused").trim().split("\n").at(-1) ?? "") as { level: string; message: string };
    assert.equal(line.level, "error");
    assert.match(line.message, /--gateway and --host belong together/);
  });

  it("stops watching when its pod is told to go, and leaves the traffic as it is", async () => {
    const lease = await acquireLease(space.kube, store);
    const writer = new RouteWriter(store, lease);
    await writer.read();
    const record = withMove(writer.record, "green", r2.id, 0, weightsFor("green", 10));
    await writer.write(shape, weightsFor("green", 10), record, writer.nextMarker(0));
    await leaseLasts(ALIVE); // from here on its holder is another machine's, and silent
    await start("told-to-go", "watch", "--service", "svc", "--gateway", inside.gateway, "--host", host);
    await until("watching", () => inNamespace("logs", "job/told-to-go", "--ignore-errors").includes("watching"));
    // To the init, as the kubelet does; it hands the signal on.
    const program = 'process.kill(1, "SIGTERM")';
    endFromWithin(space.name, "job/told-to-go", program);
    assert.equal(await exitCode("told-to-go"), 130);
    assert.match(logOf("told-to-go"), /"stopping on SIGTERM"/);
    assert.deepEqual((await store.read()).actual.weights, weightsFor("green", 10));
  });

  it("puts the traffic back with the watcher's rights when the mover is gone", async () => {
    await leaseLasts(GONE);
    const at = ["--gateway", inside.gateway, "--host", host, "--probe-path", "/health"];
    await start("restores", "watch", "--service", "svc", ...at);
    assert.equal(await exitCode("restores"), 0, logOf("restores"));
    const { actual } = await store.read();
    assert.deepEqual([actual.live, actual.weights, actual.record.move], ["blue", weightsFor("blue"), null]);
    const lines = logOf("restores").trim().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    assert.deepEqual([last.level, last.service, last.end], ["info", "svc", "restored"]);
    assert.match(lines.join("\n"), /the traffic is back on blue \(in force after \d+ ms\)/);
  });
});
