import { strict as assert } from "node:assert";
import { otherColor, weightsFor, type Color } from "../../core/rollout/color";
import { boundariesOf, boundariesOfMove, type Boundary } from "../../core/rollout/journal";
import type { RolloutRecord } from "../../core/rollout/record";
import type { MoveStep } from "../../core/rollout/strategy";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { Mover } from "../../provider/rollout/mover";
import { acquireLease, readLeaseState } from "../../provider/rollout/lease";
import { readJournal } from "../../provider/rollout/journal";
import { RolloutStore } from "../../provider/rollout/store";
import { KubeClient } from "../../platform/kube/client";
import { GATEWAY } from "../support/cluster";
import { finished, printed, TestProject } from "../support/project";
import { share } from "../support/share";
import { underLoad as keepAsking } from "../support/underLoad";

const SERVICE = "drought-benefit";
const STEPS = [
  { weight: 50, gates: "none" },
  { weight: 100, gates: "none" },
];

const ALL = { weight: 100, holdSeconds: 0, gates: [] };

interface Checkpoint {
  readonly checkpoint: {
    readonly latest: {
      readonly resources: readonly { readonly type: string; readonly outputs?: Readonly<Record<string, unknown>> }[];
      readonly pending_operations?: readonly unknown[];
    };
  };
}

