import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { configMapName } from "../../core/configMap/content";
import { otherColor, type Color } from "../../core/rollout/color";
import { LABEL, workloadName } from "../../core/rollout/names";
import { KubeClient, type KubeObject } from "../../platform/kube/client";
import { MOST_BYTES } from "../../core/configMap/readFiles";
import { asArray, path as at } from "../../core/json";
import { ConfigMaps } from "../../provider/rollout/configMaps";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { acquireLease } from "../../provider/rollout/lease";
import { RolloutStore } from "../../provider/rollout/store";
import { made } from "../support/asker";
import { GATEWAY, kubectl, TestNamespace } from "../support/cluster";
import { TestProject, type Ran } from "../support/project";
import { underLoad as keepAsking } from "../support/underLoad";

const SERVICE = "drought-benefit";
const POINTER = `${SERVICE}-config`;

/** What the tests of this file ask of one project. */
class Configured {
  readonly kube = KubeClient.load({ context: "hms-local" });
  readonly store: RolloutStore;

  constructor(readonly project: TestProject) {
    this.store = new RolloutStore(this.kube, SERVICE, project.namespace);
  }

  /** The program reads its rules from the release's ConfigMap instead of its image. */
  mountRules(): void {
    const { project } = this;
    project.edit(".dockerignore", (text) => `${text}policy/data.json\n`);
    project.edit("Dockerfile", (text) => text.replace('"/policy"]', '"--ignore=.*", "/policy", "/data"]'));
    const config = "config: { mount: /data, files: { data.json: { file: policy/data.json } } }";
    project.edit("service.yaml", (text) => `${text}${config}\n`);
  }

  async ok(ran: Promise<Ran>): Promise<string> {
    const { code, output } = await ran;
    assert.equal(code, 0, output);
    return output;
  }

  up(): Promise<string> {
    return this.ok(this.project.up());
  }

  async actual() {
    return (await this.store.read()).actual;
  }

  async live(): Promise<Color> {
    const { live } = await this.actual();
    assert.ok(live);
    return live;
  }

  async configMap(name: string): Promise<KubeObject | undefined> {
    return this.kube.get({ apiVersion: "v1", kind: "ConfigMap", name, namespace: this.project.namespace });
  }

  /** Name of the ConfigMap of what a color runs. */
  async nameOf(color: Color): Promise<string> {
    const release = (await this.actual()).colors[color]?.release;
    assert.ok(release);
    return configMapName(SERVICE, release.spec);
  }

  async pointer(): Promise<unknown> {
    return (await this.configMap(POINTER))?.data;
  }

  /** Version of the rules that users are answered by. */
  async answered(): Promise<string> {
    const { body } = await new DataPlane(GATEWAY.address, this.project.host).ask({ path: "/v1/data/rules/version" });
    return String(at(JSON.parse(body), "result"));
  }

  /** The same of one color, asked past the gateway. */
  answeredBy(color: Color): string {
    const service = `services/http:${workloadName(SERVICE, color)}:80`;
    const url = `/api/v1/namespaces/${this.project.namespace}/${service}/proxy/v1/data/rules/version`;
    return String(at(JSON.parse(kubectl("get", "--raw", url)), "result"));
  }

  /** uids of a color's pods: others mean that they were made anew. */
  async pods(color: Color): Promise<string[]> {
    const selector = { labelSelector: `hms.delivery/service=${SERVICE},hms.delivery/color=${color}` };
    const { namespace } = this.project;
    const pods = await this.kube.list({ apiVersion: "v1", kind: "Pod", namespace }, selector);
    return pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .flatMap(({ metadata }) => metadata.uid ?? [])
      .sort();
  }
}

const changesOf = (output: string): string[] =>
  output
    .split("\n")
    .flatMap(
      (line) => /^ [+~-]+ +(\S+) (\S+) (create|update|delete|replace)\b/.exec(line)?.slice(1, 4).join(" ") ?? [],
    );

