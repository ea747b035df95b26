import { strict as assert } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { KubeClient } from "../../platform/kube/client";
import { acquireLease } from "../../provider/rollout/lease";
import { RolloutStore } from "../../provider/rollout/store";
import type { UnlockDocument } from "../../cli/unlock";
import { finished, printed, TestProject } from "../support/project";

/** A provider whose engine was killed gives the lease back by itself, and needs a moment for it. */
async function untilFree<T>(take: () => Promise<T>): Promise<T> {
  for (let left = 600; ; left--) {
    try {
      return await take();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

describe("hms unlock, after an engine that was killed", function () {
  this.timeout(600_000);
  const project = new TestProject("unlock");
  const kube = KubeClient.load({ context: "hms-local" });
  const unlock = (...more: readonly string[]) => project.hms("unlock", "--stack", project.stack, ...more);
  const begun = async (): Promise<ChildProcess> => {
    const child = project.startPulumi("up", "--yes", "--skip-preview");
    await printed(child, /Deployment drought-benefit-\w+ creating/);
    return child;
  };

  before(() => project.init());
  after(() => {
    project.remove();
  });

  it("has nothing to unlock where nobody holds anything", async () => {
    const { code, output } = await unlock();
    assert.equal(code, 0, output);
    assert.match(output, /nothing to unlock: nobody holds the engine's lock of stack unlock-/);
  });

  it("refuses while the engine lives; when it is killed, it unlocks and the next update needs no other repair", async () => {
    const child = await begun();
    const ended = finished(child);
    // It lives, and does not get to its end before the others were refused.
    child.kill("SIGSTOP");
    const refused = await unlock();
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.output, new RegExp(`pid ${child.pid ?? 0}, since \\S+: that process runs`));
    assert.match(refused.output, /is updating stack \S+: wait until that ends, or stop it/);
    assert.match((await project.up()).output, /currently locked by/);

    child.kill("SIGKILL");
    await ended;
    const unlocked = await unlock("--json");
    assert.equal(unlocked.code, 0, unlocked.output);
    const document = JSON.parse(unlocked.output.slice(unlocked.output.indexOf("{"))) as UnlockDocument;
    assert.deepEqual([document.unlocked, document.locks.map(({ owner }) => owner)], [true, ["ended"]]);
    assert.equal(document.locks[0]?.pid, child.pid);

    const next = await project.deploy("--env", project.stack);
    assert.equal(next.code, 0, next.output);
    assert.doesNotMatch(next.output, /taking over/);
    const settled = await project.up("--expect-no-changes");
    assert.equal(settled.code, 0, settled.output);
    assert.doesNotMatch(settled.output, /pending operations/);
  });

  it("refuses while somebody works on the rollout, whoever took the engine's lock", async () => {
    project.newPolicy("unlock.2");
    const child = await begun();
    const ended = finished(child);
    child.kill("SIGKILL");
    await ended;
    const store = new RolloutStore(kube, "drought-benefit", project.namespace);
    const lease = await untilFree(() => acquireLease(kube, store));
    const refused = await unlock();
    await lease.release();
    assert.equal(refused.code, 1, refused.output);
    assert.match(
      refused.output,
      new RegExp(`drought-benefit: \\S+ \\(pid ${process.pid}\\) still works on its rollout: wait until that ends`),
    );
    const unlocked = await unlock();
    assert.equal(unlocked.code, 0, unlocked.output);
    assert.match(unlocked.output, /drought-benefit: nobody has its rollout/);
    assert.match(unlocked.lastLine, /^unlocked stack \S+; go on with: hms-deploy --env \S+$/);
    const next = await project.up();
    assert.equal(next.code, 0, next.output);
  });
});
