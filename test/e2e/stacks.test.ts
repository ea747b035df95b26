import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

interface KubeConfig {
  contexts: { readonly name: string }[];
}

describe("the stacks of this project, really run", function () {
  this.timeout(600_000);

  for (const stack of ["staging", "preprod"]) {
    it(`delivers ${stack} and takes it away`, async () => {
      const project = new TestProject(stack, { from: stack });
      try {
        await project.init();
        const { code, output } = await project.up();
        assert.equal(code, 0, output);
        for (const service of (await project.status()).services) assert.equal(service.live, "blue", service.name);
        const destroyed = await project.pulumi("destroy", "--yes");
        assert.equal(destroyed.code, 0, destroyed.output);
        assert.equal(kubectl("get", "namespace", project.namespace, "--ignore-not-found"), "");
      } finally {
        project.remove();
      }
    });
  }

  it("delivers to the cluster of any context, after naming what a cluster lacks", async () => {
    const project = new TestProject("context");
    const kubeconfig = path.join(project.folder, "own.kubeconfig");
    const own = parse(kubectl("config", "view", "--raw", "--minify", "--flatten")) as KubeConfig;
    own.contexts = own.contexts.map((one) => ({ ...one, name: "my-own" }));
    writeFileSync(kubeconfig, stringify({ ...own, "current-context": "my-own" }));
    try {
      project.env.KUBECONFIG = kubeconfig;
      project.configure((config) => (config["hms:kubeContext"] = "my-own"));
      const lacking = await project.hms("doctor", "--context", "my-own", "--prometheus", "http://127.0.0.1:1");
      assert.equal(lacking.code, 1, lacking.output);
      assert.match(lacking.output, /✗ .*prometheus/i);
      const { code, output } = await project.deploy("--env", project.stack);
      assert.equal(code, 0, output);
      assert.equal((await project.status()).services[0]?.target, "my-own");
    } finally {
      project.remove();
    }
  });

  it("delivers prod, one service at a time too, and destroys it only when asked twice", async () => {
    const project = new TestProject("prod", { from: "prod" });
    try {
      await project.init();
      const { code, output } = await project.up();
      assert.equal(code, 0, output);
      const [first, second] = (await project.status()).services;
      assert.ok(first && second, "prod has several services");

      project.newPolicy("one-service");
      const one = await project.deploy("--env", project.stack, "--service", first.name);
      assert.equal(one.code, 0, one.output);
      const after = (await project.status()).services;
      assert.deepEqual(
        after.map((service) => service.live),
        ["green", "blue"],
      );

      const refused = await project.pulumi("destroy", "--yes");
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, /protected/);
      for (const service of (await project.status()).services) assert.notEqual(service.live, null, service.name);

      project.configure((config) => {
        config["hms:protect"] = false;
      });
      const unprotected = await project.deploy("--env", project.stack, "--service", first.name);
      assert.equal(unprotected.code, 0, unprotected.output);
      const destroyed = await project.pulumi("destroy", "--yes");
      assert.equal(destroyed.code, 0, destroyed.output);
    } finally {
      project.remove();
    }
  });
});
