import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { backendPattern } from "../../core/gates/traefik";
import { weightsFor } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import type { MoveStep } from "../../core/rollout/strategy";
import { Prometheus } from "../../provider/gates/prometheus";
import { abandonMove } from "../../provider/rollout/abandon";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { acquireLease, type HeldLease } from "../../provider/rollout/lease";
import { Mover } from "../../provider/rollout/mover";
import { RolloutStore } from "../../provider/rollout/store";
import { Load } from "../load/load";
import { GATEWAY, kubectl, TestNamespace } from "../support/cluster";
import { TestProject } from "../support/project";
import { release } from "../unit/rollout/support";

/** Somebody whose browser keeps the cookies that it is given. */
class Visitor {
  cookie = "";
  color = "";

  constructor(private readonly plane: DataPlane) {}

  async ask(): Promise<string> {
    const headers = this.cookie === "" ? {} : { cookie: `theme=dark; ${this.cookie}` };
    const answer = await this.plane.ask({ path: "/health", headers });
    assert.equal(answer.status, 200);
    const [given] = /hms-[^;,\s]+/.exec(answer.headers["set-cookie"] ?? "") ?? [];
    this.cookie = given ?? this.cookie;
    return (this.color = answer.headers[HEADER.color] ?? "");
  }
}

describe("sessions, on a real cluster and gateway", function () {
  this.timeout(600_000);
  const space = new TestNamespace("sessions");
  const [r1, r2] = [release("r1"), release("r2")];
  const shape = space.shape("svc");
  const store = new RolloutStore(space.kube, "svc", space.name);
  const plane = new DataPlane(GATEWAY.address, shape.hostnames[0] ?? "");
  const visitors = Array.from({ length: 200 }, () => new Visitor(plane));
  const { signal } = new AbortController();

  const leased = async <T>(act: (lease: HeldLease) => Promise<T>): Promise<T> => {
    const lease = await acquireLease(space.kube, store);
    try {
      return await act(lease);
    } finally {
      await lease.release();
    }
  };
  const moveTo = (to: "blue" | "green", id: string, weights: readonly number[]) =>
    leased(async (lease) => {
      const mover = new Mover({ store, lease, dataPlane: plane, progress: () => undefined });
      const steps = weights.map((weight): MoveStep => {
        return { weight, holdSeconds: 0, gates: [], ...(weight === 100 ? {} : { pauseSeconds: 3600 }) };
      });
      const { live: seen } = (await store.read()).actual;
      const request = { shape, to, release: id, seen, steps, intent: "deploy", takeOver: false } as const;
      return mover.run({ ...request, probePath: "/health", affinity: { secure: false } }, signal);
    });
  /** Everybody asks once. @returns how many are on green. */
  const everybody = async (): Promise<number> => {
    let green = 0;
    for (const visitor of visitors) if ((await visitor.ask()) === "green") green++;
    return green;
  };
  const nobodyChanges = async () => {
    const before = visitors.map(({ color }) => color);
    await everybody();
    assert.deepEqual(
      visitors.map(({ color }) => color),
      before,
    );
  };
  const dealtByRequest = async (): Promise<number> => {
    let green = 0;
    for (let asked = 0; asked < 200; asked++) if ((await new Visitor(plane).ask()) === "green") green++;
    return green;
  };
  const near = (got: number, expected: number) => {
    assert.ok(Math.abs(got - expected) <= 8, `${got}, expected about ${expected} of 200`);
  };

  before(async () => {
    await space.create();
    await Promise.all([
      space.color("svc", "blue", r1, { proven: true }),
      space.color("svc", "green", r2, { proven: true }),
    ]);
    await moveTo("blue", r1.id, [100]);
  });
  after(() => space.remove());

  it("are not marked while one color has all the traffic", async () => {
    assert.equal(await everybody(), 0);
    assert.ok(visitors.every(({ cookie }) => cookie === ""));
  });

  it("stay where they were dealt while the move is parked; what sends no cookie is dealt by each request", async () => {
    assert.equal((await moveTo("green", r2.id, [10, 100])).parked, true);
    near(await everybody(), 20);
    await nobodyChanges();
    await nobodyChanges();
    near(await dealtByRequest(), 20);
    const { foreign, weights } = (await store.read()).actual;
    assert.deepEqual([foreign, weights], [null, weightsFor("green", 10)]);
  });

  it("are users' requests to the gates, by whichever rule they came", async () => {
    const prometheus = new Prometheus("http://127.0.0.1:9090");
    const counted = `sum(traefik_service_requests_total{service=~"${backendPattern("svc", "green", space.name)}",service!~".*-ep-[^-]+-0-.*"})`;
    const onGreen = visitors.filter(({ color }) => color === "green");
    for (const visitor of onGreen) await visitor.ask();
    // Twice already while nobody changed, and now once more.
    const giveUp = Date.now() + 90_000;
    for (;;) {
      const seen = await prometheus.query(counted, signal);
      if (seen !== null && seen >= 3 * onGreen.length) return;
      if (Date.now() > giveUp) throw new Error(`${seen ?? "none"} of ${3 * onGreen.length} requests are counted`);
      await sleep(250);
    }
  });

  it("follow the weights when these rise: whoever has the new release keeps it, others are dealt once more", async () => {
    const before = visitors.filter(({ color }) => color === "green");
    assert.equal((await moveTo("green", r2.id, [25, 100])).parked, true);
    near(await everybody(), 50);
    assert.ok(before.every(({ color }) => color === "green"));
    await nobodyChanges();
    near(await dealtByRequest(), 50);
  });

  it("are all on the live color again after a restore, whatever their cookies say, and lose nothing on the way", async () => {
    const busy = visitors.filter(({ color }) => color === "green").slice(0, 4);
    let going = true;
    const askers = busy.map(async (visitor) => {
      let answers = 0;
      for (; going; answers++) await visitor.ask();
      return answers;
    });
    const address = { address: GATEWAY.address, host: shape.hostnames[0] ?? "", path: "/health" };
    const load = Load.start({ ...address, requestsPerSecond: 100, newConnections: 0.5, maxSeconds: 60 });
    await sleep(200);
    const { message } = await leased((lease) =>
      abandonMove({ store, lease, dataPlane: plane, probePath: "/health" }, "aborted by the test", "given up"),
    );
    assert.match(message, /the traffic is back on blue \(in force after \d+ ms\)/);
    assert.equal(await everybody(), 0);
    going = false;
    for (const answers of await Promise.all(askers)) assert.ok(answers > 0);
    assert.deepEqual((await load.stop()).lost, []);
    const rules = kubectl("-n", space.name, "get", "httproute", "svc", "-o", "jsonpath={.spec.rules[*].matches}");
    assert.doesNotMatch(rules, /Cookie/i);
  });

  it("of a move that was given up mean nothing to the next one", async () => {
    const cookies = visitors.map(({ cookie }) => cookie);
    assert.ok(cookies.some((cookie) => cookie.includes("=green")));
    await moveTo("green", r2.id, [10, 100]);
    near(await everybody(), 20);
    assert.ok(visitors.every(({ cookie }, index) => cookie !== cookies[index]));
    await moveTo("green", r2.id, [100]);
    assert.equal(await everybody(), 200);
  });
});

