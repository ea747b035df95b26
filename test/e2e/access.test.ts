import assert from "node:assert/strict";
import { ACCOUNTS, type Account } from "../../components/rights";
import { leaseName } from "../../core/rollout/names";
import { probeRouteRef, routeRef } from "../../core/rollout/route";
import { ALL_AT_ONCE } from "../../core/rollout/strategy";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { FREEZE_MAP } from "../../core/freeze/place";
import { KubeApiError } from "../../platform/kube/errors";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { askFreeze } from "../../provider/freeze/look";
import { path } from "../../core/json";
import { settleConfigMaps } from "../../provider/rollout/configMaps";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { acquireLease, removeLease, seizeLease } from "../../provider/rollout/lease";
import { Mover } from "../../provider/rollout/mover";
import { RolloutStore } from "../../provider/rollout/store";
import { verifyColor } from "../../provider/rollout/verify";
import { NamespaceAccounts } from "../support/accounts";
import { GATEWAY, kubectl, TestNamespace } from "../support/cluster";
import { release } from "../unit/rollout/support";

const APPLY = { fieldManager: "hms-test", force: true };
const MERGE = { type: "merge", fieldManager: "hms-test" } as const;

describe("the accounts of a stack's namespace", function () {
  this.timeout(600_000);

  const space = new TestNamespace("access");
  const { name: namespace } = space;
  const accounts = new NamespaceAccounts(namespace, ["svc"]);
  const shape = space.shape("svc");
  const dataPlane = new DataPlane(GATEWAY.address, shape.hostnames[0] ?? "");
  const r1 = release("r1");
  let clients: Readonly<Record<Account, KubeClient>>;

  const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "svc-blue" };
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name: leaseName("svc") };
  const route = routeRef("svc", namespace);
  const other = { ...route, name: "other" };
  const label = (value: string) => ({ metadata: { labels: { touched: value } } });
  const bare = ({ apiVersion, kind, name }: typeof route): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: { parentRefs: [{ name: GATEWAY.name, namespace: GATEWAY.namespace }], hostnames: shape.hostnames },
  });
  const configMap = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
  });

  before(async () => {
    await space.create();
    await accounts.make();
    await Promise.all([
      space.color("svc", "blue", r1, { proven: false }),
      space.service("svc", "green"),
      space.probeRoute("svc", "t0ken"),
    ]);
    clients = {
      "hms-deployer": accounts.client("hms-deployer"),
      "hms-switch": accounts.client("hms-switch"),
      "hms-watcher": accounts.client("hms-watcher"),
      "hms-freezer": accounts.client("hms-freezer"),
    };
  });
  after(async () => {
    accounts.forget();
    await space.remove();
  });

  it("let the switch prove a color and move traffic, with the code that an update runs", async () => {
    const kube = clients["hms-switch"];
    const store = new RolloutStore(kube, "svc", namespace);
    const signal = new AbortController().signal;
    const held = await acquireLease(kube, store);
    try {
      const parts = { kube, store, dataPlane, progress: () => undefined };
      await verifyColor(parts, { color: "blue", healthPath: "/health", smoke: [], deadlineMs: 15_000 }, signal);
      await store.markProven("blue", r1.id);
      const request = { shape, to: "blue", release: r1.id, seen: null, steps: ALL_AT_ONCE } as const;
      const mover = new Mover({ store, lease: held, dataPlane, progress: () => undefined });
      await mover.run({ ...request, intent: "deploy", takeOver: false, probePath: "/health" }, signal);
      await settleConfigMaps(kube, store, held, (warning) => {
        throw new Error(warning);
      });
    } finally {
      await held.release();
    }
    assert.equal((await dataPlane.ask({ path: "/health" })).headers["x-hms-color"], "blue");
    const pointer = await space.kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: "svc-config" });
    assert.equal(path(pointer, "data", "currentRelease"), r1.id);
  });

  it("let the watcher read a rollout, take the lease from its holder, and write the route", async () => {
    const kube = clients["hms-watcher"];
    const store = new RolloutStore(kube, "svc", namespace);
    const { actual, routeVersion, shape: found } = await store.read();
    assert.equal(actual.live, "blue");
    const seized = await seizeLease(kube, store);
    try {
      assert.ok(found && actual.weights);
      await store.writeRoute(found, actual.weights, actual.record, "watcher", routeVersion);
    } finally {
      await seized.release();
    }
  });

  it("let the deployer make and change what runs, and the probe route that goes with it", async () => {
    const kube = clients["hms-deployer"];
    await kube.apply(configMap("made"), APPLY);
    await kube.patch(deployment, label("yes"), MERGE);
    await kube.patch(probeRouteRef("svc", namespace), label("yes"), MERGE);
    await kube.apply(bare(probeRouteRef("svc", namespace)), APPLY);
    assert.equal(await kube.delete({ apiVersion: "v1", kind: "ConfigMap", namespace, name: "made" }), true);
    const home = await kube.get({ apiVersion: "v1", kind: "Namespace", name: namespace });
    assert.equal(home?.metadata.name, namespace);
  });

  it("let the freezer raise and lower a freeze, which the switch reads", async () => {
    const store = configMapStore(clients["hms-freezer"], namespace);
    const seen = () => askFreeze(configMapStore(clients["hms-switch"], namespace), { stack: "test", action: "deploy" });
    assert.deepEqual(await seen(), { frozen: false });
    await store.update((texts) => ({ ...texts, flag: "a drill" }));
    const frozen = await seen();
    assert.equal(frozen.frozen && frozen.reason, "a drill");
    await store.update(() => ({}));
    assert.deepEqual(await seen(), { frozen: false });
    const blind = await askFreeze(configMapStore(clients["hms-watcher"], namespace), {
      stack: "test",
      action: "deploy",
    });
    assert.match(blind.frozen ? blind.reason : "", /ConfigMap .*hms-freeze cannot be read: .*is forbidden/);
  });

  const refused: readonly (readonly [Account, string, (kube: KubeClient) => Promise<unknown>])[] = [
    ["hms-deployer", "patch the public route", (kube) => kube.patch(route, label("no"), MERGE)],
    ["hms-deployer", "apply the public route", (kube) => kube.apply(bare(route), APPLY)],
    ["hms-deployer", "delete the public route", (kube) => kube.delete(route)],
    ["hms-deployer", "add a route beside it", (kube) => kube.create(bare(other))],
    ["hms-deployer", "apply a route beside it", (kube) => kube.apply(bare(other), APPLY)],
    ["hms-deployer", "take the lease", (kube) => kube.patch(lease, label("no"), MERGE)],
    ["hms-deployer", "widen its own rights", (kube) => kube.patch(role("hms-deployer"), { rules: [] }, MERGE)],
    ["hms-switch", "make a workload", (kube) => kube.apply(bareDeployment("more"), APPLY)],
    [
      "hms-switch",
      "write the ConfigMap of a release",
      (kube) => kube.apply(configMap("svc-config-0123456789ab"), APPLY),
    ],
    ["hms-switch", "delete the pointer", (kube) => kube.delete({ ...pointer, name: "svc-config" })],
    ["hms-switch", "list ConfigMaps", (kube) => kube.list(pointer)],
    ["hms-switch", "change a Service", (kube) => kube.patch(service, label("no"), MERGE)],
    ["hms-switch", "write another service's route", (kube) => kube.apply(bare(other), APPLY)],
    ["hms-switch", "write the probe route", (kube) => kube.patch(probeRouteRef("svc", namespace), label("no"), MERGE)],
    ["hms-switch", "read a Secret that no service refers to", (kube) => kube.get(secret)],
    ["hms-watcher", "patch a Deployment", (kube) => kube.patch(deployment, label("no"), MERGE)],
    ["hms-watcher", "delete a Deployment", (kube) => kube.delete(deployment)],
    ["hms-watcher", "delete the public route", (kube) => kube.delete(route)],
    ["hms-watcher", "add a route", (kube) => kube.apply(bare(other), APPLY)],
    ["hms-watcher", "read the probe route's token", (kube) => kube.get(probeRouteRef("svc", namespace))],
    ["hms-watcher", "list pods", (kube) => kube.list({ apiVersion: "v1", kind: "Pod", namespace })],
    ["hms-watcher", "read a Secret", (kube) => kube.get(secret)],
    ["hms-freezer", "read another ConfigMap", (kube) => kube.get({ ...freezeMap, name: "other" })],
    ["hms-freezer", "take the freeze's ConfigMap away", (kube) => kube.delete(freezeMap)],
    ["hms-freezer", "patch the public route", (kube) => kube.patch(route, label("no"), MERGE)],
  ];
  const pointer = { apiVersion: "v1", kind: "ConfigMap", namespace };
  const service = { apiVersion: "v1", kind: "Service", namespace, name: "svc-blue" };
  const secret = { apiVersion: "v1", kind: "Secret", namespace, name: "any" };
  const freezeMap = { apiVersion: "v1", kind: "ConfigMap", namespace, name: FREEZE_MAP };
  const role = (name: Account) => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", namespace, name });
  const bareDeployment = (name: string): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: "x" }] } },
    },
  });
  for (const [account, what, act] of refused) {
    it(`do not let ${account} ${what}`, async () => {
      await assert.rejects(
        act(clients[account]),
        (error) => error instanceof KubeApiError && error.status === 403 && /is forbidden/.test(error.message),
      );
    });
  }

  it("have no right in another namespace", async () => {
    for (const account of ACCOUNTS)
      await assert.rejects(
        clients[account].get(routeRef("svc", "default")),
        (error) => error instanceof KubeApiError && error.status === 403,
      );
  });

  it("let the switch take away what it made", async () => {
    const store = new RolloutStore(clients["hms-switch"], "svc", namespace);
    await store.removeWorkload("blue");
    await store.remove();
    await removeLease(clients["hms-switch"], store);
    const left = kubectl("-n", namespace, "get", "httproute/svc", `lease/${leaseName("svc")}`, "--ignore-not-found");
    assert.equal(left, "");
  });

  it("are the same after a second update", async () => {
    const said = await accounts.up();
    assert.match(said, /Resources:\s+\d+ unchanged/);
    assert.doesNotMatch(said, /\d+ (created|updated|replaced|deleted)/);
  });
});
