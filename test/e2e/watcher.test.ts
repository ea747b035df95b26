import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { routeName } from "../../core/rollout/names";
import { Load } from "../load/load";
import { GATEWAY } from "../support/cluster";
import { gatesOfTests } from "../support/gates";
import { TestProject } from "../support/project";

const SERVICE = "drought-benefit";

/** What the cluster does by itself with a release that got a share, when nobody who began the move is left. */
describe("the watcher in the cluster", function () {
  this.timeout(600_000);
  const project = new TestProject("watch");
  let version = 0;

  const kubectl = (...args: readonly string[]) =>
    execFileSync("kubectl", ["--context", "hms-local", "-n", project.namespace, ...args], { encoding: "utf8" });
  const rule = (text: string) => {
    const file = path.join(project.folder, "examples", SERVICE, "policy", "load.rego");
    writeFileSync(file, `package load\nimport rego.v1\n# ${version++}\n${text}\n`);
  };
  const strategy = (...steps: readonly object[]) => {
    project.service((service) => (service.strategy = steps));
  };
  const service = async () => {
    const [one] = (await project.status()).services;
    assert.ok(one);
    return one;
  };
  const until = async (what: string, is: () => Promise<boolean>) => {
    for (let tries = 0; !(await is()); tries++) {
      if (tries === 200) assert.fail(`${what}\n${logs()}`);
      await sleep(300);
    }
  };
  const logs = () => kubectl("logs", "-l", `hms.delivery/watches=${SERVICE}`, "--tail", "40");
  const isWhole = async () => {
    const { weights } = await service();
    return weights?.blue === 100 || weights?.green === 100;
  };
  const load = () =>
    Load.start({
      address: GATEWAY.address,
      host: project.host,
      path: "/v1/data/load/answer",
      requestsPerSecond: 100,
      newConnections: 0.1,
      maxSeconds: 500,
    });
  const deploy = async () => {
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
  };

  before(async () => {
    project.edit("service.yaml", (text) => {
      const document = parse(text) as { kpis: unknown };
      document.kpis = gatesOfTests({ every: "2s", within: "3m", consecutive: 2, minSamples: 20 });
      return stringify(document);
    });
    rule("answer := 1");
    await project.init();
    await deploy();
  });
  after(() => {
    project.remove();
  });

  it("puts the traffic back when the provider is killed in mid-step", async () => {
    const before = await service();
    strategy({ weight: 30, hold: "2m", gates: "none" }, { weight: 100 });
    rule("answer := 1");
    const users = load();
    const moving = project.startDeploy("--env", project.stack);
    const ended = new Promise((done) => moving.on("close", done));
    await until("no share was given", async () => !(await isWhole()));
    execFileSync("pkill", ["-KILL", "-f", `${project.folder}/provider/../bin/launch.cjs provider`]);
    await ended;
    await until("nobody put the traffic back", isWhole);
    const report = await users.stop();
    assert.equal(report.lost.length, 0);
    assert.equal((await service()).live, before.live);
    assert.match(logs(), /its mover is gone/);
    const again = await project.deploy("abort", "--env", project.stack);
    assert.match(again.lastLine, /no move is under way/);
  });

  it("puts a parked release back that turns bad with its caller gone, and holds it", async () => {
    const before = await service();
    strategy({ weight: 20, pause: "1h" }, { weight: 100 });
    rule("answer := 1");
    const users = load();
    await deploy();
    assert.equal((await service()).phase, "parked");
    // What an hour may bring: the same release, and nothing listens where its Service leads.
    const color = before.live === "blue" ? "green" : "blue";
    const patch = [{ op: "replace", path: "/spec/ports/0/targetPort", value: 9 }];
    kubectl("patch", "service", `${SERVICE}-${color}`, "--type=json", "-p", JSON.stringify(patch));
    await until("the watcher left it", isWhole);
    await users.stop();
    const now = await service();
    assert.deepEqual([now.phase, now.live], ["live", before.live]);
    assert.equal(now.held.length, before.held.length + 1);
    assert.match(logs(), /while parked: error-share/);
  });

  it("ends a parked release whose time is over", async () => {
    const before = await service();
    strategy({ weight: 20, gates: "none", pause: "3s" }, { weight: 100 });
    rule("answer := 1");
    await deploy();
    await until("it is still parked", isWhole);
    const now = await service();
    assert.deepEqual([now.phase, now.live], ["live", before.live]);
    assert.match(logs(), /nobody promoted it until/);
    assert.match(kubectl("get", "httproute", routeName(SERVICE), "-o", "json"), /rolledBack/);
  });
});
