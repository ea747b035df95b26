import { strict as assert } from "node:assert";
import { execFileSync, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { commandLine, descendantsOf } from "../../platform/local/procfs";
import { killIfAlive } from "../support/killIfAlive";
import { finished, printed, TestProject } from "../support/project";
import { underLoad as keepAsking } from "../support/underLoad";

/** The hms provider processes that an update started. */
const providersOf = (child: ChildProcess): number[] =>
  descendantsOf([child.pid ?? -1]).filter((pid) => commandLine(pid).join(" ").includes("launch.cjs provider"));

describe("updates that are killed, stopped, or run twice", function () {
  this.timeout(600_000);
  const project = new TestProject("crash");
  let version = 1;

  before(async () => {
    await project.init();
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
  });
  after(() => {
    project.remove();
  });

  const tagOf = async (): Promise<string | undefined> => {
    const [service] = (await project.status()).services;
    return service?.live ? service.colors[service.live]?.release : undefined;
  };
  const underLoad = (act: () => Promise<void>): Promise<void> =>
    keepAsking(project, { requestsPerSecond: 100, newConnections: 0.1 }, act);
  const newRelease = (): void => {
    project.newPolicy(`crash.${version++}`);
  };

  // What the engine prints when each step begins: from the first resource that changes to the last.
  const steps: readonly [string, RegExp][] = [
    ["while the lease is taken", /RolloutLease drought-benefit updating/],
    ["while the image is built", /docker:index:Image drought-benefit updating/],
    ["while the idle color comes up", /Deployment drought-benefit-\w+ (creating|updating)/],
    ["while the idle color is proven", /Verification drought-benefit updating/],
    ["while the traffic moves", /TrafficSwitch drought-benefit updating/],
  ];

  for (const [when, step] of steps) {
    it(`survives SIGKILL of the engine ${when}: traffic stays whole, and hms-deploy converges by itself`, () =>
      underLoad(async () => {
        const before = await tagOf();
        newRelease();
        const child = project.startPulumi("up", "--yes", "--skip-preview");
        const ended = finished(child);
        await printed(child, step);
        child.kill("SIGKILL");
        await ended;
        const { code, output } = await project.deploy("--env", project.stack);
        assert.equal(code, 0, output);
        const [service] = (await project.status()).services;
        assert.notEqual(await tagOf(), before, "the new release is live");
        assert.equal(service?.phase, "live");
        assert.deepEqual(service.held, []);
      }));
  }

  it("survives SIGKILL of the provider while the traffic moves, and the next plain up converges", () =>
    underLoad(async () => {
      newRelease();
      const child = project.startPulumi("up", "--yes", "--skip-preview");
      const ended = finished(child);
      await printed(child, /TrafficSwitch drought-benefit updating/);
      for (const pid of providersOf(child)) killIfAlive(pid);
      await ended;
      const { code, output } = await project.up();
      assert.equal(code, 0, output);
      assert.equal((await project.up("--expect-no-changes")).code, 0);
    }));

  it("goes on when the engine was killed while it wrote the attributes of the state's file", async () => {
    // As it does in a backend with such files, unlike the one of `hms env`; "EOF" is all that it says then.
    writeFileSync(`${project.stateFile}.attrs`, "");
    assert.match((await project.preview()).output, /failed to load checkpoint: EOF/);
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
    assert.match(output, /was cut off when an engine was killed/);
  });

  it("needs only pulumi cancel after a kill, with plain pulumi", () =>
    underLoad(async () => {
      newRelease();
      const child = project.startPulumi("up", "--yes", "--skip-preview");
      const ended = finished(child);
      await printed(child, /Deployment drought-benefit-\w+ (creating|updating)/);
      child.kill("SIGKILL");
      await ended;
      const locked = await project.up();
      assert.notEqual(locked.code, 0);
      assert.match(locked.output, /currently locked by/);
      await project.pulumi("cancel", "--yes");
      const { code, output } = await project.up();
      assert.equal(code, 0, output);
    }));

  it("puts the traffic back on Ctrl-C, or had not moved it yet", () =>
    underLoad(async () => {
      const before = await tagOf();
      newRelease();
      const child = project.startPulumi("up", "--yes", "--skip-preview");
      const ended = finished(child);
      await printed(child, /Verification drought-benefit updating/);
      child.kill("SIGINT");
      const { code, output } = await ended;
      assert.notEqual(code, 0, output);
      assert.equal(await tagOf(), before);
      const next = await project.up();
      assert.equal(next.code, 0, next.output);
      assert.notEqual(await tagOf(), before);
    }));

  it("refuses a second hms-deploy while the first one lives, and lets the first one finish", () =>
    underLoad(async () => {
      newRelease();
      const first = project.startPulumi("up", "--yes", "--skip-preview");
      const firstEnded = finished(first);
      await printed(first, /RolloutLease drought-benefit updated/);
      // It lives, and does not get to its end before the second one was refused.
      first.kill("SIGSTOP");
      const second = await project.deploy("--env", project.stack);
      first.kill("SIGCONT");
      assert.equal(second.code, 1, second.output);
      assert.match(second.lastLine, /is being updated by .*pid \d+/);
      assert.equal((await firstEnded).code, 0);
    }));

  it("lets only one of two updates move, also after a pulumi cancel under a living owner", () =>
    underLoad(async () => {
      newRelease();
      const first = project.startPulumi("up", "--yes", "--skip-preview");
      const firstEnded = finished(first);
      await printed(first, /RolloutLease drought-benefit updated/);
      // Stopped, not ended: it lives, holds the lease, and cannot finish before the second one has tried.
      const holders = providersOf(first);
      for (const pid of holders) process.kill(pid, "SIGSTOP");
      await project.pulumi("cancel", "--yes");
      const second = await project.up();
      for (const pid of holders) process.kill(pid, "SIGCONT");
      assert.notEqual(second.code, 0, second.output);
      assert.match(second.output, /is moving its traffic/);
      const { output: firstOutput } = await firstEnded;
      assert.match(firstOutput, /is live with/);
      await project.pulumi("cancel", "--yes");
      const { code, output } = await project.deploy("--env", project.stack);
      assert.equal(code, 0, output);
    }));

  it("survives SIGKILL of a first update: hms-deploy finishes it, and clears what it left pending", async () => {
    const fresh = new TestProject("first");
    try {
      await fresh.init();
      const child = fresh.startPulumi("up", "--yes", "--skip-preview");
      const ended = finished(child);
      await printed(child, /Deployment drought-benefit-blue creating/);
      child.kill("SIGKILL");
      await ended;
      const { code, output } = await fresh.deploy("--env", fresh.stack);
      assert.equal(code, 0, output);
      const settled = await fresh.up("--expect-no-changes");
      assert.equal(settled.code, 0, settled.output);
      assert.doesNotMatch(settled.output, /pending operations/);
    } finally {
      fresh.remove();
    }
  });

  it("leaves no process behind that still wants something", async () => {
    const left = () =>
      execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line.includes(project.folder) && !line.includes("pulumi-language-nodejs"));
    // Plugins whose engine was killed notice it by the end of their input.
    for (const giveUp = Date.now() + 60_000; left().length > 0 && Date.now() < giveUp;) await setTimeout(250);
    assert.deepEqual(left(), []);
  });
});