describe("configuration in the ConfigMap of a release", function () {
  this.timeout(600_000);
  const project = new TestProject("config");
  const world = new Configured(project);
  const underLoad = (act: () => Promise<void>) =>
    keepAsking(project, { requestsPerSecond: 50, newConnections: 0.2 }, act);
  /** Of the first release; its name outlives everything that follows. */
  let first = "";

  before(async () => {
    project.service((service) => (service.replicas = 1));
    world.mountRules();
    await project.init();
    await world.up();
    first = await world.nameOf("blue");
  });
  after(() => {
    project.remove();
  });

  it("is what the service answers by, immutable, and named by the pointer", async () => {
    assert.equal(await world.answered(), "2026.1");
    const made = await world.configMap(first);
    assert.deepEqual(
      [made?.immutable, Object.keys(made?.data ?? {}).sort()],
      [true, ["OPA_RUN_LOG_LEVEL", "REGION", "data.json"]],
    );
    const release = (await world.actual()).colors.blue?.release;
    assert.deepEqual(await world.pointer(), {
      ...{ current: first, currentRelease: release?.id, currentTag: release?.tag },
    });
    await world.ok(project.up("--expect-no-changes"));
  });

  it("changes without a build: the idle color comes up with it, and nothing of the live one is touched", () =>
    underLoad(async () => {
      const [pods, before] = [await world.pods("blue"), await world.configMap(first)];
      project.newPolicy("2026.2");
      const planned = changesOf(await world.ok(project.preview()));
      const made = planned.filter((change) => change.includes("ConfigMap "));
      assert.equal(made.length, 1, planned.join("\n"));
      assert.match(made[0] ?? "", /^kubernetes:core\/v1:ConfigMap drought-benefit-config-[0-9a-f]{12} create$/);
      assert.deepEqual(
        planned.filter((change) => /Image|-blue/.test(change)),
        [],
      );
      await world.up();
      assert.deepEqual([await world.live(), await world.answered()], ["green", "2026.2"]);
      assert.equal(world.answeredBy("blue"), "2026.1");
      const after = await world.configMap(first);
      assert.deepEqual([await world.pods("blue"), after?.metadata.uid], [pods, before?.metadata.uid]);
      assert.equal(at(await world.pointer(), "current"), await world.nameOf("green"));
      assert.equal(at(await world.pointer(), "prev"), first);
    }));

  it("is what a pod that starts later finds, too", async () => {
    kubectl("-n", project.namespace, "delete", "pod", "-l", "hms.delivery/color=blue", "--wait");
    // The Service knows its pod some time after the Deployment does.
    const answer = () => {
      try {
        return world.answeredBy("blue");
      } catch (error) {
        return String(error);
      }
    };
    let answered = answer();
    for (const end = Date.now() + 120_000; answered !== "2026.1" && Date.now() < end; answered = answer())
      await sleep(250);
    assert.equal(answered, "2026.1");
  });

  it("goes back with the weights, and the pointer with it; no pod is made for it", () =>
    underLoad(async () => {
      const pods = [await world.pods("blue"), await world.pods("green")];
      await world.ok(project.deploy("rollback", "--env", project.stack));
      assert.equal(await world.answered(), "2026.1");
      assert.deepEqual([at(await world.pointer(), "current"), at(await world.pointer(), "prev")], [first, undefined]);
      assert.deepEqual([await world.pods("blue"), await world.pods("green")], pods);
      await world.ok(project.up("--expect-no-changes"));
    }));

  it("comes up again with an older release that does not stand any more, from the cluster's copy", async () => {
    const tag = (await world.actual()).colors.blue?.release.id ?? "";
    const before = await world.configMap(first);
    for (const version of ["2026.3", "2026.4"]) {
      project.newPolicy(version);
      await world.up();
      assert.equal(await world.answered(), version);
    }
    assert.notEqual(await world.nameOf("blue"), first);
    assert.equal((await world.configMap(first))?.metadata.uid, before?.metadata.uid, "it is kept");
    await world.ok(project.deploy("rollback", "--env", project.stack, "--to", tag));
    assert.equal(await world.answered(), "2026.1");
    assert.equal((await world.configMap(first))?.metadata.uid, before?.metadata.uid, "it is the same");
    assert.equal(at(await world.pointer(), "current"), first);
  });

  it("cannot come up again when its copy is gone or altered: refused with the reason, and nothing is changed", async () => {
    const { live, record, colors } = await world.actual();
    const stands = Object.values(colors).map((color) => color?.release.id);
    const lost = record.deployments.findLast(({ release }) => !stands.includes(release.id))?.release;
    assert.ok(lost && live);
    const name = configMapName(SERVICE, lost.spec);
    const made = await world.configMap(name);
    assert.ok(made);
    const back = () => project.deploy("rollback", "--env", project.stack, "--to", lost.id);
    kubectl("-n", project.namespace, "delete", "configmap", name);
    const gone = await back();
    assert.equal(gone.code, 1, gone.output);
    assert.match(
      gone.lastLine,
      new RegExp(`ConfigMap ${name}, with which .* was proven, is gone\\. Deploy the source`),
    );
    const { namespace } = project;
    const data = { "data.json": "{}" };
    await world.kube.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data });
    const altered = await back();
    assert.equal(altered.code, 1, altered.output);
    assert.match(altered.lastLine, /is not what it was: .*; delete it\./);
    assert.deepEqual((await world.actual()).record, record);
    kubectl("-n", namespace, "delete", "configmap", name);
  });

  it("stays as it is through a move that is parked and aborted, and abort puts an edited pointer right", async () => {
    const before = await world.pointer();
    project.service((service) => (service.strategy = [{ weight: 10, gates: "none", pause: "1h" }, { weight: 100 }]));
    project.newPolicy("2026.5");
    await world.up();
    assert.equal((await world.actual()).weights?.[otherColor(await world.live())], 10);
    assert.deepEqual(await world.pointer(), before);
    const nonsense = JSON.stringify({ data: { prev: "nonsense", prevTag: "v0" } });
    kubectl("-n", project.namespace, "patch", "configmap", POINTER, "--type=merge", "-p", nonsense);
    await world.ok(project.deploy("abort", "--env", project.stack));
    assert.deepEqual(await world.pointer(), before);
    assert.equal(await world.answered(), "2026.1");
    project.service((service) => delete service.strategy);
  });

  it("is named by the pointer again after the update that went live died before it said so", async () => {
    const before = await world.pointer();
    project.newPolicy("2026.6");
    project.env.HMS_KILL_AT = "committed";
    const died = await project.deploy("--env", project.stack);
    delete project.env.HMS_KILL_AT;
    assert.notEqual(died.code, 0, died.output);
    assert.equal(await world.answered(), "2026.6");
    assert.deepEqual(await world.pointer(), before);
    await world.ok(project.deploy("--env", project.stack));
    assert.equal(at(await world.pointer(), "current"), await world.nameOf(await world.live()));
    assert.equal(at(await world.pointer(), "prev"), at(before, "current"));
  });

  it("is pointed to again by an update when somebody deleted the pointer, and no weight is written for that", async () => {
    const [before, { record }] = [await world.pointer(), await world.actual()];
    kubectl("-n", project.namespace, "delete", "configmap", POINTER);
    assert.match(await world.ok(project.preview()), /TrafficSwitch drought-benefit update \[diff: ~pointer\]/);
    await world.up();
    assert.deepEqual(await world.pointer(), before);
    assert.equal((await world.actual()).record.sequence, record.sequence);
    await world.ok(project.up("--expect-no-changes"));
  });

  it("is made again by an update when somebody deleted it and the source still has it", async () => {
    const live = await world.live();
    const [name, pods] = [await world.nameOf(live), await world.pods(live)];
    kubectl("-n", project.namespace, "delete", "configmap", name);
    await world.up();
    assert.equal((await world.configMap(name))?.immutable, true);
    assert.deepEqual(await world.pods(live), pods);
  });

  it("holds as much as it may, any bytes", async () => {
    const { folder } = project;
    const rules = readFileSync(path.join(folder, "examples", SERVICE, "policy", "data.json"));
    const bytes = randomBytes(MOST_BYTES - rules.length);
    writeFileSync(path.join(folder, "examples", SERVICE, "large.bin"), bytes);
    project.edit("service.yaml", (text) => text.replace("files: {", "files: { large.bin: { file: large.bin },"));
    await world.up();
    const made = await world.configMap(await world.nameOf(await world.live()));
    assert.equal(at(made, "binaryData", "large.bin"), bytes.toString("base64"));
    await world.ok(project.up("--expect-no-changes"));
  });

  it("goes with its stack", async () => {
    await world.ok(project.pulumi("destroy", "--yes", "--skip-preview"));
    assert.equal(await world.configMap(first), undefined);
  });
});

