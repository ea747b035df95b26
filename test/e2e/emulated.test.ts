import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { DeletePublicAccessBlockCommand, GetPublicAccessBlockCommand, S3Client } from "@aws-sdk/client-s3";
import type { AccountsDocument } from "../../cli/account/status";
import { bucketName } from "../../core/account/names";
import { EMULATED_ACCOUNTS } from "../../platform/aws/emulator";
import { kubectl } from "../support/cluster";
import { Moto } from "../support/moto";
import { OciRegistry } from "../support/ociRegistry";
import { TestProject } from "../support/project";

const SERVICE = "drought-benefit";
const [USDA] = EMULATED_ACCOUNTS;

interface AccountEntry {
  registry: string;
  clusters: { main: { namespace: string } };
}

/** The stack's own file, on an emulator, registries and namespaces of this test's. */
describe("the stack emulated: three accounts, each with its AWS, its registry and its cluster", function () {
  this.timeout(600_000);
  const project = new TestProject("emulated", { from: "emulated" });
  const registries = new Map(EMULATED_ACCOUNTS.map(({ name }) => [name as string, new OciRegistry()]));
  const namespaceOf = (account: string): string => `${project.namespace}-${account}`;
  let moto: Moto;

  const passes = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await project.pulumi(...args);
    assert.equal(code, 0, output);
    return output;
  };
  const up = (...args: readonly string[]) => passes("up", "--yes", "--skip-preview", ...args);
  const hms = (words: string) => project.hms(...words.split(" "), "--stack", project.stack);
  const seen = async () =>
    new Map((await project.status()).services.map((service) => [service.account ?? "", service]));

  before(async () => {
    moto = await Moto.start();
    for (const registry of registries.values()) await registry.start();
    project.configure((config) => {
      config["hms:aws"] = { endpoint: moto.endpoint };
      for (const [name, account] of Object.entries(config["hms:accounts"] as Record<string, AccountEntry>)) {
        account.registry = registries.get(name)?.address ?? "";
        account.clusters.main.namespace = namespaceOf(name);
      }
      const { [SERVICE]: service } = config["hms:services"] as Record<string, object>;
      config["hms:services"] = { [SERVICE]: { ...service, replicas: 1 } };
    });
    await project.init();
  });
  after(async () => {
    for (const { name } of EMULATED_ACCOUNTS)
      kubectl("delete", "namespace", namespaceOf(name), "--ignore-not-found", "--wait=false");
    project.remove();
    for (const registry of registries.values()) await registry.stop();
    await moto.stop();
  });

  it("is made from nothing, a wave of accounts after the other, each with images of its own registry", async () => {
    const bootstrapped = await hms("account bootstrap");
    assert.equal(bootstrapped.code, 0, bootstrapped.output);
    const lines = (await up()).split("\n");
    const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
    const watched = at(/hms:fleet:Soak usda-wave-1 created/);
    assert.ok(at(/TrafficSwitch usda-drought-benefit created/) < watched && watched > 0, lines.join("\n"));
    for (const later of ["epa", "doi"])
      assert.ok(watched < at(new RegExp(`RolloutLease ${later}-drought-benefit creating`)), lines.join("\n"));
    const services = await seen();
    assert.deepEqual([...services.keys()].sort(), ["doi", "epa", "usda"]);
    for (const [account, { live, colors, url }] of services) {
      assert.equal(live, "blue", account);
      assert.ok(colors.blue?.image.startsWith(`${registries.get(account)?.address}/${SERVICE}@sha256:`));
      assert.equal(new URL(url).hostname, `${SERVICE}.${account}.${project.domain}`);
    }
    assert.doesNotMatch(project.state(), /arn:aws:/);
  });

  it("is unchanged by the next update, and by a refresh", async () => {
    await up("--expect-no-changes");
    await passes("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  });

  it("is frozen, unlocked and audited in all accounts by one word", async () => {
    assert.match(
      (await hms("freeze on --reason drill")).output,
      /^doi: frozen: drill.*\nepa: .*\nusda: frozen: drill/m,
    );
    const unnamed = await hms("freeze status");
    assert.equal(unnamed.code, 1);
    assert.match(unnamed.lastLine, /delivers to doi, epa, usda; name one of them with --account/);
    assert.match((await hms("freeze status --account epa")).output, /a freeze is in effect: drill/);
    const { output } = await hms("unlock");
    for (const { name } of EMULATED_ACCOUNTS)
      assert.match(output, new RegExp(`^${name}/${SERVICE}: nobody has its rollout`, "m"));
    assert.match(
      (await hms("ledger verify")).lastLine,
      /has its own ledger; name one of doi, epa, usda with --account/,
    );
    for (const { name } of EMULATED_ACCOUNTS) {
      const verified = await hms(`ledger verify --account ${name}`);
      assert.equal(verified.code, 0, verified.output);
      assert.match(verified.output, /newest checkpoint of/);
    }
  });

  it("shows what was changed by hand, in an account and in a cluster, and puts it right", async () => {
    const s3 = (await moto.session(USDA.id)).client(S3Client);
    const Bucket = bucketName(USDA, "snapshots");
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    kubectl("-n", namespaceOf("epa"), "delete", "deployment", `${SERVICE}-blue`, "--wait");
    const shown = await passes("preview");
    assert.match(shown, /\+ +aws:s3:BucketPublicAccessBlock hms-usda-snapshots-public-access create/);
    assert.match(shown, /\+ +kubernetes:apps\/v1:Deployment epa-drought-benefit-blue create/);
    for (const { name } of EMULATED_ACCOUNTS)
      assert.match(shown, new RegExp(`warning: ${name}/${SERVICE}: a freeze is in effect: drill`));
    await hms("freeze off");
    assert.match((await hms("freeze status --account epa")).output, /no freeze is in effect/);
    await up();
    const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    assert.equal(PublicAccessBlockConfiguration?.BlockPublicPolicy, true);
    assert.equal((await seen()).get("epa")?.colors.blue?.ready, 1);
  });

  it("leaves an account as it is that is frozen, goes on with the others, and each ledger says what went there", async () => {
    await hms("freeze on --reason audit --account usda");
    project.newPolicy("2026.2");
    assert.match(await up(), /usda\/drought-benefit: Deploy blocked - freeze in effect: audit .*it stays as it is/);
    const live = [...(await seen()).values()].map((service) => [service.account, service.live]);
    assert.deepEqual(live.sort(), [...["doi", "epa"].map((name) => [name, "green"]), ["usda", "blue"]]);
    await hms("freeze off --account usda");
    const moves = async (account: string) =>
      (await hms(`ledger list --account ${account}`)).output.match(/ deployed /g);
    assert.equal((await moves("usda"))?.length, 1);
    assert.equal((await moves("epa"))?.length, 2);
    const folder = join(project.folder, "audit");
    assert.equal((await hms(`ledger export --account epa --to ${folder}`)).code, 0);
    assert.match(
      execFileSync(process.execPath, [join(folder, "verify.cjs")], { encoding: "utf8" }),
      /newest checkpoint/,
    );
  });

  it("goes no further than the first account in which a release fails, and that one keeps what it had", async () => {
    const before = await seen();
    project.newPolicy("2026.3");
    project.edit("service.yaml", (text) => text.replace("amount: 15375", "amount: 1"));
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.match(output, /drought-benefit: smoke test .*expected result\.amount = 1, got 15375/);
    assert.doesNotMatch(output, /(RolloutLease|Deployment) (epa|doi)-drought-benefit\S* (creat|updat)ing/);
    const services = await seen();
    for (const [account, { live, weights, held }] of services) {
      assert.deepEqual([live, weights], [before.get(account)?.live, before.get(account)?.weights], account);
      assert.equal(held.length, account === USDA.name ? 1 : 0, account);
    }
  });

  it("leaves the accounts empty but for what it lists, and no namespace", async () => {
    await passes("destroy", "--yes", "--skip-preview");
    for (const { name } of EMULATED_ACCOUNTS)
      assert.equal(kubectl("get", "namespace", namespaceOf(name), "--ignore-not-found"), "");
    const { output } = await hms("account status --json");
    const { accounts } = JSON.parse(output.slice(output.indexOf("{"))) as AccountsDocument;
    assert.equal(accounts.length, EMULATED_ACCOUNTS.length);
    for (const { account, id, things } of accounts)
      assert.deepEqual(
        things.filter(({ note }) => !note.startsWith("deleted for good")).map(({ kind, name }) => `${kind} ${name}`),
        [
          ...["policy hms-deploy-boundary", "role hms-deploy"],
          ...["key alias/hms/state", "key alias/hms/registry", "key alias/hms/ledger", "key alias/hms/signing"],
          ...[`bucket hms-${account}-state-${id}`, `bucket hms-${account}-ledger-${id}`],
          `repository hms/${SERVICE}`,
          // Raised and lowered by people: no part of the stack.
          "parameter /hms/freeze/flag",
        ],
      );
  });
});
