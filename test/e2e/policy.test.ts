import { strict as assert } from "node:assert";
import type { LedgerEntry } from "../../core/ledger/entry";
import { KubeClient } from "../../platform/kube/client";
import { PACK_OPTION, packFolder } from "../../platform/policyPack";
import { RolloutStore } from "../../provider/rollout/store";
import { TestProject } from "../support/project";

const SERVICE = "drought-benefit";
const kube = KubeClient.load({ context: "hms-local" });

describe("the policy pack", function () {
  this.timeout(240_000);
  const project = new TestProject("policy");
  const store = new RolloutStore(kube, SERVICE, project.namespace);
  const weights = async () => (await store.read()).actual.weights;

  before(async () => {
    project.configure((config) => Object.assign(config, { "hms:production": true, "hms:signing": "local" }));
    project.service((service) => (service.replicas = 1));
    await project.init();
  });
  after(() => {
    project.remove();
  });

  it("is what production moves nothing without: plain pulumi that lacks it is refused, in the preview already", async () => {
    delete project.env.PULUMI_OPTION_POLICY_PACK;
    for (const run of [await project.preview(), await project.up()]) {
      assert.equal(run.code, 1, run.output);
      assert.match(run.output, /drought-benefit: no policy pack has judged this plan/);
    }
    assert.equal(await weights(), null);
  });

  it("is loaded by hms-deploy whatever the caller forgot, and the ledger says by its digest that it judged the plan", async () => {
    project.env[PACK_OPTION] = "";
    project.env.HMS_ROLE = "Guest";
    const refused = await project.deploy("--env", project.stack);
    assert.match(refused.lastLine, /^not permitted: there is no role Guest/);
    project.env.HMS_ROLE = "Pipeline";
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
    assert.notEqual(await weights(), null);
    const listed = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    const { entries } = JSON.parse(listed.output) as { readonly entries: readonly LedgerEntry[] };
    const decisions = entries.filter(({ event }) => event === "moving").flatMap((entry) => entry.decisions);
    assert.match(
      decisions.join(),
      /policy pack hms [\d.]+ \(sha256:[0-9a-f]{64}\) found nothing against \d+ resources/,
    );
  });

  it("fails a preview and hms-deploy alike, with the rule and what to do, and no word of the secret", async () => {
    const before = await weights();
    const secret = "not-for-everyones-eyes";
    project.edit("service.yaml", (text) => text.replace(/^env:$/m, `env:\n  DATABASE_PASSWORD: ${secret}`));
    project.env[PACK_OPTION] = packFolder(project.folder);
    const plain = await project.preview();
    project.env[PACK_OPTION] = "";
    const deploy = await project.deploy("--env", project.stack);
    for (const { code, output } of [plain, deploy]) {
      assert.equal(code, 1, output);
      assert.match(output, /no-plaintext-secrets/);
      assert.match(output, /DATABASE_PASSWORD of \w+.* is in plain text: it is named like a secret.*; put it into/);
      assert.doesNotMatch(output, new RegExp(secret));
    }
    assert.deepEqual(await weights(), before);
  });
});
