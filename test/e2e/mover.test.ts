import { strict as assert } from "node:assert";
import { weightsFor, type Color } from "../../core/rollout/color";
import { leaseName } from "../../core/rollout/names";
import { findHold } from "../../core/rollout/record";
import type { Release } from "../../core/rollout/release";
import { ALL_AT_ONCE } from "../../core/rollout/strategy";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { GateFailure, Refusal } from "../../provider/rollout/errors";
import { acquireLease, seizeLease } from "../../provider/rollout/lease";
import { Mover, type MoveRequest } from "../../provider/rollout/mover";
import { RolloutStore } from "../../provider/rollout/store";
import { verifyColor } from "../../provider/rollout/verify";
import { release } from "../unit/rollout/support";
import { GATEWAY, kubectl, TestNamespace } from "../support/cluster";

describe("the mover, on a real cluster and gateway", () => {
  const space = new TestNamespace("mover");
  const [r1, r2] = [release("r1"), release("r2")];
  const shape = space.shape("svc");
  const store = new RolloutStore(space.kube, "svc", space.name);
  const dataPlane = new DataPlane(GATEWAY.address, shape.hostnames[0] ?? "");
  const messages: string[] = [];

  const move = async (
    to: Color,
    wanted: Release,
    change: Partial<MoveRequest> = {},
    signal = new AbortController().signal,
  ) => {
    const { actual } = await store.read();
    const lease = await acquireLease(space.kube, store);
    try {
      const mover = new Mover({ store, lease, dataPlane, progress: (message) => messages.push(message) });
      return await mover.run(
        {
          shape,
          to,
          release: wanted.id,
          seen: actual.live,
          steps: ALL_AT_ONCE,
          intent: "deploy",
          takeOver: false,
          probePath: "/health",
          ...change,
        },
        signal,
      );
    } finally {
      await lease.release();
    }
  };

  before(async () => {
    await space.create();
    await Promise.all([
      space.color("svc", "blue", r1, { proven: true }),
      space.color("svc", "green", r2, { proven: false }),
    ]);
    await space.probeRoute("svc", "t0ken");
  });
  after(() => space.remove());

  it("proves a color through pods and gateway before it has any traffic", async () => {
    const smoke = [
      {
        name: "the executor answers",
        request: { method: "GET" as const, path: "/v1/data", headers: {} },
        expect: { status: 200, json: {}, headers: {} },
      },
    ];
    const parts = { kube: space.kube, store, dataPlane, progress: () => undefined };
    const signal = new AbortController().signal;
    const passed = await verifyColor(
      parts,
      { color: "blue", healthPath: "/health", smoke, deadlineMs: 15_000 },
      signal,
    );
    assert.equal(passed, 1);
    const wrong = smoke.map((test) => ({ ...test, expect: { ...test.expect, status: 418 } }));
    await assert.rejects(
      verifyColor(parts, { color: "blue", healthPath: "/health", smoke: wrong, deadlineMs: 15_000 }, signal),
      (error: Error) => error instanceof GateFailure && /expected status 418, got 200/.test(error.message),
    );
    const lost = verifyColor(parts, { color: "blue", healthPath: "/v1/nothing", smoke, deadlineMs: 500 }, signal);
    await assert.rejects(lost, /health \/v1\/nothing of blue through the pods: status 404, expected 2xx/);
  });

  it("waits for the Service of a color to know its pods, which comes after they are ready", async () => {
    const late = new RolloutStore(space.kube, "late", space.name);
    const host = space.shape("late").hostnames[0] ?? "";
    await Promise.all([space.color("late", "blue", r1, { proven: false }), space.probeRoute("late", "t0ken")]);
    kubectl("-n", space.name, "delete", "service", "late-blue");
    const messages: string[] = [];
    const proving = verifyColor(
      {
        kube: space.kube,
        store: late,
        dataPlane: new DataPlane(GATEWAY.address, host),
        progress: (message) => messages.push(message),
      },
      { color: "blue", healthPath: "/health", smoke: [], deadlineMs: 20_000 },
      new AbortController().signal,
    );
    await Promise.all([
      proving,
      new Promise((done) => setTimeout(done, 700)).then(() => space.service("late", "blue")),
    ]);
    assert.deepEqual(messages, ["health of blue"]);
  });

  it("says that a color has no pods when it stays so", async () => {
    const nobody = new RolloutStore(space.kube, "nobody", space.name);
    const proving = verifyColor(
      { kube: space.kube, store: nobody, dataPlane, progress: () => undefined },
      { color: "blue", healthPath: "/health", smoke: [], deadlineMs: 300 },
      new AbortController().signal,
    );
    await assert.rejects(proving, /no pod of blue is ready behind its Service/);
  });

  it("makes a first release public", async () => {
    const { record } = await move("blue", r1);
    assert.deepEqual([record.live, record.weights, record.deployments.length], ["blue", weightsFor("blue"), 1]);
    const answer = await dataPlane.ask({ path: "/health" });
    assert.deepEqual([answer.status, answer.headers["x-hms-color"]], [200, "blue"]);
  });

  it("refuses a color that is not proven, and changes nothing", async () => {
    await assert.rejects(
      move("green", r2),
      (error) => error instanceof Refusal && /did not pass its verification/.test(error.message),
    );
    assert.deepEqual((await store.read()).actual.weights, weightsFor("blue"));
  });

  it("moves to a proven color, and the data plane confirms it", async () => {
    await store.markProven("green", r2.id);
    const { record } = await move("green", r2);
    assert.equal(record.live, "green");
    for (let i = 0; i < 20; i++)
      assert.equal((await dataPlane.ask({ path: "/health" })).headers["x-hms-color"], "green");
  });

  it("goes back, holds what it left, and makes no new deployment", async () => {
    const { record } = await move("blue", r1, { intent: "rollback" });
    assert.equal(findHold(record, r2.id)?.kind, "rolledBack");
    assert.equal(record.deployments.length, 2);
    assert.equal(record.current, 1);
  });

  it("puts the traffic back when it is stopped, and blames nobody", async () => {
    const stop = new AbortController();
    const steps = [
      { weight: 50, holdSeconds: 30, gates: [] },
      { weight: 100, holdSeconds: 0, gates: [] },
    ];
    const moving = move("green", r2, { steps }, stop.signal);
    while (!messages.some((message) => message.startsWith("50 % to green")))
      await new Promise((done) => setTimeout(done, 20));
    await new Promise((done) => setTimeout(done, 300));
    stop.abort(new Error("stopped by the test"));
    await assert.rejects(moving, /stopped by the test; the traffic is back on blue/);
    const { actual } = await store.read();
    assert.deepEqual([actual.live, actual.weights, actual.foreign], ["blue", weightsFor("blue"), null]);
    assert.equal(actual.record.holds.filter((hold) => hold.kind === "failed").length, 0);
  });

  it("stops at weights that somebody else wrote, names the writer, and takes over only when told to", async () => {
    const patch = [{ op: "replace", path: "/spec/rules/0/backendRefs/1/weight", value: 10 }];
    kubectl("-n", space.name, "patch", "httproute", "svc", "--type=json", "-p", JSON.stringify(patch));
    await assert.rejects(move("blue", r1), /kubectl-patch set the weights to blue 100, green 10/);
    assert.deepEqual((await store.read()).actual.weights, { blue: 100, green: 10 });
    const { record } = await move("blue", r1, { takeOver: true });
    assert.equal(record.events.at(-1)?.kind, "repair");
    assert.deepEqual((await store.read()).actual.foreign, null);
  });

  it("brings a deleted route back with what was live, in one patch", async () => {
    kubectl("-n", space.name, "delete", "httproute", "svc");
    const { actual } = await store.read();
    assert.deepEqual([actual.live, actual.weights], ["blue", null]);
    await move("blue", r1);
    assert.equal((await dataPlane.ask({ path: "/health" })).headers["x-hms-color"], "blue");
  });

  it("is fenced above every mover before it, also where the lease was deleted by hand", async () => {
    await move("blue", r1);
    const { fence } = (await store.read()).actual.record;
    for (const take of [acquireLease, seizeLease]) {
      kubectl("-n", space.name, "delete", "lease", leaseName("svc"));
      const lease = await take(space.kube, store);
      await lease.release();
      assert.ok(lease.token > fence, `${lease.token} after ${fence}`);
    }
  });

  it("refuses a second mover while the first one lives", async () => {
    const lease = await acquireLease(space.kube, store);
    try {
      const patch = { spec: { holderIdentity: `somebody@elsewhere/1/1-1` } };
      await space.kube.patch(store.leaseRef(), patch, { type: "merge", fieldManager: "hms-test" });
      const beat = setInterval(() => {
        const renewTime = new Date().toISOString().replace("Z", "000Z");
        void space.kube.patch(store.leaseRef(), { spec: { renewTime } }, { type: "merge", fieldManager: "hms-test" });
      }, 300);
      try {
        await assert.rejects(acquireLease(space.kube, store), /somebody@elsewhere \(pid 1\) is moving its traffic/);
      } finally {
        clearInterval(beat);
      }
    } finally {
      await space.kube.patch(
        store.leaseRef(),
        { spec: { holderIdentity: "" } },
        { type: "merge", fieldManager: "hms-test" },
      );
      await lease.release().catch(() => undefined);
    }
  });
});
