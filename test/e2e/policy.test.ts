import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { LedgerEntry } from "../../core/ledger/entry";
import { KubeClient } from "../../platform/kube/client";
import { PACK_OPTION, packFolder } from "../../platform/policyPack";
import { RolloutStore } from "../../provider/rollout/store";
import { TestProject } from "../support/project";
import { TokenIssuer } from "../support/tokenIssuer";

const SERVICE = "drought-benefit";
const accepted = { owner: "tests", reason: "they are about something else" };
const WITHOUT = { scan: accepted, approvedSources: accepted };
const kube = KubeClient.load({ context: "hms-local" });

describe("the policy pack", function () {
  this.timeout(600_000);
  const project = new TestProject("policy");
  const issuer = new TokenIssuer();
  const store = new RolloutStore(kube, SERVICE, project.namespace);
  const weights = async () => (await store.read()).actual.weights;

  before(async () => {
    issuer.address = "https://identity.example.gov";
    const roles = { operators: "Operator", pipelines: "Pipeline" };
    const oidc = { issuer: issuer.address, audience: "hms-deploy", keys: "identity.jwks.json", roles };
    writeFileSync(path.join(project.folder, oidc.keys), JSON.stringify({ keys: [issuer.key.jwk] }));
    const production = { "hms:production": true, "hms:signing": "local", "hms:without": WITHOUT };
    project.configure((config) => Object.assign(config, { ...production, "hms:permission": { oidc } }));
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

  it("demands what guards a production stack, or somebody who answers for going without", async () => {
    project.env[PACK_OPTION] = packFolder(project.folder);
    project.configure((config) => (config["hms:without"] = { scan: accepted }));
    const { code, output } = await project.preview();
    project.configure((config) => (config["hms:without"] = WITHOUT));
    assert.equal(code, 1, output);
    assert.match(output, /production-guards/);
    assert.match(output, /hms:approvedSources: got nothing, .* say in hms:without\.approvedSources who answers/);
    assert.doesNotMatch(output, /hms:scan: got nothing/);
  });

  it("does not stand in for a permission: plain pulumi asks for no role, so it moves nothing in a stack that wants one proven", async () => {
    const { code, output } = await project.up();
    assert.equal(code, 1, output);
    assert.match(output, /drought-benefit: nobody was asked for a role that may deploy, .*hms-deploy, which asks/);
    assert.equal(await weights(), null);
  });

  it("is loaded by hms-deploy whatever the caller forgot, and the ledger says by its digest that it judged the plan", async () => {
    project.env[PACK_OPTION] = "";
    project.env.HMS_ROLE = "Guest";
    const refused = await project.deploy("--env", project.stack);
    assert.match(
      refused.lastLine,
      /^not permitted: nothing proves role Guest; there is no role Guest\..*HMS_ROLE_TOKEN/,
    );
    delete project.env.HMS_ROLE;
    project.env.HMS_ROLE_TOKEN = await issuer.token({ groups: ["pipelines"] });
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, new RegExp(project.env.HMS_ROLE_TOKEN));
    assert.notEqual(await weights(), null);
    const listed = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    const { entries } = JSON.parse(listed.output) as { readonly entries: readonly LedgerEntry[] };
    const decisions = entries.filter(({ event }) => event === "moving").flatMap((entry) => entry.decisions);
    assert.match(
      decisions.join(),
      /policy pack hms [\d.]+ \(sha256:[0-9a-f]{64}\) found nothing against \d+ resources/,
    );
    assert.match(
      decisions.join(),
      /permission policy sha256:[0-9a-f]{64} lets role Pipeline deploy, proven by lee by https:\/\/identity\.example\.gov/,
    );
  });

  it("lets nobody go back whose role may not, and an operator even while whoever proves roles is away", async () => {
    const pipeline = await project.deploy("rollback", "--env", project.stack);
    assert.match(pipeline.lastLine, /^not permitted: role Pipeline may not rollback drought-benefit on stack policy-/);
    delete project.env.HMS_ROLE_TOKEN;
    project.env.HMS_ROLE = "Operator";
    const unproven = await project.deploy("rollback", "--env", project.stack);
    assert.match(
      unproven.lastLine,
      /^not permitted: nothing proves role Operator\..*--emergency "<reason>" with HMS_ROLE/,
    );
    const emergency = await project.deploy(
      "rollback",
      "--env",
      project.stack,
      "--emergency",
      "identity provider is down",
    );
    assert.match(emergency.lastLine, /there is no earlier good release to go back to/);
    delete project.env.HMS_ROLE;
    project.env.HMS_ROLE_TOKEN = await issuer.token({ groups: ["pipelines"] });
  });

  it("fails a preview and hms-deploy alike, with the rule and what to do, and no word of the secret", async () => {
    const before = await weights();
    const secret = "not-for-everyones-eyes";
    project.edit("service.yaml", (text) => text.replace(/^env:$/m, `env:\n  DATABASE_PASSWORD: ${secret}`));
    project.env[PACK_OPTION] = packFolder(project.folder);
    const plain = await project.preview();
    project.env[PACK_OPTION] = "";
    const asked = await project.deploy("--env", project.stack);
    assert.match(asked.lastLine, /^not permitted: DATABASE_PASSWORD of service drought-benefit is in plain text/);
    // Where nobody is asked, the pack finds it.
    project.configure((config) => delete config["hms:permission"]);
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
