import assert from "node:assert/strict";
import { KubeProject } from "./support/kubeProject";

/** Seconds that `work` took, with its result. */
async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const start = Date.now();
  return [await work, (Date.now() - start) / 1000];
}

describe("waiting, in the Kubernetes stand-in", function () {
  this.timeout(300_000);
  const project = new KubeProject();

  before(() => project.prepare());
  after(() => project.cleanUp());

  /** Tells giving up early from the time-out of ten minutes, on a busy machine too. */
  const EARLY_SECONDS = 240;

  const fails = async (program: string, reason: RegExp) => {
    project.program(program);
    const [up, took] = await timed(project.up());
    assert.equal(up.code, 1, up.text);
    assert.match(up.text, reason);
    assert.ok(took < EARLY_SECONDS, `took ${took} s`);
    return up.text;
  };

  it("gives up early on an image that does not exist, and keeps the object in the state", async () => {
    await fails(
      `web("app", { image: "127.0.0.1:5000/hms/opa-executor:nonesuch" });`,
      /container main: (ErrImagePull|ImagePullBackOff): .*not found/s,
    );
    assert.ok(project.resources().some(({ id }) => id === `${project.namespace}/app`));
  });

  it("works on top of the failed one with the next good one", async () => {
    project.program(`web("app");`);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.match(
      up.text,
      /Deployment app updated \(.*ready$/m,
      "what it waited for is not the last thing that is shown",
    );
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("gives up early on a container that crashes, with the end of its log", async () => {
    const text = await fails(
      `web("app", { args: ["eval", "no-such-thing ="] });`,
      /CrashLoopBackOff: exit code [12], restarted 2 times; its log ends with:\n.*no-such-thing/s,
    );
    assert.match(text, /Deployment \S+app: given up after \d+ s/);
  });

  it("goes back to the good one after a failed update, though the engine sees unchanged inputs", async () => {
    project.program(`web("app");`);
    for (const args of [["--refresh"], []]) {
      const up = await project.up(...args);
      assert.equal(up.code, 0, up.text);
    }
    const live = await project.get("apps/v1", "Deployment", "app");
    assert.doesNotMatch(JSON.stringify(live?.spec), /no-such-thing/);
  });

  it("says which ConfigMap a container misses", async () => {
    await fails(
      `web("app", { envFrom: [{ configMapRef: { name: "missing" } }] });`,
      /CreateContainerConfigError: configmap "missing" not found/,
    );
  });

  it("gives up at the time-out on what is never ready, with the probe's answer", async () => {
    const web = (more: string) =>
      `web("app", { readinessProbe: { httpGet: { path: "/nonesuch", port: 8181 }, periodSeconds: 1 } }, { ${more} });`;
    // However long its pod takes to start: when it is waited for, the probe has answered.
    project.program(web('annotations: { "pulumi.com/skipAwait": "true" }'));
    const skipped = await project.up();
    assert.equal(skipped.code, 0, skipped.text);
    while (!project.kubectl("get", "events").includes("HTTP probe failed with statuscode: 404"))
      await new Promise((done) => setTimeout(done, 200));
    await fails(
      web('options: { customTimeouts: { update: "3s" } }'),
      /not ready after 3 s.*Readiness probe failed: HTTP probe failed with statuscode: 404/s,
    );
  });

  it("waits for a Job to complete, and shows the log of one that fails", async () => {
    project.program(`new kubernetes.batch.v1.Job("job", { metadata: { namespace, name: "good" }, spec: { template: { spec: {
      restartPolicy: "Never", containers: [{ name: "main", image, args: ["version"] }] } } } });`);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    await fails(
      `new kubernetes.batch.v1.Job("job", { metadata: { namespace, name: "bad" }, spec: { backoffLimit: 0, template: { spec: {
        restartPolicy: "Never", containers: [{ name: "main", image, args: ["eval", "--fail", "1 == "] }] } } } });`,
      /BackoffLimitExceeded.*its log ends with:.*1 ==/s,
    );
  });

  it("waits for a Service's endpoints, but not when told to skip that, nor without a selector", async () => {
    project.program(`
      new kubernetes.core.v1.Service("skipped", { metadata: { namespace, annotations: { "pulumi.com/skipAwait": "true" } }, spec: { selector: { app: "none" }, ports: [{ port: 80 }] } });
      new kubernetes.core.v1.Service("bare", { metadata: { namespace }, spec: { ports: [{ port: 80 }] } });
      new kubernetes.core.v1.Service("headless", { metadata: { namespace }, spec: { clusterIP: "None", selector: { app: "none" }, ports: [{ port: 80 }] } });`);
    const [up, took] = await timed(project.up());
    assert.equal(up.code, 0, up.text);
    assert.ok(took < EARLY_SECONDS, `took ${took} s`);
    await fails(
      `new kubernetes.core.v1.Service("empty", { metadata: { namespace, annotations: { "pulumi.com/timeoutSeconds": "3" } }, spec: { selector: { app: "none" }, ports: [{ port: 80 }] } });`,
      /not ready after 3 s: no ready pod behind it/,
    );
  });

  it("runs a StatefulSet, a DaemonSet, a Pod and an unbound claim that binds later", async () => {
    project.program(`
      const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image, args: ["run", "--server", "--addr=:8181"] }] };
      const set = (app) => ({ selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } });
      new kubernetes.apps.v1.StatefulSet("set", { metadata: { namespace }, spec: { serviceName: "set", replicas: 2, podManagementPolicy: "Parallel", ...set("set") } });
      new kubernetes.apps.v1.DaemonSet("daemon", { metadata: { namespace }, spec: set("daemon") });
      new kubernetes.core.v1.Pod("pod", { metadata: { namespace }, spec });
      const later = new kubernetes.storage.v1.StorageClass(namespace, { metadata: { name: namespace }, provisioner: "example.com/none", volumeBindingMode: "WaitForFirstConsumer" });
      new kubernetes.core.v1.PersistentVolumeClaim("claim", { metadata: { namespace }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: later.metadata.name, resources: { requests: { storage: "1Mi" } } } });`);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const again = await project.up("--refresh", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("explains a StatefulSet and a DaemonSet by the pods of their newest version", async () => {
    const program = (args: string) => `
      const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: "main", ${args} }] };
      const set = (app) => ({ selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } });
      new kubernetes.apps.v1.StatefulSet("set", { metadata: { namespace, name: "set" }, spec: { serviceName: "set", ...set("set") } });
      new kubernetes.apps.v1.DaemonSet("daemon", { metadata: { namespace, name: "daemon" }, spec: set("daemon") });`;
    project.program(program(`image, args: ["run", "--server", "--addr=:8181"]`));
    assert.equal((await project.up()).code, 0);
    const text = await fails(program(`image: image + "-none"`), /StatefulSet \S+\/set: given up after/);
    assert.match(text, /DaemonSet \S+\/daemon: given up after/);
    assert.match(text, /pod set-0, container main: (ErrImagePull|ImagePullBackOff)/);
    assert.match(text, /pod daemon-\S+, container main: (ErrImagePull|ImagePullBackOff)/);
  });

  it("stops waiting when cancelled, and goes on next time", async () => {
    project.program(`web("slow", { readinessProbe: { httpGet: { path: "/nonesuch", port: 8181 } } });`);
    const running = project.start(["up", "--yes", "--skip-preview", "--stack", "test"]);
    while (!(await project.get("apps/v1", "Deployment", "slow"))) await new Promise((done) => setTimeout(done, 100));
    await new Promise((done) => setTimeout(done, 1000));
    running.interrupt();
    const [run, took] = await timed(running.done);
    assert.equal(run.code, 1, run.text);
    assert.match(run.text, /was applied, but the wait for it was stopped/);
    assert.ok(took < EARLY_SECONDS, `took ${took} s`);
    project.program(`web("slow");`);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
  });

  it("waits until a deleted namespace is gone", async () => {
    const name = `${project.namespace}-inner`;
    project.program(`const inner = new kubernetes.core.v1.Namespace("inner", { metadata: { name: "${name}" } });
      new kubernetes.core.v1.ConfigMap("in", { metadata: { namespace: inner.metadata.name }, data: {} });`);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    project.program("");
    const down = await project.up();
    assert.equal(down.code, 0, down.text);
    assert.equal(await project.kube.get({ apiVersion: "v1", kind: "Namespace", name }), undefined);
  });
});
