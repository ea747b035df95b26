import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { asString, path } from "../../core/json";
import { withFlag } from "../../core/freeze/change";
import { FREEZE_MAP } from "../../core/freeze/place";
import { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { askFreeze } from "../../provider/freeze/look";
import { runnerPodSpec } from "../../provider/runnerPod";
import { NamespaceAccounts } from "../support/accounts";
import { kubectl, TestNamespace } from "../support/cluster";

const TOKEN = "a-token-of-this-test-alone";
const QUESTION = { stack: "prod", action: "deploy" } as const;

describe("a freeze in the cluster", function () {
  this.timeout(600_000);
  const space = new TestNamespace("freeze");
  const accounts = new NamespaceAccounts(space.name, ["svc"]);
  const store = configMapStore(space.kube, space.name);
  const reason = async () => {
    const decision = await askFreeze(store, QUESTION);
    return decision.frozen ? decision.reason : undefined;
  };

  before(async () => {
    await space.create();
    await accounts.make();
  });
  after(async () => {
    accounts.forget();
    await space.remove();
  });

  it("is written by many at once without losing one", async () => {
    const ids = Array.from({ length: 6 }, (_, index) => `f${index}`);
    await Promise.all(
      ids.map((id) => {
        const mine = configMapStore(KubeClient.load({ context: "hms-local" }), space.name);
        return mine.update((texts) => withFlag(texts, { id, reason: id, who: "a", since: null }));
      }),
    );
    const { flag = "" } = await store.read();
    assert.deepEqual(
      ids.filter((id) => !flag.includes(`id: ${id}`)),
      [],
    );
    await store.update(() => ({}));
    assert.equal(await reason(), undefined);
  });

  it("that a person makes by hand freezes too, and so does a key that means nothing", async () => {
    kubectl("-n", space.name, "delete", "configmap", FREEZE_MAP);
    kubectl("-n", space.name, "create", "configmap", FREEZE_MAP, "--from-literal=flag=a drill");
    assert.equal(await reason(), "a drill");
    kubectl("-n", space.name, "delete", "configmap", FREEZE_MAP);
    kubectl("-n", space.name, "create", "configmap", FREEZE_MAP, "--from-literal=flga=a drill");
    assert.match((await reason()) ?? "", /cannot be read: it has the key flga; allowed are flag, calendar, breakGlass/);
    kubectl("-n", space.name, "delete", "configmap", FREEZE_MAP);
  });

  it("says where to put it when there is no namespace yet", async () => {
    const nowhere = configMapStore(space.kube, `${space.name}-none`);
    assert.deepEqual(await askFreeze(nowhere, QUESTION), { frozen: false });
    const flag = { reason: "r", who: "a", since: null };
    await assert.rejects(
      nowhere.update((texts) => withFlag(texts, flag)),
      /there is no namespace \S+-none to keep the freeze in; deploy the stack once/,
    );
  });

  it("is raised by the receiver in a pod, with the rights of hms-freezer alone", async () => {
    const image = await ensureRunnerImage(loadLayout(), { progress: new Progress(process.stderr) });
    const { name: namespace } = space;
    kubectl("-n", namespace, "create", "secret", "generic", "freeze-token", `--from-literal=token=${TOKEN}`);
    const args = ["freeze-serve", "--stack", "prod", "--listen", "0.0.0.0:9097", "--token-file", "/token/token"];
    const spec = runnerPodSpec({ image, account: "hms-freezer", args });
    const [container] = spec.containers;
    const mounts = { volumeMounts: [{ name: "token", mountPath: "/token", readOnly: true }] };
    const volumes = [{ name: "token", secret: { secretName: "freeze-token" } }];
    await space.kube.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "receiver", namespace },
      spec: { ...spec, volumes, containers: [{ ...container, ...mounts }] },
    });
    const address = await podAddress(space.kube, namespace);
    const alert = {
      ...{ status: "firing", labels: { alertname: "Burn", freeze: "true" }, annotations: { summary: "errors" } },
      ...{ startsAt: new Date().toISOString(), fingerprint: "a1b2" },
    };
    const body = JSON.stringify({ version: "4", receiver: "hms", alerts: [alert] });
    const post = (token: string) =>
      fetch(address, { method: "POST", body, headers: { Authorization: `Bearer ${token}` } }).catch(() => undefined);
    for (const giveUp = Date.now() + 120_000; (await post("wrong"))?.status !== 401;) {
      assert.ok(Date.now() < giveUp, kubectl("-n", namespace, "logs", "receiver"));
      await sleep(200);
    }
    assert.equal(await reason(), undefined);
    assert.equal((await post(TOKEN))?.status, 200);
    assert.equal(await reason(), "Burn: errors");
  });
});

async function podAddress(kube: KubeClient, namespace: string): Promise<string> {
  const ref = { apiVersion: "v1", kind: "Pod", name: "receiver", namespace };
  for (const giveUp = Date.now() + 120_000; ;) {
    const ip = asString(path(await kube.get(ref), "status", "podIP"));
    if (ip !== undefined) return `http://${ip}:9097/alertmanager`;
    assert.ok(Date.now() < giveUp, "the receiver's pod got no address within two minutes");
    await sleep(200);
  }
}
