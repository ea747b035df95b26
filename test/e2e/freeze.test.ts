import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withFlag } from "../../core/freeze/change";
import { KubeClient } from "../../platform/kube/client";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { RolloutStore } from "../../provider/rollout/store";
import { Alertmanager } from "../support/alertmanager";
import { printed, TestProject } from "../support/project";

const STEPS = [
  { weight: 10, hold: "12s", gates: "none" },
  { weight: 100, gates: "none" },
];
const TOKEN = "a-token-of-this-test-alone";

describe("a freeze", function () {
  this.timeout(600_000);
  const project = new TestProject("freeze");
  const kube = KubeClient.load({ context: "hms-local" });
  const store = new RolloutStore(kube, "drought-benefit", project.namespace);
  const alertmanager = new Alertmanager();
  let receiver: ChildProcess;

  const { stack } = project;
  const freeze = async (...words: readonly string[]) => {
    const [command = "", ...rest] = words;
    const ran = await project.hms("freeze", command, "--stack", stack, ...rest);
    assert.equal(ran.code, 0, ran.output);
    return ran;
  };
  const service = async () => {
    const [one] = (await project.status()).services;
    assert.ok(one);
    return one;
  };
  const frozen = async () => (await project.status()).frozen;
  /** Waits until the idle color has that share. */
  const reached = async (share: number) => {
    for (const giveUp = Date.now() + 120_000; ;) {
      const { record } = (await store.read()).actual;
      if (record.move && record.weights[record.move.to] === share) return;
      assert.ok(Date.now() < giveUp, `no ${share} % within two minutes`);
      await new Promise((done) => setTimeout(done, 100));
    }
  };

  before(async () => {
    await project.init();
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    const token = path.join(project.folder, ".token");
    writeFileSync(token, TOKEN);
    const words = ["freeze", "serve", "--stack", stack, "--listen", "127.0.0.1:0", "--token-file", token];
    receiver = spawn(path.join(project.folder, "bin", "hms"), words, {
      cwd: project.folder,
      env: project.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    receiver.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await printed(receiver, /receiving alerts/);
    const [, address = ""] = /(http:\/\/\S+\/alertmanager)/.exec(said) ?? [];
    await alertmanager.start(address, TOKEN);
  });
  after(async () => {
    await alertmanager.stop();
    receiver.kill("SIGTERM");
    project.remove();
  });

  it("is a warning in the preview, refuses an update, and changes nothing", async () => {
    const before = await service();
    project.newPolicy("2031.1");
    await freeze("on", "--reason", "year-end drill", "--link", "https://wiki.example.gov/drill");
    assert.deepEqual(await frozen(), { reason: "year-end drill", until: null });
    const preview = await project.preview();
    assert.equal(preview.code, 0, preview.output);
    assert.match(preview.output, /warning: drought-benefit: a freeze is in effect: year-end drill/);
    const up = await project.deploy("--env", stack);
    assert.equal(up.code, 1, up.output);
    assert.match(
      up.lastLine,
      /Deploy blocked - freeze in effect: year-end drill \(raised by \S+@\S+, since \S+Z, until it is lowered, https:\/\/wiki\.example\.gov\/drill\)$/,
    );
    assert.deepEqual(await service(), before);
    await freeze("off");
    assert.equal(await frozen(), null);
  });

  it("that an alert raises holds a move where it is; promoting waits for its end", async () => {
    const before = await service();
    project.service((entry) => (entry.strategy = STEPS));
    const alert = { alertname: "ErrorBudgetBurn", freeze: "true" };
    const moving = project.deploy("--env", stack);
    await reached(10);
    await alertmanager.alert(alert, { summary: "5 % of requests fail" }, "fires");
    const up = await moving;
    assert.equal(up.code, 1, up.output);
    assert.match(
      up.lastLine,
      /Deploy blocked - freeze in effect: ErrorBudgetBurn: 5 % of requests fail \(raised by Alertmanager .*; the move waits at 10 %/,
    );
    const parked = await service();
    assert.deepEqual([parked.phase, parked.live], ["parked", before.live]);
    const refused = await project.deploy("promote", "--env", stack);
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.lastLine, /Deploy blocked - freeze in effect: ErrorBudgetBurn/);
    assert.deepEqual(await service(), parked);

    await alertmanager.alert(alert, {}, "ends");
    for (const giveUp = Date.now() + 60_000; (await frozen()) !== null;) assert.ok(Date.now() < giveUp);
    const promoted = await project.deploy("promote", "--env", stack);
    assert.equal(promoted.code, 0, promoted.output);
    assert.notEqual((await service()).live, before.live);
  });

  it("never stops a way back", async () => {
    const before = await service();
    await freeze("on", "--reason", "incident", "--until", "2h");
    const back = await project.deploy("rollback", "--env", stack);
    assert.equal(back.code, 0, back.output);
    assert.match(back.output, /Reverted to tag/);
    assert.notEqual((await service()).live, before.live);
    await freeze("off");
  });

  it("sends a move back where that is the policy, and holds nothing against the release", async () => {
    const before = await service();
    project.configure((config) => (config["hms:freeze"] = { midMove: "restore" }));
    project.newPolicy("2031.2");
    const moving = project.deploy("--env", stack);
    await reached(10);
    // At once, while the step still lasts: a command takes its time to start.
    const flag = { reason: "incident", who: "the test", since: new Date().toISOString() };
    await configMapStore(kube, project.namespace).update((texts) => withFlag(texts, flag));
    const up = await moving;
    assert.equal(up.code, 1, up.output);
    assert.match(up.lastLine, /Deploy blocked - freeze in effect: incident .*; the traffic is back on/);
    assert.doesNotMatch(up.lastLine, /drought-benefit: drought-benefit:/);
    const now = await service();
    assert.deepEqual([now.live, now.weights, now.phase, now.held], [before.live, before.weights, "live", before.held]);
  });

  it("is passed by break-glass, which every output says", async () => {
    const before = await service();
    project.service((entry) => delete entry.strategy);
    const broken = await freeze("break-glass", "--by", "A. Rivera", "--reason", "CVE-2031-1", "--for", "1h");
    assert.match(broken.output, /break-glass by A\. Rivera .* lifts a freeze: incident/);
    const up = await project.deploy("--env", stack);
    assert.equal(up.code, 0, up.output);
    assert.match(up.output, /break-glass by A\. Rivera until \S+ \(CVE-2031-1\) lifts a freeze: incident/);
    assert.notEqual((await service()).live, before.live);
    await freeze("break-glass", "--end");
    assert.match((await freeze("explain")).output, /break-glass \[stack .*\]: over since \S+: A\. Rivera: CVE-2031-1/);
    assert.deepEqual(await frozen(), { reason: "incident", until: null });
    await freeze("off");
  });

  it("is a file, where the stack says so: existing is frozen, and what cannot be read", async () => {
    const flag = path.join(project.folder, "freeze-flag");
    project.configure((config) => (config["hms:freeze"] = { file: "freeze-flag" }));
    project.newPolicy("2031.3");
    writeFileSync(flag, "");
    const touched = await project.up();
    assert.match(touched.output, /Deploy blocked - freeze in effect: the flag is set, without a reason/);
    rmSync(flag);
    writeFileSync(`${flag}.calendar.yaml`, "windows: [{ tzid: Mars/Phobos }]");
    const unreadable = await project.up();
    assert.match(unreadable.output, /Deploy blocked - freeze in effect: the calendar in file \S+ cannot be read/);
    rmSync(`${flag}.calendar.yaml`);
    const open = await project.preview();
    assert.doesNotMatch(open.output, /freeze is in effect/);
  });
});
