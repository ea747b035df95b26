import assert from "node:assert/strict";
import { path } from "../../core/json";
import { COLORS, otherColor, weightsFor, type Color } from "../../core/rollout/color";
import { asRollback, findHold, withMove, type RolloutEvent } from "../../core/rollout/record";
import { ANNOTATION } from "../../core/rollout/names";
import { ALL_AT_ONCE, type MoveStep } from "../../core/rollout/strategy";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { abandonMove } from "../../provider/rollout/abandon";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { readJournal } from "../../provider/rollout/journal";
import { acquireLease, readLease } from "../../provider/rollout/lease";
import type { MoveWish } from "../../provider/rollout/moveJob";
import { Mover } from "../../provider/rollout/mover";
import { RouteWriter } from "../../provider/rollout/routeWriter";
import { cancelSchedule, scheduleMove } from "../../provider/rollout/schedule";
import { RolloutStore } from "../../provider/rollout/store";
import { NamespaceAccounts } from "../support/accounts";
import { endFromWithin, GATEWAY, kubectl, TestNamespace } from "../support/cluster";
import { watchUntil } from "../support/pace";
import { waitFor } from "../support/waitingMove";
import { release } from "../unit/rollout/support";

const layout = loadLayout();
const never = new AbortController().signal;
/** The requirement. */
const WITHIN_MS = 1000;

