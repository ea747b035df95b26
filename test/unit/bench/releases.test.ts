import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { parse } from "yaml";
import { readServices } from "../../../config/services";
import { Releases, type Manner } from "../../bench/switch/releases";
import { TestProject } from "../../support/project";

describe("the releases of the switch harness", () => {
  const project = new TestProject("bench-unit");
  const server = net.createServer();
  let releases: Releases;

  before((done) => {
    server.listen(0, "127.0.0.1", () => {
      releases = new Releases(project, server);
      releases.looks({ every: "2s", within: "40s", consecutive: 2, minSamples: 60 });
      done();
    });
  });
  after((done) => {
    project.discard();
    server.close(done);
  });

  const text = (file: string): string => readFileSync(path.join(project.folder, file), "utf8");
  const policy = (): string => text("examples/drought-benefit/policy/load.rego");
  const next = (manner: Manner, isBuilt: boolean) => {
    if (isBuilt) releases.nextImage(manner);
    else releases.next(manner);
    const { config } = parse(text(`Pulumi.${project.stack}.yaml`)) as { config: Record<string, unknown> };
    const absolute = (file: string): string => path.join(project.folder, file);
    const { services, problems } = readServices(config["hms:services"], { read: text, absolute });
    assert.deepEqual(problems, []);
    return { env: services[0]?.env, policy: policy() };
  };

  it("differ in their settings, which a stack file may have, and not in their image", () => {
    const [well, failing, again] = [next("well", false), next("with errors", false), next("well", false)];
    assert.equal(failing.env?.LOAD_MANNER, "with errors");
    assert.equal(failing.env.REGION, "central-valley");
    assert.notDeepEqual(again.env, well.env);
    assert.equal(failing.policy, well.policy);
  });
  it("have an image of their own where one is to be built", () => {
    const before = policy();
    assert.notEqual(next("well", true).policy, before);
  });
});
