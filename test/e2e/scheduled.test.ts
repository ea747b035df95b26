import assert from "node:assert/strict";
import { otherColor, weightsFor } from "../../core/rollout/color";
import { asRollback, withMove } from "../../core/rollout/record";
import { withScheduled } from "../../core/rollout/scheduled";
import { KubeClient } from "../../platform/kube/client";
import { readJournal } from "../../provider/rollout/journal";
import { acquireLease } from "../../provider/rollout/lease";
import { changeSchedule } from "../../provider/rollout/schedule";
import { RouteWriter } from "../../provider/rollout/routeWriter";
import { RolloutStore } from "../../provider/rollout/store";
import { kubectl } from "../support/cluster";
import { watchUntil } from "../support/pace";
import { finished, TestProject } from "../support/project";

const SERVICE = "drought-benefit";
/** The requirement. */
const WITHIN_MS = 1000;

/** What a user does with a release that is to go live at an instant, by the commands. */
describe("a scheduled release", function () {
  this.timeout(600_000);
  const project = new TestProject("sched");
  const store = new RolloutStore(KubeClient.load({ context: "hms-local" }), SERVICE, project.namespace);
  let version = 0;
  /** Seconds that a first deployment took: what another one takes before it is scheduled is about that. */
  let usual = 0;

  const deploy = (...args: readonly string[]) => project.deploy("--env", project.stack, ...args);
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const another = () => {
    project.newPolicy(`2030.${++version}`);
  };
  const service = async () => {
    const [one] = (await project.status()).services;
    assert.ok(one);
    return one;
  };
  const record = async () => (await store.read()).actual.record;
  const until = async (what: string, is: () => Promise<boolean>) => {
    const { holds, slowest } = await watchUntil(is, 400_000);
    if (!holds) assert.fail(`${what}\n${JSON.stringify(await record())}`);
    return slowest;
  };

  before(async () => {
    await project.init();
    const began = performance.now();
    const { code, output } = await deploy("--tag", "v1");
    assert.equal(code, 0, output);
    usual = (performance.now() - began) / 1000;
  });
  after(() => {
    project.remove();
  });

  it("moves within a second of its instant when the process that scheduled it was killed", async () => {
    another();
    const at = inSeconds(Math.max(50, 3 * usual));
    const scheduling = project.startDeploy("--env", project.stack, "--tag", "v2", "--not-before", at);
    const ended = finished(scheduling);
    await until("nothing was scheduled", async () => (await record()).scheduled !== undefined);
    process.kill(-(scheduling.pid ?? 0), "SIGKILL");
    await ended;
    const waiting = await service();
    assert.deepEqual(
      [waiting.phase, waiting.scheduledAt, waiting.weights?.[waiting.live ?? "blue"]],
      ["scheduled", at, 100],
    );
    const slowest = await until("it did not go live", async () => (await record()).scheduled === undefined);
    const { events, deployments } = await record();
    const event = events.at(-1);
    assert.deepEqual([event?.kind, event?.scheduled, deployments.at(-1)?.release.tag], ["deploy", at, "v2"]);
    const journal = await readJournal(KubeClient.load({ context: "hms-local" }), store);
    const [begun = 0, done = 0] = ["step-1-begun", "step-1-written"].map(
      (boundary) => Date.parse(journal.findLast((entry) => entry.boundary === boundary)?.at ?? "") - Date.parse(at),
    );
    // A weight is written in three calls: by so much a machine may be late that is slow at just that time.
    assert.ok(begun >= 0 && done <= WITHIN_MS + 3 * slowest, `written ${begun} to ${done} ms after its instant`);
    console.log(`      weight written ${begun} to ${done} ms after the instant`);
    const { output } = await project.hms("status", "--stack", project.stack);
    assert.match(output, /^ {2}live version v2 since \S+, scheduled for /m);
  });

  it("is kept by the same update again, changed by another instant, and dropped for another release", async () => {
    another();
    const at = inSeconds(3000);
    const set = await deploy("--tag", "v3", "--not-before", at);
    assert.equal(set.code, 0, set.output);
    assert.match(set.output, /^ {2}SCHEDULED@\d\d:\d\d\S* \(.* UTC\): v3 \(\w+\) on \w+$/m);
    const first = (await record()).scheduled;
    const preview = await project.preview("--expect-no-changes");
    assert.equal(preview.code, 0, preview.output);
    const again = await deploy("--tag", "v3", "--not-before", at);
    assert.equal(again.code, 0, again.output);
    assert.deepEqual((await record()).scheduled, first);

    kubectl("-n", project.namespace, "delete", "job", `${SERVICE}-move-${first?.id ?? 0}`);
    const missed = await project.preview();
    assert.match(missed.output, /update/, "preview says that something is to be put right");
    const healed = await deploy("--tag", "v3", "--not-before", at);
    assert.equal(healed.code, 0, healed.output);
    const { scheduled: whole } = await record();
    assert.deepEqual([whole?.at, whole?.release], [at, first?.release]);
    kubectl("-n", project.namespace, "get", "job", `${SERVICE}-move-${whole?.id ?? 0}`);

    const later = inSeconds(4000);
    const changed = await deploy("--tag", "v3", "--not-before", later);
    assert.equal(changed.code, 0, changed.output);
    assert.deepEqual([(await service()).scheduledAt, (await service()).phase], [later, "scheduled"]);

    project.newPolicy("2029.1");
    const before = await record();
    const other = await deploy("--tag", "v4");
    assert.equal(other.code, 0, other.output);
    const { events, scheduled } = await record();
    const since = events.slice(before.events.length).map(({ kind, tag }) => `${kind} ${tag}`);
    assert.deepEqual([since, scheduled], [["cancelled v3", "deploy v4"], undefined]);
  });

  it("is cancelled by abort and rollback and then stays away, and moved early by promote", async () => {
    another();
    const { live } = await service();
    const set = await deploy("--tag", "v5", "--not-before", inSeconds(3000));
    assert.equal(set.code, 0, set.output);
    const aborted = await project.deploy("abort", "--env", project.stack);
    assert.equal(aborted.code, 0, aborted.output);
    assert.match(aborted.lastLine, /v5 \(\w+\), scheduled for .* UTC, does not go live then: aborted by /);
    const kept = await deploy("--tag", "v5");
    assert.equal(kept.code, 0, kept.output);
    assert.match(kept.output, /is held since .*: aborted by /);
    assert.equal((await service()).live, live);

    const again = ["--tag", "v5", "--retry", "--not-before", inSeconds(3000)];
    const scheduledAgain = await deploy(...again);
    assert.equal(scheduledAgain.code, 0, scheduledAgain.output);
    const back = await project.deploy("rollback", "--env", project.stack);
    assert.equal(back.code, 0, back.output);
    assert.match(back.output, /v5 \(\w+\), scheduled for .* UTC, does not go live then: rolled back by /);
    assert.deepEqual([(await service()).live, (await service()).phase], [live, "live"]);

    const retried = await deploy(...again);
    assert.equal(retried.code, 0, retried.output);
    assert.equal((await service()).phase, "scheduled");
    const promoted = await project.deploy("promote", "--env", project.stack);
    assert.equal(promoted.code, 0, promoted.output);
    assert.match(promoted.output, /v5 \(\w+\), scheduled for .* UTC, moves now/);
    const now = await service();
    assert.deepEqual([now.phase, now.scheduledAt, now.live === live], ["live", null, false]);
  });

  it("is no obstacle for a rollback to it that was interrupted: the next update finishes that", async () => {
    const kube = KubeClient.load({ context: "hms-local" });
    const lease = await acquireLease(kube, store);
    const writer = new RouteWriter(store, lease);
    const { actual, shape } = await writer.read();
    const color = otherColor(actual.live ?? "blue");
    const standing = actual.colors[color]?.release;
    assert.ok(shape && standing);
    // What is left when it is killed right after its patch.
    const at = inSeconds(3000);
    const said = { at, text: at, zone: "UTC", color, release: standing.id, tag: standing.tag, image: standing.image };
    const how = { onFreeze: "fire", graceSeconds: 60, expiresAfterSeconds: 60 } as const;
    const waiting = withScheduled(writer.record, { ...said, ...how }, lease.token, writer.act());
    const begun = asRollback(withMove(waiting, color, standing.id, 0, weightsFor(color)));
    await writer.write(shape, weightsFor(color), begun, writer.nextMarker(0));
    await lease.release();

    const { code, output } = await deploy("--tag", "v5");
    assert.equal(code, 0, output);
    assert.match(output, /a rollback was interrupted, and is finished now/);
    const { live, move, scheduled, events } = await record();
    assert.deepEqual([live, move, scheduled, events.at(-1)?.kind], [color, null, undefined, "rollback"]);
  });

  it("is given up, and says so, by an update that finds its time over and nobody there to end it", async () => {
    another();
    const set = await deploy("--tag", "v6", "--not-before", inSeconds(3000));
    assert.equal(set.code, 0, set.output);
    const kube = KubeClient.load({ context: "hms-local" });
    const past = inSeconds(-3600);
    const lease = await acquireLease(kube, store);
    const { scheduled } = await changeSchedule({ kube, store, lease }, ({ scheduled: found, ...rest }) => {
      assert.ok(found);
      return { ...rest, scheduled: { ...found, at: past, text: past } };
    });
    await lease.release();
    kubectl("-n", project.namespace, "delete", "job", `${SERVICE}-move-${scheduled?.id ?? 0}`);

    const before = await record();
    const jobs = () => kubectl("-n", project.namespace, "get", "jobs", "-o", "name");
    const ended = jobs();
    const late = await deploy("--tag", "v6", "--not-before", past);
    assert.equal(late.code, 1, late.output);
    assert.match(
      late.output,
      /v6 .*does not go live then: nothing moved it in time: .*; no traffic was moved\. It is held/,
    );
    const after = await record();
    assert.deepEqual(
      [after.live, after.scheduled, after.events.at(-1)?.kind, after.weights],
      [before.live, undefined, "expired", before.weights],
    );
    assert.equal(jobs(), ended, "a pod was started for an instant that is past");

    const again = await deploy("--tag", "v6", "--retry");
    assert.equal(again.code, 0, again.output);
    assert.deepEqual([(await record()).live, (await service()).phase], [scheduled?.color, "live"]);
  });

  it("is refused for an instant that is over, before anything is built", async () => {
    another();
    const refused = await deploy("--not-before", "2020-01-01T00:00 America/New_York");
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.lastLine, /notBefore: got "2020-01-01T00:00 America\/New_York", which is .* ago; allowed is/);
    const misused = await deploy("--not-before", "00:00 EST");
    assert.equal(misused.code, 2, misused.output);
  });
});
