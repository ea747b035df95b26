import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { StatusDocument } from "../../core/rollout/status";
import { kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

describe("a fleet of stacks, each with waves of its own", function () {
  this.timeout(600_000);
  const project = new TestProject("fleet");
  const other = `${project.stack}-b`;
  const namespace = `hms-${other}`;
  const stacks = `${project.stack}; ${other}`;

  const fleetUp = async (...more: readonly string[]) => {
    const ran = await project.hms("fleet", "up", "--stacks", stacks, "--json", ...more);
    const text = ran.output.slice(ran.output.indexOf("{\n"), ran.output.lastIndexOf("\n}") + 2);
    const document = JSON.parse(text) as {
      stacks: { stack: string; outcome: string; said: string }[];
      stopped: string | null;
      logs: string;
    };
    const log = (stack: string): string => readFileSync(path.join(document.logs, `${stack}.log`), "utf8");
    return { ...ran, document, log, outcomes: document.stacks.map(({ outcome }) => outcome) };
  };
  const live = async (stack: string) => {
    const { output } = await project.hms("status", "--stack", stack, "--json");
    const { services } = JSON.parse(output.slice(output.indexOf("{"))) as StatusDocument;
    return services.map((service) => service.live);
  };
  const spoil = (): void => {
    project.edit("service.yaml", (text) => text.replace("amount: 15375", "amount: 1"));
  };
  const mend = (): void => {
    project.edit("service.yaml", (text) => text.replace("amount: 1\n", "amount: 15375\n"));
    project.newPolicy("2026.2");
  };

  before(() => {
    const entry = (region: string) => ({ source: "examples/drought-benefit", replicas: 1, env: { REGION: region } });
    const file = path.join(project.folder, `Pulumi.${project.stack}.yaml`);
    const of = (config: Record<string, unknown>) => stringify({ config });
    const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    const services = { first: entry("central-valley"), second: entry("central-coast") };
    const waves = { order: [["first"], ["second"]], soak: "3s" };
    writeFileSync(file, of({ ...config, "hms:services": services, "hms:waves": waves }));
    const own = { "hms:namespace": namespace, "hms:services": { only: entry("central-valley") } };
    writeFileSync(path.join(project.folder, `Pulumi.${other}.yaml`), of({ ...config, ...own }));
  });
  after(() => {
    kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false");
    project.remove();
  });

  it("stops at the first failure: neither a later wave of that stack nor a later stack is begun", async () => {
    spoil();
    const { code, outcomes, document, log, output } = await fleetUp();
    assert.equal(code, 1);
    assert.deepEqual(outcomes, ["failed", "waiting"]);
    assert.match(document.stacks[0]?.said ?? "", /first: smoke test/);
    // Answer and reason come by two streams, in whatever order they are read.
    assert.match(output, new RegExp(`^${project.stack} failed; 0 may; what they said is in `, "m"));
    assert.doesNotMatch(log(project.stack), /RolloutLease second creat/);
    assert.deepEqual(await live(project.stack), [null, null]);
  });

  it("goes on from there when it is mended: wave by wave, each watched, then the next stack", async () => {
    mend();
    const { code, output, outcomes, log } = await fleetUp("--resume");
    assert.equal(code, 0, output);
    assert.deepEqual(outcomes, ["done", "done"]);
    const lines = log(project.stack).split("\n");
    const at = (pattern: RegExp): number => lines.findLastIndex((line) => pattern.test(line));
    const watched = at(/hms:fleet:Soak wave-1 created/);
    assert.ok(at(/TrafficSwitch first created/) < watched && watched > 0, lines.join("\n"));
    assert.ok(watched < lines.findIndex((line) => /RolloutLease second creating/.test(line)), lines.join("\n"));
    assert.match(log(project.stack), /wave 1 is watched for \d s more/);
    assert.deepEqual([await live(project.stack), await live(other)], [["blue", "blue"], ["blue"]]);
  });

  it("does nothing again with --resume, until something is another one", async () => {
    const { code, document } = await fleetUp("--resume");
    assert.equal(code, 0);
    assert.deepEqual(
      document.stacks.map(({ said }) => said),
      ["by an earlier run", "by an earlier run"],
    );
  });

  it("is updated by Jobs of the cluster as well: one for each wave, told in the same table, and gone afterwards", async () => {
    project.newPolicy("2026.3");
    const { code, output, outcomes, document, log } = await fleetUp("--runner", "kubernetes", "--parallel", "1");
    assert.equal(code, 0, output);
    assert.deepEqual(outcomes, ["done", "done"]);
    assert.match(document.stacks[0]?.said ?? "", /first {2}green is live/);
    assert.match(log(other), /TrafficSwitch only updated/);
    assert.deepEqual([await live(project.stack), await live(other)], [["green", "green"], ["green"]]);
    const fleet = path.basename(document.logs);
    assert.equal(
      kubectl("-n", "hms-fleet", "get", "jobs,pods,secrets", "-l", `hms.delivery/fleet=${fleet}`, "-o", "name"),
      "",
    );
  });

  it("takes back what it moved when a later stack fails, if that is asked for", async () => {
    project.newPolicy("2026.4");
    const file = path.join(project.folder, `Pulumi.${other}.yaml`);
    const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    writeFileSync(file, stringify({ config: { ...config, "hms:kubeContext": "nowhere" } }));
    const { code, outcomes, document } = await fleetUp("--undo");
    assert.equal(code, 1);
    assert.deepEqual(outcomes, ["undone", "failed"]);
    assert.match(document.stacks[0]?.said ?? "", /first {2}green is live.*second {2}green is live/);
    assert.match(document.stacks[1]?.said ?? "", /no context "nowhere"/);
    assert.deepEqual(await live(project.stack), ["green", "green"]);
  });
});
