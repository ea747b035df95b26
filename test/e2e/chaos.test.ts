import { strict as assert } from "node:assert";
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChaosReport } from "../../core/chaos/report";
import { asArray, path as at } from "../../core/json";
import { LABEL } from "../../core/rollout/names";
import { KubeClient } from "../../platform/kube/client";
import { acquireLease } from "../../provider/rollout/lease";
import { RolloutStore } from "../../provider/rollout/store";
import { kubectl } from "../support/cluster";
import { finished, printed, TestProject } from "../support/project";

describe("hms chaos run, on a real cluster and gateway", function () {
  this.timeout(600_000);
  const project = new TestProject("chaos");
  const kube = KubeClient.load({ context: "hms-local" });

  const start = (...args: readonly string[]): ChildProcess =>
    spawn(path.join(project.folder, "bin", "hms"), ["chaos", "run", "--target", project.stack, ...args], {
      cwd: project.folder,
      env: project.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const run = async (child: ChildProcess) => {
    // Apart: which of the two a reader sees first is chance.
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
    const { code, output } = await finished(child);
    return { code, out, output, lastLine: err.trimEnd().split("\n").at(-1) ?? "" };
  };
  /** Names of the pods that a color has, and how many of them are ready. */
  const podsOf = (color: string) => {
    const list: unknown = JSON.parse(
      kubectl("-n", project.namespace, "get", "pods", "-l", `${LABEL.color}=${color}`, "-o", "json"),
    );
    const standing = asArray(at(list, "items")).filter((pod) => at(pod, "metadata", "deletionTimestamp") === undefined);
    const isReady = (pod: unknown) =>
      asArray(at(pod, "status", "conditions")).some(
        (one) => at(one, "type") === "Ready" && at(one, "status") === "True",
      );
    return {
      names: standing.map((pod) => String(at(pod, "metadata", "name"))).sort(),
      ready: standing.filter(isReady).length,
    };
  };
  const scale = (color: string, replicas: number) =>
    kubectl("-n", project.namespace, "scale", "deployment", `drought-benefit-${color}`, `--replicas=${replicas}`);
  const untilReady = (color: string) =>
    kubectl("-n", project.namespace, "rollout", "status", "deployment", `drought-benefit-${color}`, "--timeout=180s");

  before(async () => {
    await project.init();
    const first = await project.up();
    assert.equal(first.code, 0, first.output);
    project.newPolicy("chaos.2");
    const second = await project.up();
    assert.equal(second.code, 0, second.output);
  });
  after(() => {
    project.remove();
  });

  it("refuses a protected stack, one that moves, and options that make no sense, before any pod is touched", async () => {
    const before = [podsOf("blue"), podsOf("green")];
    project.configure((config) => (config["hms:protect"] = "true"));
    const guarded = await run(start());
    project.configure((config) => delete config["hms:protect"]);
    assert.equal(guarded.code, 1, guarded.output);
    assert.match(guarded.lastLine, /^stack \S+ is protected .*: killing its pods needs --allow-prod/);

    const lease = await acquireLease(kube, new RolloutStore(kube, "drought-benefit", project.namespace));
    const moving = await run(start());
    await lease.release();
    assert.equal(moving.code, 1, moving.output);
    assert.match(moving.lastLine, /^drought-benefit: \S+ \(pid \d+\) is moving its traffic\. .*; no pod was killed$/);

    const wrong = await run(start("--time", "2h", "--kill", "0%"));
    assert.equal(wrong.code, 2, wrong.output);
    assert.match(wrong.output, /--time: got "2h"; allowed is .* 10s to 1h/);
    assert.match(wrong.output, /--kill: got "0%"/);
    assert.deepEqual([podsOf("blue"), podsOf("green")], before);
  });

  it("kills pods of both colors, counts what the gateway answers meanwhile, and passes with one document", async () => {
    const before = new Set([...podsOf("blue").names, ...podsOf("green").names]);
    // A killed pod may take with it what it was answering, and half of a second of what comes after: how much that is of
    // so short a run is chance. A share that every such run passes, and one with a color down does not.
    const share = ["--min-availability", "60%"];
    const passed = await run(
      start("--time", "11s", "--every", "4s", "--color", "both", "--kill", "50%", ...share, "--json"),
    );
    assert.equal(passed.code, 0, passed.output);
    const report = JSON.parse(passed.out) as ChaosReport;
    assert.equal(report.target, project.stack);
    assert.equal(report.verdict, "pass");
    assert.deepEqual(
      report.services.map(({ name, via, colors }) => [name, via, ...colors]),
      [
        ["drought-benefit", "public", "green"],
        ["drought-benefit", "probe", "blue"],
      ],
    );
    for (const { sent, lost, availability, kills, worstSecond, colors } of report.services) {
      assert.ok(sent > 0 && availability !== null && worstSecond);
      assert.equal(availability, (sent - lost) / sent);
      assert.ok(kills.length > 0, `a pod of ${colors.join()} was killed`);
      for (const { pod, recoveredMs } of kills) {
        assert.ok(pod.startsWith(`drought-benefit-${colors.join()}-`), pod);
        assert.ok(recoveredMs !== null && recoveredMs > 0);
        assert.match(
          passed.output,
          new RegExp(`\\d:\\d\\d {2}killed ${pod} \\(crash\\), 1 of 2 pods ready; [\\d.]+ %`),
        );
      }
    }
    const killed = report.services.flatMap(({ kills }) => kills.map(({ pod }) => pod));
    assert.ok(killed.some((pod) => before.has(pod)));
    for (const color of ["blue", "green"]) {
      const { names, ready } = podsOf(color);
      assert.equal(ready, 2);
      assert.ok(!names.some((name) => killed.includes(name)));
    }
    assert.match(passed.output, /every color is whole/);
  });

  it("fails, and stops killing, when more is lost than may be", async () => {
    const child = start("--time", "1m", "--rps", "100");
    const ended = run(child);
    await printed(child, /killed drought-benefit-green-/);
    scale("green", 0);
    const failed = await ended;
    scale("green", 2);
    untilReady("green");
    assert.equal(failed.code, 1, failed.output);
    assert.match(failed.output, /more is lost than the whole run may lose; chaos stops here/);
    assert.match(failed.out, /^chaos on \S+: fail$/m);
    assert.match(failed.out, /worst second \S+ UTC: \d+ of \d+ lost/);
    assert.match(failed.lastLine, /^fail: drought-benefit: [\d.]+ % of \d+ requests were answered, more than 99 % is/);
  });

  it("is inconclusive, and touches nothing, where the last pod would have to die", async () => {
    scale("blue", 1);
    // Its Deployment counts as rolled out before the other pod is told to go.
    for (const end = Date.now() + 60_000; podsOf("blue").names.length !== 1;) {
      assert.ok(Date.now() < end, "blue keeps both pods");
      await sleep(200);
    }
    untilReady("blue");
    const before = podsOf("blue").names;
    const unsure = await run(start("--color", "idle", "--json"));
    assert.equal(unsure.code, 1, unsure.output);
    const report = JSON.parse(unsure.out) as ChaosReport;
    assert.equal(report.verdict, "inconclusive");
    assert.deepEqual(
      report.services.map(({ sent, kills, availability }) => [sent, kills.length, availability]),
      [[0, 0, null]],
    );
    assert.match(unsure.lastLine, /^inconclusive: drought-benefit: blue has 1 pod, none to spare/);
    assert.deepEqual(podsOf("blue").names, before);
  });

  it("stops when somebody begins to move the traffic, and does not tell then", async () => {
    const child = start("--time", "10m", "--every", "1s");
    const ended = run(child);
    await printed(child, /killed drought-benefit-green-/);
    const lease = await acquireLease(kube, new RolloutStore(kube, "drought-benefit", project.namespace));
    const stopped = await ended;
    await lease.release();
    assert.equal(stopped.code, 1, stopped.output);
    assert.equal(podsOf("green").ready, 2);
    assert.match(stopped.lastLine, /^inconclusive: drought-benefit: cut short: \S+ \(pid \d+\) is moving its traffic$/);
  });

  it("stops at once on Ctrl-C, and leaves when the color is whole again", async () => {
    const child = start("--time", "10m", "--mode", "drain");
    const ended = run(child);
    await printed(child, /killed drought-benefit-green-\S+ \(drain\), 1 of 2 pods ready/);
    child.kill("SIGINT");
    const stopped = await ended;
    assert.equal(stopped.code, 130, stopped.output);
    assert.equal(podsOf("green").ready, 2);
    assert.match(stopped.output, /waiting until every color is whole again, at most 1m20s/);
    assert.match(
      stopped.lastLine,
      /^cancelled: 1 pod was killed, \d+ of \d+ requests were lost, every color is whole$/,
    );
    assert.equal(stopped.out, "");
  });
});
