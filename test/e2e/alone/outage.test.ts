import { strict as assert } from "node:assert";
import { runningDaemon } from "../../../platform/local/daemon";
import { loadLayout } from "../../../platform/local/layout";
import { Load } from "../../load/load";
import { GATEWAY } from "../../support/cluster";
import { TestProject } from "../../support/project";

/** Parts of the platform die here, so nothing else may run beside it. */
describe("a rollback with registry and Docker dead", function () {
  this.timeout(600_000);
  const project = new TestProject("outage");
  const live = async () => {
    const [service] = (await project.status()).services;
    return service?.live;
  };

  before(async () => {
    await project.init();
    for (const version of ["one", "two"]) {
      project.newPolicy(version);
      const up = await project.up();
      assert.equal(up.code, 0, up.output);
    }
    assert.equal(await live(), "green");
  });
  after(() => {
    project.remove();
  });

  it("loses no request, and the next deploy works once they are back", async () => {
    const layout = loadLayout();
    for (const name of ["registry", "dockerd"]) {
      const pid = runningDaemon(layout, name)?.pid;
      assert.ok(pid !== undefined, `${name} does not run`);
      process.kill(pid, "SIGKILL");
    }
    const load = Load.start({
      address: GATEWAY.address,
      host: project.host,
      path: "/health",
      requestsPerSecond: 400,
      newConnections: 0.1,
      maxSeconds: 500,
    });
    const back = await project.deploy("rollback", "--env", project.stack);
    const report = await load.stop();
    const repaired = await project.hms("local", "up");
    assert.equal(back.code, 0, back.output);
    assert.match(back.lastLine, /Reverted to tag/);
    assert.ok(report.answered > 0 && report.answered === report.sent, `${report.lost.length} of ${report.sent} lost`);
    assert.equal(await live(), "blue");
    assert.equal(repaired.code, 0, repaired.output);
    const forward = await project.deploy("--env", project.stack, "--retry");
    assert.equal(forward.code, 0, forward.output);
    assert.equal(await live(), "green");
  });
});