describe("a service with affinity: cookie", function () {
  this.timeout(600_000);
  const project = new TestProject("affinity");
  after(() => {
    project.remove();
  });

  it("keeps a user on the parked release, is no drift, and lets go with the move", async () => {
    project.service((service) => {
      service.affinity = "cookie";
      service.strategy = [{ weight: 50, gates: "none", pause: "1h" }, { weight: 100 }];
    });
    await project.init();
    const first = await project.up();
    assert.equal(first.code, 0, first.output);
    project.newPolicy("2026.7");
    const parked = await project.up();
    assert.equal(parked.code, 0, parked.output);

    const visitors = Array.from({ length: 6 }, () => new Visitor(new DataPlane(GATEWAY.address, project.host)));
    for (const visitor of visitors) await visitor.ask();
    assert.deepEqual([...new Set(visitors.map(({ color }) => color))].sort(), ["blue", "green"]);
    for (const visitor of visitors) {
      const { color } = visitor;
      for (let again = 0; again < 5; again++) assert.equal(await visitor.ask(), color);
    }
    const same = await project.up("--expect-no-changes");
    assert.equal(same.code, 0, same.output);
    for (const visitor of visitors) assert.equal(visitor.color, await visitor.ask());

    const aborted = await project.deploy("abort", "--env", project.stack);
    assert.equal(aborted.code, 0, aborted.output);
    for (const visitor of visitors) assert.equal(await visitor.ask(), "blue");
  });
});