/** What the pod of a scheduled move does, alone in the cluster: whoever scheduled it only waits for what it writes. */
describe("the pod of a scheduled move", function () {
  this.timeout(600_000);

  const space = new TestNamespace("move");
  const accounts = new NamespaceAccounts(space.name, ["svc"]);
  const shape = space.shape("svc");
  const store = new RolloutStore(space.kube, "svc", space.name);
  const dataPlane = new DataPlane(GATEWAY.address, shape.hostnames[0] ?? "");
  const freeze = configMapStore(space.kube, space.name);
  const releases = { blue: release("r1"), green: release("r2") };
  let image = "";

  before(async () => {
    const progress = new Progress({ write: () => undefined });
    image = await ensureRunnerImage(layout, { progress });
    await space.create();
    await Promise.all([
      accounts.make(),
      space.color("svc", "blue", releases.blue, { proven: true }),
      space.color("svc", "green", releases.green, { proven: true }),
    ]);
    const lease = await acquireLease(space.kube, store);
    const mover = new Mover({ store, lease, dataPlane, progress: () => undefined });
    const request = { shape, to: "blue", release: releases.blue.id, seen: null, steps: ALL_AT_ONCE } as const;
    await mover.run({ ...request, intent: "deploy", takeOver: false, probePath: "/health" }, never);
    await lease.release();
  });
  after(async () => {
    accounts.forget();
    await space.remove();
  });

  interface Wanted {
    readonly seconds: number;
    readonly steps?: readonly MoveStep[];
    readonly onFreeze?: "fire" | "expire";
    readonly graceSeconds?: number;
  }

  const wish = (steps: readonly MoveStep[] = ALL_AT_ONCE): MoveWish => ({
    address: `http://${CLUSTER.address}:${layout.ports.gateway}`,
    prometheus: `http://${CLUSTER.address}:${layout.ports.prometheus}`,
    probePath: "/health",
    steps: steps.map((step) => ({ ...step, gates: [...step.gates] })),
    gates: [],
    image,
    freeze: { stack: "test", midMove: "hold" },
  });

  /** Schedules the release of the idle color, so many seconds after its pod stands: how long that takes is the machine's. */
  const schedule = async ({ seconds, steps = ALL_AT_ONCE, onFreeze = "fire", graceSeconds = 60 }: Wanted) => {
    const { live } = (await store.read()).actual;
    const color = otherColor(live ?? "blue");
    const { id, tag } = releases[color];
    let at = "";
    // Read when the record is written.
    const instant = () => (at ||= new Date(Date.now() + seconds * 1000).toISOString());
    const wanted = {
      ...{ zone: "UTC", color, release: id, tag, onFreeze, graceSeconds, expiresAfterSeconds: 60 },
      get at() {
        return instant();
      },
      get text() {
        return instant();
      },
    };
    const lease = await acquireLease(space.kube, store);
    try {
      await scheduleMove({ kube: space.kube, store, lease }, wanted, wish(steps), never);
    } finally {
      await lease.release();
    }
    return { at, color, token: lease.token };
  };
  const record = async () => (await store.read()).actual.record;
  const inNamespace = (...args: readonly string[]) => kubectl("-n", space.name, ...args);
  const log = () => inNamespace("logs", "-l", "hms.delivery/moves=svc", "--tail", "40");
  const until = async (what: string, is: () => Promise<boolean>) => {
    const { holds, slowest } = await watchUntil(is, 240_000);
    if (!holds) assert.fail(`${what}\n${log()}\n${JSON.stringify(await record())}`);
    return slowest;
  };
  /** Milliseconds by which this machine was late meanwhile; a weight is written in three calls. */
  const over = async () =>
    3 * (await until("the schedule did not end", async () => (await record()).scheduled === undefined));
  const last = async (): Promise<RolloutEvent> => {
    const event = (await record()).events.at(-1);
    assert.ok(event);
    return event;
  };
  /** Milliseconds from the instant to the first weight: when it was about to be written, and when it was. */
  const written = async (at: string) => {
    const journal = await readJournal(space.kube, store);
    const [begun, done] = ["step-1-begun", "step-1-written"].map(
      (boundary) => journal.findLast((entry) => entry.boundary === boundary)?.at ?? "",
    );
    return { begun: Date.parse(begun ?? "") - Date.parse(at), done: Date.parse(done ?? "") - Date.parse(at) };
  };
  /** @param late milliseconds by which this machine was late, the program apart. */
  const assertAtInstant = async (at: string, to: string, late: number) => {
    const { live, movedAt, events } = await record();
    assert.equal(live, to, log());
    const event = events.at(-1);
    assert.deepEqual([event?.kind, event?.scheduled], ["deploy", at]);
    const { begun, done } = await written(at);
    const moved = Date.parse(movedAt ?? "") - Date.parse(at);
    assert.ok(begun >= 0 && done <= WITHIN_MS + late, `written ${begun} to ${done} ms after its instant`);
    console.log(`      weight written ${begun} to ${done} ms, live ${moved} ms after the instant`);
  };

  it("moves at the instant: never before, within a second", async () => {
    const { at, color } = await schedule({ seconds: 16 });
    const waiting = await record();
    assert.deepEqual([waiting.scheduled?.at, waiting.live, waiting.move], [at, otherColor(color), null]);
    await assertAtInstant(at, color, await over());
    assert.equal((await dataPlane.ask({ path: "/health" })).headers["x-hms-color"], color);
  });

  it("is made again when it is killed while it waits, and moves at the instant", async () => {
    const { at, color } = await schedule({ seconds: 38 });
    inNamespace("delete", "pod", "-l", "hms.delivery/moves=svc", "--grace-period=0", "--force", "--wait=false");
    await assertAtInstant(at, color, await over());
  });

  it("starts again in its place when its program dies with the lease, and is on time", async () => {
    const { at, color, token } = await schedule({ seconds: 23 });
    // Ten seconds before the instant it takes the lease.
    const held = async () => {
      const lease = await space.kube.get(store.leaseRef());
      const { holderIdentity: holder = "", leaseTransitions } = lease?.spec as Record<string, string | number>;
      return holder !== "" && Number(leaseTransitions) > token;
    };
    await until("it did not take the lease", held);
    const kill =
      'for (const p of require("fs").readdirSync("/proc")) if (/^[0-9]+$/.test(p) && p !== "1" && Number(p) !== process.pid) try { process.kill(Number(p), "SIGKILL") } catch {}';
    endFromWithin(space.name, `job/svc-move-${token}`, kill);
    const late = await over();
    // It has ten seconds to begin anew; a machine that needs more for that is late by what it needs more, and no longer.
    const taken = path(await space.kube.get(store.leaseRef()), "spec", "acquireTime");
    await assertAtInstant(at, color, late + Math.max(0, Date.parse(String(taken)) - Date.parse(at)));
  });

  it("goes through the steps, and begins again within its grace when it dies on the way", async () => {
    const steps = [
      { weight: 20, holdSeconds: 8, gates: [] },
      { weight: 100, holdSeconds: 0, gates: [] },
    ];
    const { at, color, token } = await schedule({ seconds: 14, steps });
    await until("no share was given", async () => (await record()).weights[color] === 20);
    inNamespace("delete", "pod", "-l", `job-name=svc-move-${token}`, "--grace-period=0", "--force", "--wait=false");
    await over();
    const event = await last();
    assert.deepEqual([event.kind, event.scheduled, (await record()).live], ["deploy", at, color], log());
  });

  it("makes one move where two of them wait for the same instant", async () => {
    const { at, color, token } = await schedule({ seconds: 16 });
    const job = await space.kube.get({
      ...{ apiVersion: "batch/v1", kind: "Job", name: `svc-move-${token}`, namespace: space.name },
    });
    const metadata = { name: "twin", namespace: space.name, labels: { "hms.delivery/moves": "svc" } };
    await space.kube.create({ apiVersion: "v1", kind: "Pod", metadata, spec: path(job, "spec", "template", "spec") });
    await assertAtInstant(at, color, await over());
    const phases = () =>
      inNamespace("get", "pods", "-l", "hms.delivery/moves=svc", "-o", "jsonpath={.items[*].status.phase}");
    await until("one of them goes on", () => Promise.resolve(/^(Succeeded ?)+$/.test(phases())));
    const { events } = await record();
    assert.deepEqual(events.filter(({ kind, scheduled }) => kind !== "scheduled" && scheduled === at).length, 1);
  });

  it("is held by a freeze at its instant, leaves the lease free meanwhile, and moves when that is over", async () => {
    const { at, color } = await schedule({ seconds: 12 });
    await freeze.update(() => ({ flag: "the books are closed" }));
    const delayed = async () => (await record()).scheduled?.delayed !== undefined;
    await until("the freeze did not hold it", delayed);
    const held = await record();
    assert.deepEqual([held.live, held.events.at(-1)?.kind], [otherColor(color), "delayed"]);
    assert.match(held.scheduled?.delayed?.why ?? "", /^svc: Deploy blocked - freeze in effect: the books are closed/);
    assert.equal(await readLease(space.kube, store), null);
    await freeze.update(() => ({}));
    const lowered = Date.now();
    await over();
    const event = await last();
    assert.deepEqual([event.kind, event.scheduled, (await record()).live], ["deploy", at, color], log());
    assert.ok(Date.parse(event.at) >= Date.parse(at));
    console.log(`      live ${Date.parse(event.at) - lowered} ms after the end of the freeze`);
  });

  it("expires at a freeze where it is told to, with the reason", async () => {
    const { live } = await record();
    await schedule({ seconds: 12, onFreeze: "expire" });
    await freeze.update(() => ({ flag: "the books are closed" }));
    await over();
    await freeze.update(() => ({}));
    const event = await last();
    assert.deepEqual([event.kind, (await record()).live], ["expired", live]);
    assert.match(event.reason ?? "", /freeze in effect: the books are closed/);
  });

  it("does nothing for a schedule that was cancelled, and its Job goes", async () => {
    const { color, token } = await schedule({ seconds: 600 });
    const lease = await acquireLease(space.kube, store);
    await cancelSchedule({ kube: space.kube, store, lease }, "by the test", "given up");
    await lease.release();
    const { live, events, scheduled } = await record();
    assert.deepEqual([live, scheduled, events.at(-1)?.kind], [otherColor(color), undefined, "cancelled"]);
    assert.equal(findHold(await record(), releases[color].id)?.reason, "by the test");
    await until("its pod stays", () =>
      Promise.resolve(inNamespace("get", "jobs,pods", "-l", `job-name=svc-move-${token}`, "-o", "name").trim() === ""),
    );
  });

  /** Writes a schedule without a pod. @returns what a pod would do for it, in this process. */
  const waits = async (color: Color, seconds: number) => {
    const at = new Date(Date.now() + seconds * 1000);
    return waitFor({ kube: space.kube, store, dataPlane, wish: wish() }, releases[color], color, at);
  };

  it("is not made for a color that is live, and a record that says otherwise is put right without a hold", async () => {
    const live = (await record()).live ?? "blue";
    const { id: release, tag } = releases[live];
    const at = new Date(Date.now() + 600_000).toISOString();
    const wanted = { at, text: at, zone: "UTC", color: live, release, tag } as const;
    const how = { onFreeze: "fire", graceSeconds: 60, expiresAfterSeconds: 60 } as const;
    const lease = await acquireLease(space.kube, store);
    const refused = scheduleMove({ kube: space.kube, store, lease }, { ...wanted, ...how }, wish(), never);
    await assert.rejects(refused, new RegExp(`^Refusal: svc: ${live} is live already, so no move to it can wait`));
    await lease.release();

    const go = await waits(live, 1);
    assert.deepEqual(await go(), { kind: "moot", why: `${live} is live with it already` });
    const after = await record();
    assert.deepEqual([after.scheduled, after.live, after.weights], [undefined, live, weightsFor(live)]);
    assert.deepEqual([after.events.at(-1)?.kind, findHold(after, release)], ["cancelled", undefined]);
  });

  it("ends without a hold when somebody gave its color the traffic by hand meanwhile", async () => {
    const color = otherColor((await record()).live ?? "blue");
    const go = await waits(color, -5);
    const patch = COLORS.map((one, index) => ({
      ...{ op: "replace", path: `/spec/rules/0/backendRefs/${index}/weight` },
      value: one === color ? 100 : 0,
    }));
    inNamespace("patch", "httproute", "svc", "--type=json", "-p", JSON.stringify(patch));
    assert.deepEqual(await go(), { kind: "moot", why: `${color} is live with it already, by kubectl-patch` });
    const { scheduled, events } = await record();
    assert.deepEqual([scheduled, events.at(-1)?.kind], [undefined, "cancelled"]);
    assert.equal(findHold(await record(), releases[color].id), undefined);

    // Whoever takes these weights over ends what waits for that color too.
    await waits(color, 600);
    const lease = await acquireLease(space.kube, store);
    const { id: release } = releases[color];
    const request = { shape, to: color, release, seen: color, steps: ALL_AT_ONCE, probePath: "/health" } as const;
    const mover = new Mover({ store, lease, dataPlane, progress: () => undefined });
    await mover.run({ ...request, intent: "deploy", takeOver: true }, never);
    await lease.release();
    const taken = await record();
    assert.deepEqual([taken.live, taken.scheduled], [color, undefined]);
    assert.deepEqual(
      taken.events.slice(-2).map(({ kind, reason }) => [kind, reason]),
      [
        ["cancelled", `${color} is live with it already, by kubectl-patch`],
        ["repair", "the route was not as recorded"],
      ],
    );
  });

  it("outlives the end of a way back to its color that nobody is to blame for, and not a person's abort", async () => {
    const live = (await record()).live ?? "blue";
    const color = otherColor(live);
    await waits(color, 600);
    const abandon = async (blame: "nobody's fault" | "given up") => {
      const lease = await acquireLease(space.kube, store);
      const writer = new RouteWriter(store, lease);
      await writer.read();
      const begun = withMove(writer.record, color, releases[color].id, 0, weightsFor(color));
      await writer.write(shape, weightsFor(color), asRollback(begun), writer.nextMarker(0));
      const { message } = await abandonMove({ store, lease, dataPlane, probePath: "/health" }, "by the test", blame);
      await lease.release();
      const { live: back, scheduled, holds } = await record();
      return {
        message,
        back,
        waits: scheduled !== undefined,
        held: holds.some((hold) => hold.tag === releases[color].tag),
      };
    };
    const orphaned = await abandon("nobody's fault");
    assert.deepEqual([orphaned.back, orphaned.waits, orphaned.held], [live, true, false]);
    const aborted = await abandon("given up");
    assert.deepEqual([aborted.back, aborted.waits, aborted.held], [live, false, true]);
    assert.match(aborted.message, /scheduled for .* UTC, does not go live then$/);
  });

  it("expires, and says why, when its color is not proven any more until its grace is over", async () => {
    const { live } = await record();
    const { at, color } = await schedule({ seconds: 12, graceSeconds: 3 });
    inNamespace("annotate", "deployment", `svc-${color}`, `${ANNOTATION.proven}-`);
    await over();
    const event = await last();
    assert.deepEqual([event.kind, event.scheduled], ["expired", at]);
    assert.match(event.reason ?? "", /nothing moved it in time: .* at most 3s after .*did not pass its verification/);
    assert.equal((await record()).live, live);
  });
});
