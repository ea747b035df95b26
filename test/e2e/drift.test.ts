import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import path from "node:path";
import { kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

describe("what others do to a delivered service", function () {
  this.timeout(600_000);
  const project = new TestProject("drift");
  const k = (...args: readonly string[]): string => kubectl("-n", project.namespace, ...args);
  const SECRET = "planted-S3cret-value-7719";

  before(async () => {
    await project.init();
    // A Secret has to be there before the service that refers to it.
    kubectl("create", "namespace", project.namespace);
    project.edit("service.yaml", (text) =>
      text.replace("smoke:", "secrets:\n  API_TOKEN: { secret: drought-benefit-token, key: token }\nsmoke:"),
    );
  });
  after(() => {
    project.remove();
  });

  it("stops the plan when a secret is missing, by name and key, and touches nothing", async () => {
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.match(output, /drought-benefit: secret drought-benefit-token, key token: the Secret does not exist/);
    assert.equal(k("get", "deployments,services,httproutes", "-o", "name"), "");
  });

  it("stops the plan when a secret is empty", async () => {
    k("create", "secret", "generic", "drought-benefit-token", "--from-literal=token=");
    const { code, output } = await project.preview();
    assert.notEqual(code, 0);
    assert.match(output, /secret drought-benefit-token, key token: the value is empty/);
    k("delete", "secret", "drought-benefit-token");
  });

  it("delivers when the secret is there, and its value is in no state, output or log", async () => {
    k("create", "secret", "generic", "drought-benefit-token", `--from-literal=token=${SECRET}`);
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const token = k(
      "get",
      "httproute",
      "drought-benefit-probe",
      "-o",
      "jsonpath={.spec.rules[0].matches[0].headers[0].value}",
    ).replace(/^blue\./, "");
    assert.ok(token.length >= 32);
    const shown = await project.pulumi("up", "--yes", "--skip-preview", "--diff");
    for (const secret of [SECRET, Buffer.from(SECRET).toString("base64"), token]) {
      assert.ok(!project.state().includes(secret), "in the state file");
      assert.ok(!output.includes(secret) && !shown.output.includes(secret), "in the output");
    }
  });

  it("shows and repairs a deleted Deployment", async () => {
    k("delete", "deployment", "drought-benefit-blue", "--wait");
    const preview = await project.preview();
    assert.match(preview.output, /\+ +kubernetes:apps\/v1:Deployment drought-benefit-blue create/);
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    assert.equal((await project.up("--expect-no-changes")).code, 0);
  });

  it("shows and repairs a deleted route, with what was live", async () => {
    k("delete", "httproute", "drought-benefit");
    const preview = await project.preview();
    assert.match(preview.output, /\+ +hms:rollout:TrafficSwitch drought-benefit create/);
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const [service] = (await project.status()).services;
    assert.deepEqual([service?.live, service?.weights], ["blue", { blue: 100, green: 0 }]);
    assert.equal((await project.up("--expect-no-changes")).code, 0);
  });

  it("shows and repairs an edited label", async () => {
    k("label", "deployment", "drought-benefit-blue", "hms.delivery/color=red", "--overwrite");
    const preview = await project.preview();
    assert.match(preview.output, /~ +kubernetes:apps\/v1:Deployment drought-benefit-blue update/);
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    assert.equal(
      k("get", "deployment", "drought-benefit-blue", "-o", "jsonpath={.metadata.labels.hms\\.delivery/color}"),
      "blue",
    );
  });

  it("shows weights that somebody else wrote and who it was; up stops with that until it is told to take over", async () => {
    const patch = JSON.stringify([{ op: "replace", path: "/spec/rules/0/backendRefs/0/weight", value: 90 }]);
    k("patch", "httproute", "drought-benefit", "--type=json", "-p", patch);
    const preview = await project.preview("--diff");
    assert.equal(preview.code, 0, preview.output);
    assert.match(preview.output, /kubectl-patch set the weights to blue 90, green 0/);
    assert.match(preview.output, /blue *: 90 => 100/);
    const stopped = await project.up();
    assert.notEqual(stopped.code, 0);
    assert.match(stopped.output, /kubectl-patch set the weights/);
    const stoppedByName = await project.deploy("--env", project.stack);
    assert.equal(stoppedByName.code, 1);
    assert.match(stoppedByName.lastLine, /--take-over/);
    const taken = await project.deploy("--env", project.stack, "--take-over");
    assert.equal(taken.code, 0, taken.output);
    assert.deepEqual((await project.status()).services[0]?.weights, { blue: 100, green: 0 });
  });

  it("is shared by two clones at different paths without a difference, and without a path in the state", async () => {
    const clone = new TestProject("drift", { sharing: project });
    try {
      for (const file of ["service.yaml", "policy/data.json"]) {
        const text = readFileSync(path.join(project.folder, "examples/drought-benefit", file), "utf8");
        if (text !== readFileSync(path.join(clone.folder, "examples/drought-benefit", file), "utf8"))
          clone.edit(file, () => text);
      }
      const { code, output } = await clone.up("--expect-no-changes");
      assert.equal(code, 0, output);
      for (const folder of [project.folder, clone.folder]) {
        const state = project.state();
        const at = state.indexOf(folder);
        assert.equal(at, -1, `a path in the state: ${state.slice(Math.max(0, at - 200), at + 100)}`);
      }
    } finally {
      clone.discard();
    }
  });
});