describe("a mover that is killed at a boundary of a move", function () {
  this.timeout(600_000);
  const project = new TestProject("boundary");
  const kube = KubeClient.load({ context: "hms-local" });
  const store = new RolloutStore(kube, SERVICE, project.namespace);
  let version = 0;

  /** Another release, by its environment alone: no image is built for it. */
  const newRelease = () => {
    project.service((service) => (service.env = { REGION: `region-${version++}` }));
  };
  const strategy = (steps: readonly object[]) => {
    project.service((service) => (service.strategy = steps));
  };
  const actual = async () => (await store.read()).actual;
  const killedAt = async <T>(boundary: Boundary, act: () => Promise<T>): Promise<T> => {
    project.env.HMS_KILL_AT = boundary;
    try {
      return await act();
    } finally {
      delete project.env.HMS_KILL_AT;
    }
  };
  const underLoad = (act: () => Promise<void>) =>
    keepAsking(project, { requestsPerSecond: 50, newConnections: 0.2 }, act);
  const deploy = async () => {
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
  };

  /** A command, or without words an update, that dies at the boundary: the journal's last word is that, of a new token. */
  const commandDies = async (boundary: Boundary, ...words: readonly string[]) => {
    const before = (await readLeaseState(kube, store))?.token ?? 0;
    const died = await killedAt(boundary, () => project.deploy(...words, "--env", project.stack));
    assert.notEqual(died.code, 0, died.output);
    const last = (await readJournal(kube, store)).at(-1);
    assert.deepEqual([last?.boundary, (last?.token ?? 0) > before], [boundary, true], died.output);
  };
  /** All the traffic is on that color, and nothing is left of the way there. */
  const settledOn = async (color: Color) => {
    const { live, weights, foreign, record } = await actual();
    assert.deepEqual([live, weights, foreign, record.move], [color, weightsFor(color), null, null]);
    assert.deepEqual([record.live, record.weights], [color, weightsFor(color)]);
    return record;
  };
  /** Kinds of the events since then. */
  const newsOf = ({ events }: RolloutRecord, before: RolloutRecord) =>
    events.filter(({ at }) => at > (before.events.at(-1)?.at ?? "")).map(({ kind }) => kind);
  /** The idle color gets traffic in steps, moved by this process: as a deploy does, without what comes before. */
  const moveForward = async (steps: readonly MoveStep[]) => {
    const { live, colors } = await actual();
    assert.ok(live);
    const to = otherColor(live);
    const lease = await acquireLease(kube, store);
    const { address, ...gateway } = GATEWAY;
    const shape = { service: SERVICE, namespace: project.namespace, hostnames: [project.host], gateway };
    const dataPlane = new DataPlane(address, project.host);
    const wish = { shape, to, steps, release: colors[to]?.release.id ?? "", seen: live, probePath: "/health" };
    try {
      await new Mover({ store, lease, dataPlane, progress: () => undefined }).run(
        { ...wish, intent: "deploy", takeOver: false },
        AbortSignal.timeout(120_000),
      );
    } finally {
      await lease.release();
    }
    return { from: live, to };
  };
  const park = () => moveForward([{ ...ALL, weight: 50, pauseSeconds: 600 }, ALL]);

  /** What the engine's state says of the switch, and how many operations it takes for unfinished. */
  const stateOfSwitch = () => {
    const { checkpoint } = JSON.parse(project.state()) as Checkpoint;
    const { resources, pending_operations: pending } = checkpoint.latest;
    const outputs = resources.find(({ type }) => type === "hms:rollout:TrafficSwitch")?.outputs;
    return {
      ...{ live: outputs?.live, release: outputs?.release, weights: outputs?.weights },
      pending: pending?.length ?? 0,
    };
  };

  before(async () => {
    project.service((service) => (service.replicas = 1));
    newRelease();
    await project.init();
    await deploy();
    strategy(STEPS);
  });
  after(() => {
    project.remove();
  });

  for (const boundary of share(boundariesOf(STEPS.length), 4)) {
    it(`dies at ${boundary}: the next hms-deploy finishes, and state, cluster and journal agree`, () =>
      underLoad(async () => {
        const { record: before, live: from } = await actual();
        newRelease();
        await commandDies(boundary);
        await deploy();
        const { live, weights, foreign, record, colors } = await actual();
        assert.ok(live !== null && live !== from, "the new release is live");
        assert.deepEqual([weights, record.weights, foreign], [weightsFor(live), weightsFor(live), null]);
        assert.deepEqual([record.move, record.holds], [null, []]);
        assert.equal(record.deployments.at(-1)?.order, (before.deployments.at(-1)?.order ?? 0) + 1);
        assert.equal(record.deployments.at(-1)?.release.id, colors[live]?.release.id);
        const last = (await readJournal(kube, store)).at(-1);
        assert.match(last?.boundary ?? "", /^(committed|lease-returning)$/);
        assert.equal(last?.release, colors[live]?.release.id);
        assert.deepEqual(stateOfSwitch(), { live, release: colors[live]?.release.id, weights, pending: 0 });
      }));
  }

  it("leaves nothing to do for a further up", async () => {
    const { code, output } = await project.up("--expect-no-changes");
    assert.equal(code, 0, output);
  });

  it("dies when it has parked: the next hms-deploy leaves it parked", () =>
    underLoad(async () => {
      strategy([
        { weight: 50, gates: "none", pause: "1h" },
        { weight: 100, gates: "none" },
      ]);
      newRelease();
      await commandDies("parked");
      const { record } = await actual();
      await deploy();
      const now = await actual();
      assert.deepEqual([now.weights, now.record.move?.parked?.at], [record.weights, record.move?.parked?.at]);
      assert.equal((await project.deploy("promote", "--env", project.stack)).code, 0);
    }));

  it("dies when it has put the traffic back: the next hms-deploy tries again", () =>
    underLoad(async () => {
      strategy([
        { weight: 50, gates: "none", hold: "5m" },
        { weight: 100, gates: "none" },
      ]);
      newRelease();
      const { live: from } = await actual();
      await killedAt("restored", async () => {
        const child = project.startDeploy("--env", project.stack);
        const ended = finished(child);
        await printed(child, /50 % to (blue|green)/);
        while (!(await readJournal(kube, store)).at(-1)?.boundary.endsWith("-in-force"))
          await new Promise((done) => setTimeout(done, 100));
        child.kill("SIGINT");
        assert.notEqual((await ended).code, 0);
      });
      assert.equal((await readJournal(kube, store)).at(-1)?.boundary, "restored");
      assert.deepEqual((await actual()).weights, weightsFor(from ?? "blue"));
      strategy(STEPS);
      await deploy();
      assert.notEqual((await actual()).live, from);
    }));

  // The two releases that stand change places again and again: nothing is built, and no engine is asked.
  describe("by a command", () => {
    before(async () => {
      const { live, colors } = await actual();
      if (live !== null && colors[otherColor(live)]?.proven) return;
      newRelease();
      await deploy();
    });

    for (const boundary of share(boundariesOfMove(1), 3)) {
      const isDone = boundary === "committed" || boundary === "lease-returning";

      it(`dies at ${boundary} of a rollback: the next one finishes, and the release that was left is held once`, () =>
        underLoad(async () => {
          const { live: left, colors, record: before } = await actual();
          assert.ok(left !== null);
          await commandDies(boundary, "rollback");
          const again = await project.deploy("rollback", "--env", project.stack);
          assert.equal(again.code, isDone ? 1 : 0, again.output);
          const record = await settledOn(otherColor(left));
          assert.deepEqual(
            record.holds.map((hold) => [hold.release, hold.kind]),
            [[colors[left]?.release.id, "rolledBack"]],
          );
          assert.deepEqual(newsOf(record, before), ["rollback"]);
          assert.equal(record.deployments.at(-1)?.order, before.deployments.at(-1)?.order);
          await moveForward([ALL]);
        }));

      it(`dies at ${boundary} of a promotion: the next one finishes, and it is one deployment`, () =>
        underLoad(async () => {
          const { record: before } = await actual();
          const { to } = await park();
          await commandDies(boundary, "promote");
          const again = await project.deploy("promote", "--env", project.stack);
          assert.equal(again.code, isDone ? 1 : 0, again.output);
          const record = await settledOn(to);
          assert.deepEqual([newsOf(record, before), record.holds], [["parked", "deploy"], []]);
          assert.equal(record.deployments.at(-1)?.order, (before.deployments.at(-1)?.order ?? 0) + 1);
          assert.equal((await readJournal(kube, store)).at(-1)?.boundary, isDone ? boundary : "lease-returning");
        }));
    }

    it("finishes a rollback that was interrupted when an update is next, and leaves what somebody went back from", () =>
      underLoad(async () => {
        const { live: left } = await actual();
        assert.ok(left !== null);
        await commandDies("step-1-written", "rollback");
        await deploy();
        const { holds } = await settledOn(otherColor(left));
        assert.deepEqual(
          holds.map(({ kind }) => kind),
          ["rolledBack"],
        );
        await moveForward([ALL]);
      }));

    for (const boundary of ["lease-taken", "restored", "lease-returning"] as const)
      it(`dies at ${boundary} of an abort: the traffic is back, or comes back with the next one`, () =>
        underLoad(async () => {
          const { record: before } = await actual();
          const { from } = await park();
          await commandDies(boundary, "abort");
          const again = await project.deploy("abort", "--env", project.stack);
          assert.equal(again.code, boundary === "lease-taken" ? 0 : 1, again.output);
          const record = await settledOn(from);
          assert.deepEqual(newsOf(record, before), ["parked", "restore"]);
        }));
  });
});
