import { strict as assert } from "node:assert";
import { parse, stringify } from "yaml";
import { asString, path } from "../../core/json";
import type { LedgerEntry } from "../../core/ledger/entry";
import { isInUse } from "../../core/migrations/owed";
import { otherColor, type Color } from "../../core/rollout/color";
import { MIGRATION_BOUNDARIES, type Boundary } from "../../core/rollout/journal";
import { LABEL } from "../../core/rollout/names";
import { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { readJournal } from "../../provider/rollout/journal";
import { RolloutStore } from "../../provider/rollout/store";
import { kubectl } from "../support/cluster";
import { Marks, MARKING_PROGRAM } from "../support/marks";
import { finished, TestProject } from "../support/project";
import { underLoad as keepAsking } from "../support/underLoad";

const SERVICE = "drought-benefit";
const SECRET = "planted-owner-password";

describe("migrations of a service", function () {
  this.timeout(600_000);
  const project = new TestProject("migrate");
  const kube = KubeClient.load({ context: "hms-local" });
  const store = new RolloutStore(kube, SERVICE, project.namespace);
  const marks = new Marks();
  let image = "";
  let number = 0;

  const actual = async () => (await store.read()).actual;
  const live = async (): Promise<Color> => (await actual()).live ?? assert.fail("nothing is live");
  const underLoad = <T>(act: () => Promise<T>) =>
    keepAsking(project, { requestsPerSecond: 50, newConnections: 0.2 }, act);
  /** Another release, by the environment alone: no image is built for it. @returns its version. */
  const newRelease = () => {
    const version = `v${++number}`;
    project.service((service) => (service.env = { REGION: version }));
    return version;
  };
  const inServiceFile = (change: (document: Record<string, unknown>) => void) => {
    project.edit("service.yaml", (text) => {
      const document = parse(text) as Record<string, unknown>;
      change(document);
      return stringify(document);
    });
  };
  const deploy = (...words: readonly string[]) => project.deploy(...words, "--env", project.stack);
  const deployed = async (...words: readonly string[]) => {
    const { code, output } = await deploy(...words);
    assert.equal(code, 0, output);
    return output;
  };
  const jobs = async () =>
    (await kube.list({ apiVersion: "batch/v1", kind: "Job", namespace: project.namespace })).filter(
      (job) => path(job, "metadata", "labels", LABEL.migrates) === SERVICE,
    );
  /** Pods of the service itself on a color. */
  /** Names; those of the release that stood there before may still be draining. */
  const podsOn = async (color: Color) => {
    const pods = await kube.list(
      { apiVersion: "v1", kind: "Pod", namespace: project.namespace },
      { labelSelector: `${LABEL.service}=${SERVICE},${LABEL.color}=${color}` },
    );
    return pods.flatMap(({ metadata }) => (metadata.deletionTimestamp === undefined ? [metadata.name] : []));
  };
  const killedAt = async (boundary: Boundary) => {
    project.env.HMS_KILL_AT = boundary;
    try {
      assert.notEqual((await deploy()).code, 0);
    } finally {
      delete project.env.HMS_KILL_AT;
    }
    assert.equal((await readJournal(kube, store)).at(-1)?.boundary, boundary);
  };

  before(async () => {
    await marks.start();
    image = await ensureRunnerImage(loadLayout(process.env), { progress: new Progress({ write: () => undefined }) });
    kubectl("create", "namespace", project.namespace);
    kubectl("-n", project.namespace, "create", "secret", "generic", "owner", `--from-literal=password=${SECRET}`);
    inServiceFile((document) => {
      document.migrations = {
        image,
        up: ["node", "-e", MARKING_PROGRAM, "up"],
        down: ["node", "-e", MARKING_PROGRAM, "down"],
        env: { MARKS: marks.url },
        secrets: { PGPASSWORD: { secret: "owner", key: "password" } },
        timeout: "2m",
        downOnRestore: true,
      };
    });
    project.service((service) => {
      service.replicas = 1;
      // The runs have the service's resources, and Node.js needs more than a policy.
      service.resources = { cpu: "20m", memory: "160Mi" };
    });
    newRelease();
    await project.init();
    await deployed();
  });
  after(() => {
    marks.stop();
    project.remove();
  });

  it("run once for a release, and an update that is repeated runs nothing", async () => {
    assert.deepEqual(marks.of("v1"), ["up"]);
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.output);
    assert.deepEqual(marks.of("v1"), ["up"]);
  });

  it("run before the first pod of the release, while the live one answers everybody", () =>
    underLoad(async () => {
      const from = await live();
      const held = marks.hold();
      const wanted = newRelease();
      const update = deploy();
      assert.deepEqual(await held.began, { what: "up", version: wanted });
      assert.equal(await live(), from);
      assert.deepEqual(await podsOn(otherColor(from)), []);
      // Users go on meanwhile; the load says whether one of them was lost.
      await new Promise((done) => setTimeout(done, 3000));
      held.release();
      const { code, output } = await update;
      assert.equal(code, 0, output);
      assert.equal(await live(), otherColor(from));
      assert.deepEqual(marks.of(wanted), ["up"]);
      assert.match(output, /up of \S+: all statements ran/);
    }));

  it("stop the update before any pod and any traffic when up fails, with its log and without the secret; the next one runs it again", () =>
    underLoad(async () => {
      const from = await live();
      const wanted = newRelease();
      marks.answer = () => Promise.resolve(false);
      const failed = await deploy();
      marks.answer = () => Promise.resolve(true);
      assert.equal(failed.code, 1, failed.output);
      assert.match(
        failed.lastLine,
        /up of .* failed: exit code 3 \(ERROR: relation payout already exists\)\. No traffic/,
      );
      assert.match(failed.output, new RegExp(`\\| up of ${wanted} with password …`));
      assert.ok(!failed.output.includes(SECRET) && !project.state().includes(SECRET), "no secret in output or state");
      const { live: still, record } = await actual();
      assert.deepEqual([still, record.holds, record.move], [from, [], null]);
      assert.deepEqual(await podsOn(otherColor(from)), []);
      await deployed();
      assert.deepEqual(marks.of(wanted), ["up", "up"]);
      assert.equal(await live(), otherColor(from));
    }));

  for (const boundary of MIGRATION_BOUNDARIES)
    it(`are not run twice when the mover dies at ${boundary}`, () =>
      underLoad(async () => {
        const from = await live();
        const wanted = newRelease();
        await killedAt(boundary);
        // Once it is noted, the Job is not needed any more: it may be collected.
        if (boundary === "migrated") {
          const names = (await jobs()).flatMap((job) => asString(job.metadata.name) ?? []);
          kubectl("-n", project.namespace, "delete", "job", ...names);
        }
        await deployed();
        assert.deepEqual(marks.of(wanted), ["up"]);
        assert.equal(await live(), otherColor(from));
      }));

  it("are left to end when somebody presses Ctrl-C, which says so, and the next update takes the result", () =>
    underLoad(async () => {
      const from = await live();
      const held = marks.hold();
      const wanted = newRelease();
      const child = project.startDeploy("--env", project.stack);
      const ended = finished(child);
      await held.began;
      child.kill("SIGINT");
      const { code, output } = await ended;
      assert.notEqual(code, 0);
      assert.match(output, /up of .* goes on in the cluster as Job drought-benefit-up-/);
      assert.equal(await live(), from);
      held.release();
      await deployed();
      assert.deepEqual(marks.of(wanted), ["up"]);
      assert.equal(await live(), otherColor(from));
    }));

  it("are taken back after a rollback, when no user is on the release any more, and done again by --retry", () =>
    underLoad(async () => {
      newRelease();
      await deployed();
      const { live: left, colors } = await actual();
      assert.ok(left);
      const release = colors[left]?.release;
      assert.ok(release);
      const wanted = release.spec.env.REGION ?? "";
      const seen: boolean[] = [];
      marks.answer = async ({ what }) => {
        if (what === "down") seen.push(isInUse(await actual(), release.id));
        return true;
      };
      const back = await deployed("rollback");
      assert.match(back, /Reverted to tag [\s\S]*down of .* has run/);
      assert.equal(await live(), otherColor(left));
      assert.deepEqual([marks.of(wanted).at(-1), seen], ["down", [false]]);
      const ups = marks.of(wanted).length;
      const further = await deploy("rollback");
      assert.equal(further.code, 1, "nothing else stands to go back to");
      assert.equal(marks.of(wanted).length, ups);
      await deployed("--retry");
      assert.deepEqual([marks.of(wanted).at(-1), marks.of(wanted).length], ["up", ups + 1]);
      assert.equal(await live(), left);
      marks.answer = () => Promise.resolve(true);
    }));

  it("are taken back when a gate fails, after the traffic is back", () =>
    underLoad(async () => {
      inServiceFile((document) => {
        const looks = { every: "1s", within: "90s", consecutive: 1, minSamples: 1 };
        document.kpis = [{ name: "never", query: "vector(1)", comparison: "<", limit: 0.5, ...looks }];
      });
      project.service((service) => {
        service.strategy = [
          { weight: 50, gates: ["never"] },
          { weight: 100, gates: "none" },
        ];
      });
      const from = await live();
      const wanted = newRelease();
      const shares: (number | undefined)[] = [];
      marks.answer = async ({ what }) => {
        if (what === "down") shares.push((await actual()).weights?.[from]);
        return true;
      };
      const { code, output, lastLine } = await deploy();
      assert.equal(code, 1, output);
      assert.match(lastLine, /never .* does not hold; the traffic is back on .*down of .* has run/);
      assert.deepEqual([marks.of(wanted), shares], [["up", "down"], [100]]);
      assert.equal(await live(), from);
      marks.answer = () => Promise.resolve(true);
    }));

  it("are owed after the watcher has put the traffic back, and taken back by the next command", async () => {
    project.service((service) => {
      service.strategy = [
        { weight: 50, gates: "none", pause: "3s" },
        { weight: 100, gates: "none" },
      ];
    });
    const from = await live();
    const wanted = newRelease();
    await deployed();
    for (const end = Date.now() + 180_000; (await actual()).weights?.[from] !== 100;) {
      assert.ok(Date.now() < end, "the watcher did not put the traffic back");
      await new Promise((done) => setTimeout(done, 300));
    }
    const { output: status } = await project.hms("status", "--stack", project.stack);
    assert.match(status, /down/, status);
    assert.deepEqual(marks.of(wanted), ["up"]);
    const { output } = await deploy("abort");
    assert.match(output, /down of .* has run/);
    assert.deepEqual([marks.of(wanted), await live()], [["up", "down"], from]);
  });

  it("are taken back before another release when theirs never went live", async () => {
    project.service((service) => delete service.strategy);
    const stopped = newRelease();
    await killedAt("migrated");
    const wanted = newRelease();
    await deployed();
    assert.deepEqual([marks.of(stopped), marks.of(wanted)], [["up", "down"], ["up"]]);
    const order = marks.all.slice(-2).map(({ what, version: of }) => [what, of]);
    assert.deepEqual(order, [
      ["down", stopped],
      ["up", wanted],
    ]);
  });

  it("are in the ledger: each run before it begins, and its end once", async () => {
    const { output } = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    const { entries } = JSON.parse(output) as { readonly entries: readonly LedgerEntry[] };
    const runs = (...events: readonly string[]) => entries.filter(({ event }) => events.includes(event));
    const ends = runs("migrated", "migration-failed");
    assert.equal(ends.length, marks.all.length);
    assert.equal(new Set(ends.map(({ origin }) => origin)).size, ends.length);
    assert.equal(runs("migration-failed").length, 1);
    for (const { origin, sequence } of ends)
      assert.ok(
        runs("migrating").some((begun) => begun.origin === origin && begun.sequence < sequence),
        `${origin} was recorded before it began`,
      );
    const verified = await project.hms("ledger", "verify", "--stack", project.stack);
    assert.equal(verified.code, 0, verified.output);
  });
});
