import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout } from "node:timers/promises";
import { exec } from "../../../platform/exec";
import { projectRoot } from "../../../platform/home";
import { OWNER_VARIABLE, runningDaemon } from "../../../platform/local/daemon";
import { loadLayout } from "../../../platform/local/layout";
import {
  commandLine,
  descendantsOf,
  environmentOf,
  identify,
  isAlive,
  processesWhere,
} from "../../../platform/local/procfs";
import { platformStatus } from "../../../platform/local/status";
import { killIfAlive } from "../../support/killIfAlive";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bin/hms` as a user does. */
function hms(words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(projectRoot(), "bin", "hms"), words, { env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

const layout = loadLayout();

const pidOf = (name: string): number => {
  const record = runningDaemon(layout, name);
  assert.ok(record, `${name} does not run`);
  return record.pid;
};

/** Processes of the gateway's pod. */
const traefiks = (): number[] => processesWhere((words) => words[0] === "/traefik");

describe("the local platform", function () {
  this.timeout(600_000);

  afterEach(async () => {
    // Whatever a test broke, the ones after it get a whole platform.
    await hms(["local", "up"]);
  });

  it("does nothing when there is nothing to do", async () => {
    const parts = ["etcd", "containerd", "kubelet", "registry", "prometheus"];
    const before = parts.map(pidOf);
    const { code, stderr } = await hms(["local", "up"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(parts.map(pidOf), before);
  });

  it("repairs itself after its parts were killed, and leaves the others running", async () => {
    const killed = ["kubelet", "kube-apiserver", "registry", "network-policy"];
    const spared = ["etcd", "containerd", "kube-proxy"];
    const before = new Map([...killed, ...spared].map((name) => [name, pidOf(name)]));
    const gateway = traefiks();
    assert.equal(gateway.length, 1);
    for (const pid of [...killed.map(pidOf), ...gateway]) process.kill(pid, "SIGKILL");

    const { code, stderr } = await hms(["local", "up"]);

    assert.equal(code, 0, stderr);
    const status = await platformStatus(layout);
    assert.deepEqual(
      status.parts.filter(({ state }) => state !== "healthy"),
      [],
    );
    for (const name of killed) assert.notEqual(pidOf(name), before.get(name), `${name} was not started again`);
    for (const name of spared) assert.equal(pidOf(name), before.get(name), `${name} was restarted`);
    assert.notDeepEqual(traefiks(), gateway);
  });

  it("comes back after all of it ended at once, while somebody else used network name spaces", async () => {
    // The first one that a machine's user makes mounts the folder of them all upon itself, which hides the older ones.
    await exec("ip", ["netns", "add", "hms-test-other"]);
    try {
      const ours = processesWhere((_, pid) => environmentOf(pid, OWNER_VARIABLE) === layout.home);
      for (const pid of [...ours, ...descendantsOf(ours)]) killIfAlive(pid);
      while (traefiks().length > 0) await setTimeout(50);

      const { code, stderr } = await hms(["local", "up"]);

      assert.equal(code, 0, stderr);
      const { parts } = await platformStatus(layout);
      assert.deepEqual(
        parts.filter(({ state }) => state !== "healthy"),
        [],
      );
    } finally {
      await exec("ip", ["netns", "delete", "hms-test-other"]);
    }
  });

  it("replaces a process that runs but does not answer", async () => {
    const record = runningDaemon(layout, "prometheus");
    assert.ok(record);
    process.kill(record.pid, "SIGSTOP");
    const { code, stderr } = await hms(["local", "up"]);
    assert.equal(code, 0, stderr);
    assert.equal(isAlive(record), false);
    assert.ok(identify(pidOf("prometheus")));
  });

  it("can be brought up twice at once", async () => {
    const registries = () => processesWhere((words) => words[0]?.endsWith("docker-registry") === true);
    // Each account has one too, where `hms local up --aws` was asked for.
    const others = registries().filter((pid) => pid !== pidOf("registry"));
    process.kill(pidOf("registry"), "SIGKILL");
    const both = await Promise.all([hms(["local", "up"]), hms(["local", "up"])]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.deepEqual(
      registries().filter((pid) => !others.includes(pid)),
      [pidOf("registry")],
    );
  });

  it("names a port that somebody else has, its owner, and the way out, before anything is started", async () => {
    const listener = spawn(process.execPath, [
      "-e",
      // A port that nobody has: one chosen here may be some connection's.
      "const s = require('net').createServer().listen(0,'127.0.0.1',()=>console.log(s.address().port))",
    ]);
    try {
      const port = await new Promise<string>((resolve) => {
        listener.stdout.once("data", (data: Buffer) => {
          resolve(data.toString().trim());
        });
      });
      process.kill(pidOf("prometheus"), "SIGKILL");
      const { code, stderr } = await hms(["local", "up"], { ...process.env, HMS_PORT_PROMETHEUS: port });
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(
          `port ${port} is taken by .*node.* \\(pid ${listener.pid ?? 0}\\): stop it, or set HMS_PORT_PROMETHEUS`,
        ),
      );
      assert.equal(runningDaemon(layout, "prometheus"), undefined);
    } finally {
      listener.kill("SIGKILL");
    }
  });

  it("answers status with one JSON document", async () => {
    const { code, stdout, stderr } = await hms(["local", "status", "--json"]);
    assert.equal(code, 0, stderr);
    const status = JSON.parse(stdout) as { up: boolean; parts: { name: string; state: string }[] };
    assert.equal(status.up, true);
    assert.ok(status.parts.some(({ name, state }) => name === "gateway" && state === "healthy"));
  });

  it("runs database and metrics without root's rights", () => {
    for (const name of ["postgres", "prometheus", "registry"]) {
      const uid = processUid(pidOf(name));
      assert.notEqual(uid, 0, `${name} runs as root: ${commandLine(pidOf(name)).join(" ")}`);
    }
  });
});

function processUid(pid: number): number {
  return fs.statSync(`/proc/${pid}`).uid;
}
