import assert from "node:assert/strict";
import { kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

/** How large a color is and may get; without a metrics server nothing grows by itself, but minima are kept. */
interface Size {
  readonly pods: number;
  readonly ready: number;
  /** Of the autoscaler; 0 where there is none. */
  readonly min: number;
}

describe("a service that scales by itself", function () {
  this.timeout(600_000);
  const project = new TestProject("scale");

  const ours = (...words: readonly string[]) => kubectl("--namespace", project.namespace, ...words);
  const sizeOf = (color: string): Size => {
    const name = `drought-benefit-${color}`;
    const [pods, ready] = ours(
      ...["get", "deployment", name, "--output", "jsonpath={.spec.replicas},{.status.readyReplicas}"],
    ).split(",");
    const min = ours("get", "hpa", "--output", `jsonpath={.items[?(@.metadata.name=="${name}")].spec.minReplicas}`);
    return { pods: Number(pods), ready: Number(ready), min: Number(min) };
  };
  const colors = async () => {
    const { services } = await project.status();
    const live = services[0]?.live;
    assert.ok(live);
    return { live, idle: live === "blue" ? "green" : "blue" };
  };

  before(async () => {
    await project.init();
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
  });
  after(() => {
    project.remove();
  });

  it("keeps its pods when it is told to scale by itself from now on", async () => {
    const { live } = await colors();
    const { pods } = sizeOf(live);
    assert.equal(pods, 2);
    project.service((service) => (service.autoscale = { min: 1, max: 4 }));
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    assert.deepEqual(sizeOf(live), { pods, ready: pods, min: 1 });
  });

  it("brings a new release up as large as the live one has become, and moves only then", async () => {
    const before = await colors();
    ours("scale", "deployment", `drought-benefit-${before.live}`, "--replicas=3");
    ours("rollout", "status", "deployment", `drought-benefit-${before.live}`, "--timeout=180s");
    project.newPolicy("scaled");
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    assert.equal((await colors()).live, before.idle);
    assert.deepEqual(sizeOf(before.idle), { pods: 3, ready: 3, min: 3 });
    assert.equal(sizeOf(before.live).pods, 3, "the way back is smaller than the traffic needs");
  });

  it("may shrink again once the old color is retired", async () => {
    project.service((service) => (service.retain = "1s"));
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    const { live, idle } = await colors();
    assert.deepEqual(sizeOf(live), { pods: 3, ready: 3, min: 1 });
    assert.deepEqual([sizeOf(idle).pods, sizeOf(idle).min], [0, 0]);
  });
});