describe("a color that an earlier version brought up", function () {
  this.timeout(600_000);
  const project = new TestProject("oldconfig");
  const world = new Configured(project);
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: project.namespace };

  /** Gives the color the objects that it had there: a mutable ConfigMap of its name, read by `envFrom`; no pointer. */
  const asBefore = async (color: Color) => {
    const name = workloadName(SERVICE, color);
    const own = await world.nameOf(color);
    const data = (await world.configMap(own))?.data;
    const metadata = { name, namespace: project.namespace };
    await world.kube.create({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
    const container = "/spec/template/spec/containers/0";
    const patch = [
      { op: "remove", path: `${container}/env` },
      { op: "add", path: `${container}/envFrom`, value: [{ configMapRef: { name } }] },
    ];
    await world.kube.patch({ ...deployment, name }, patch, { type: "json", fieldManager: "earlier" });
    kubectl("-n", project.namespace, "rollout", "status", `deployment/${name}`, "--timeout=180s");
    for (const one of [own, POINTER]) kubectl("-n", project.namespace, "delete", "configmap", one);
  };

  before(async () => {
    project.service((service) => (service.replicas = 1));
    await project.init();
    await world.up();
    await asBefore("blue");
  });
  after(() => {
    project.remove();
  });

  it("keeps its pods and its ConfigMap in an update by this version, and the pointer names that", async () => {
    const pods = await world.pods("blue");
    await world.up();
    assert.deepEqual(await world.pods("blue"), pods);
    assert.equal(at(await world.pointer(), "current"), "drought-benefit-blue");
    await world.ok(project.up("--expect-no-changes"));
    assert.deepEqual(await world.pods("blue"), pods);
  });

  it("stays so while the other color gets a release with a ConfigMap of its own, and is gone back to", async () => {
    const pods = await world.pods("blue");
    project.service((service) => (service.env = { REGION: "central-coast" }));
    await world.up();
    assert.equal(await world.live(), "green");
    assert.equal(at(await world.pointer(), "prev"), "drought-benefit-blue");
    await world.ok(project.deploy("rollback", "--env", project.stack));
    assert.deepEqual([await world.live(), await world.pods("blue")], ["blue", pods]);
  });

  it("comes over with its next release, and the old ConfigMap goes", async () => {
    for (const region of ["south-coast", "north-coast"]) {
      project.service((service) => (service.env = { REGION: region }));
      await world.up();
    }
    assert.equal(await world.configMap("drought-benefit-blue"), undefined);
    const blue = await world.kube.get({ ...deployment, name: "drought-benefit-blue" });
    const container = asArray(at(blue, "spec", "template", "spec", "containers"))[0];
    assert.ok(container);
    assert.equal(at(container, "envFrom"), undefined);
  });
});

describe("ConfigMaps of releases that nobody needs", function () {
  this.timeout(600_000);
  const space = new TestNamespace("prune");
  const { kube, name: namespace } = space;
  const store = new RolloutStore(kube, "svc", namespace);
  const maps = new ConfigMaps(kube, store);
  const [unused, used, stranger] = ["svc-config-00000000000a", "svc-config-00000000000b", "svc-config-notes"];
  const others = "other-config-00000000000a";
  const make = (name: string, service: string) =>
    kube.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, labels: { [LABEL.config]: service } },
    });
  const left = async () => {
    const found = await kube.list({ apiVersion: "v1", kind: "ConfigMap", namespace });
    return found.map(({ metadata }) => metadata.name).filter((name) => name !== "kube-root-ca.crt");
  };

  before(async () => {
    await space.create();
    for (const name of [unused, used, stranger]) await make(name, "svc");
    await make(others, "other");
    // No node has that label, so the pod waits for ever; it counts all the same.
    await made(
      space,
      "svc",
      {
        nodeSelector: { none: "such" },
        containers: [{ name: "svc", image: "none" }],
        volumes: [{ name: "config", configMap: { name: used } }],
      },
      { [LABEL.service]: "svc" },
    );
  });
  after(async () => {
    await space.remove();
  });

  it("are removed by who holds the lease, and nothing else is", async () => {
    const lease = await acquireLease(kube, store);
    try {
      await maps.prune(lease);
    } finally {
      await lease.release();
    }
    assert.deepEqual(await left(), [others, used, stranger]);
  });

  it("go with their service, all of them, and no other service's", async () => {
    await maps.removeAll();
    assert.deepEqual(await left(), [others]);
  });
});
