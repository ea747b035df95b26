import { strict as assert } from "node:assert";
import { ANNOTATION } from "../../core/rollout/names";
import { weightsFor } from "../../core/rollout/color";
import { readJournal } from "../../provider/rollout/journal";
import { RolloutStore } from "../../provider/rollout/store";
import { KubeClient } from "../../platform/kube/client";
import { kubectl } from "../support/cluster";
import { finished, printed, TestProject, type Ran } from "../support/project";
import { underLoad as keepAsking } from "../support/underLoad";

const SERVICE = "drought-benefit";
/** What a killed pod takes with it of so short a run is chance, and more on a busy machine. */
const LENIENT = { availability: "60%" };

describe("chaos before a move", function () {
  this.timeout(600_000);
  const project = new TestProject("chaosgate");
  const kube = KubeClient.load({ context: "hms-local" });
  const store = new RolloutStore(kube, SERVICE, project.namespace);
  let version = 0;

  /** Another release, by its environment alone: no image is built for it. */
  const newRelease = () => {
    project.service((service) => (service.env = { REGION: `region-${version++}` }));
  };
  const chaos = (settings: object) => {
    project.service((service) => (service.chaos = { time: "10s", every: "4s", rps: 40, ...settings }));
  };
  const actual = async () => (await store.read()).actual;
  const deploy = (...more: readonly string[]): Promise<Ran> => project.deploy("--env", project.stack, ...more);
  const ended = async (running: Promise<Ran>, code: number): Promise<string> => {
    const ran = await running;
    assert.equal(ran.code, code, ran.output);
    return ran.output;
  };
  const podsOf = (color: string) =>
    kubectl("-n", project.namespace, "get", "pods", "-l", `hms.delivery/color=${color}`, "-o", "name")
      .trim()
      .split("\n")
      .sort();
  const scale = (color: string, replicas: number) =>
    kubectl("-n", project.namespace, "scale", "deployment", `${SERVICE}-${color}`, `--replicas=${replicas}`);
  /** Users' requests meanwhile: none may be lost. */
  const underLoad = <T>(act: () => Promise<T>): Promise<T> =>
    keepAsking(project, { requestsPerSecond: 50, newConnections: 0.2 }, act);

  before(async () => {
    newRelease();
    await project.init();
    await ended(deploy(), 0);
  });
  after(() => {
    project.remove();
  });

  it("is stopped by Ctrl-C: nothing is held, no weight moves, and the next deploy tries the color again", () =>
    underLoad(async () => {
      const live = podsOf("blue");
      chaos({ time: "10m" });
      newRelease();
      const child = project.startDeploy("--env", project.stack);
      const running = finished(child);
      await printed(child, /chaos \d:\d\d {2}killed drought-benefit-green-\S+ \(crash\), 1 of 2 pods ready/);
      const asked = performance.now();
      child.kill("SIGINT");
      const output = await ended(running, 130);
      assert.ok(performance.now() - asked < 300_000, "it did not run to its end");
      assert.match(output, /cancelled: 1 pod was killed, \d+ of \d+ requests were lost/);
      const { weights, record, colors } = await actual();
      assert.deepEqual([weights, record.holds, colors.green?.proven], [weightsFor("blue"), [], false]);
      assert.deepEqual(podsOf("blue"), live);
    }));

  it("kills pods of the idle color alone, and the traffic moves when all are back", () =>
    underLoad(async () => {
      const live = podsOf("blue");
      chaos(LENIENT);
      const output = await ended(deploy(), 0);
      assert.match(output, /chaos \d:\d\d {2}killed drought-benefit-green-/);
      assert.doesNotMatch(output, /killed drought-benefit-blue-/);
      assert.match(output, /green came through chaos: [\d.]+ % of \d+ requests were answered; [12] pods? killed;/);
      const { live: now, colors } = await actual();
      assert.deepEqual([now, colors.green?.ready], ["green", 2]);
      assert.deepEqual(podsOf("blue"), live);
    }));

  it("holds a release that answers too little: no traffic is moved, the evidence stands in the record", () =>
    underLoad(async () => {
      newRelease();
      chaos({ time: "20s" });
      const running = project.startDeploy("--env", project.stack);
      const failed = finished(running);
      await printed(running, /killed drought-benefit-blue-/);
      scale("blue", 0);
      const output = await ended(failed, 1);
      assert.match(
        output,
        /error: .*drought-benefit: chaos: [\d.]+ % of \d+ requests were answered, more than 99 % is/,
      );
      assert.match(output.trimEnd().split("\n").at(-1) ?? "", /no traffic was moved, \S+ \(\w+\) is held$/);
      const { weights, record, colors } = await actual();
      assert.deepEqual([weights, record.move, colors.blue?.proven], [weightsFor("green"), null, false]);
      const [hold] = record.holds;
      assert.deepEqual([hold?.kind, hold?.release], ["failed", colors.blue?.release.id]);
      assert.match(hold?.reason ?? "", /^chaos: .*; 1 pod killed.* \(crash, seed \d+\); worst second .*; lost \d+: /);
      const refused = await project.preview();
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, /is held since .*: chaos: /);
    }));

  it("is part of the proof: killed right after it, the next deploy moves without killing a pod again", () =>
    underLoad(async () => {
      newRelease();
      chaos(LENIENT);
      project.env.HMS_KILL_AT = "chaos-survived";
      const died = await deploy();
      delete project.env.HMS_KILL_AT;
      assert.notEqual(died.code, 0, died.output);
      assert.equal((await readJournal(kube, store)).at(-1)?.boundary, "chaos-survived");
      const standing = podsOf("blue");
      const output = await ended(deploy(), 0);
      assert.match(output, /blue came through chaos before, with this release and these settings/);
      assert.doesNotMatch(output, /killed /);
      assert.equal((await actual()).live, "blue");
      assert.deepEqual(podsOf("blue"), standing);
    }));

  it("moves nothing and holds nothing when it cannot tell, for somebody took the rollout over", () =>
    underLoad(async () => {
      newRelease();
      chaos({ ...LENIENT, time: "1m" });
      const child = project.startDeploy("--env", project.stack);
      const running = finished(child);
      await printed(child, /killed drought-benefit-green-/);
      const spec = { holderIdentity: "somebody@elsewhere/1/x", leaseTransitions: 1_000_000 };
      await kube.patch(store.leaseRef(), { spec }, { type: "merge" });
      const output = await ended(running, 1);
      await kube.patch(store.leaseRef(), { spec: { ...spec, holderIdentity: "" } }, { type: "merge" });
      assert.match(output, /somebody@elsewhere \(pid 1\) (has the lease now|took over its rollout)/);
      const { weights, record } = await actual();
      assert.deepEqual([weights, record.holds], [weightsFor("blue"), []]);
    }));

  it("is not asked of a release that is only gone back to, and an unchanged stack needs nothing", async () => {
    project.service((service) => delete service.chaos);
    await ended(deploy(), 0);
    chaos({});
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: project.namespace };
    const marks = async (color: string) =>
      (await kube.get({ ...deployment, name: `${SERVICE}-${color}` }))?.metadata.annotations?.[ANNOTATION.chaos];
    assert.equal(await marks("green"), undefined);
    await ended(project.up("--expect-no-changes"), 0);
    const back = await ended(project.deploy("rollback", "--env", project.stack), 0);
    assert.doesNotMatch(back, /killed /);
    assert.equal((await actual()).live, "blue");
    assert.match((await marks("blue")) ?? "", /^\{"release":"\w+","seconds":10,/);
  });
});
