import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { foreignArns } from "../../core/aws/partitionLint";
import { neededByText } from "../../core/registry/inUse";
import type { AwsSession } from "../../platform/aws/session";
import { EcrStore } from "../../provider/registry/ecr";
import { applyPrune, decidePrune, type PruneCase } from "../../provider/registry/prune";
import { Moto } from "../support/moto";
import { digestOf } from "../support/ociRegistry";
import { awsProject, makeRole, providerOf, USDA } from "./support/awsProject";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const COMPONENT = join(__dirname, "../../components/accountRegistry.ts");

describe("the registry of an account", function () {
  this.timeout(180_000);
  let moto: Moto;
  let session: AwsSession;
  const project = awsProject();
  before(async () => {
    moto = await Moto.start();
    await makeRole(moto, USDA);
    session = await moto.session(USDA);
    await project.createStack();
  });
  after(async () => {
    project.remove();
    await moto.stop();
  });

  const ecr = async () => {
    const sdk = await import("@aws-sdk/client-ecr");
    return { sdk, client: session.client(sdk.ECRClient) };
  };
  const put = async (repositoryName: string, manifest: object, imageTag: string, type = MANIFEST): Promise<string> => {
    const { sdk, client } = await ecr();
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: type, ...manifest });
    const imageDigest = digestOf(imageManifest);
    const ask = { repositoryName, imageManifest, imageManifestMediaType: type, imageDigest, imageTag };
    await client.send(new sdk.PutImageCommand(ask));
    return imageDigest;
  };
  const image = (more: object = {}) => {
    const blob = () => ({ mediaType: "application/octet-stream", digest: digestOf(randomBytes(8)), size: 8 });
    return { config: blob(), layers: [blob()], ...more };
  };

  it("is made with tags that cannot move, encrypted, scanned, pulled by policy, and without a rule on releases", async () => {
    const place = `partition: "aws-us-gov", region: "us-gov-west-1"`;
    const other = `{ name: "epa", id: "222222222222", ${place}, role: "hms-deploy", clusters: {} }`;
    project.program(`
      const { AccountRegistry } = require(${JSON.stringify(COMPONENT)});
      ${providerOf(moto, USDA)}
      const key = new (aws("kms").Key)("key", {}, opts);
      const account = { name: "usda", id: "${USDA}", partition: "aws-us-gov", region: "us-gov-west-1" };
      new AccountRegistry("usda-registry", {
        account, key: key.arn, services: ["web"], pullers: [${other}], replicas: [${other}], sources: [${other}],
      }, { providers: { aws: provider } });`);
    const up = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "test");
    assert.equal(up.code, 0, up.text);
    const again = await project.pulumi("preview", "--expect-no-changes", "--stack", "test");
    assert.equal(again.code, 0, again.text);

    const { sdk, client } = await ecr();
    const { repositories = [] } = await client.send(new sdk.DescribeRepositoriesCommand({}));
    assert.deepEqual(repositories.map(({ repositoryName }) => repositoryName).sort(), ["hms/pr/web", "hms/web"]);
    for (const one of repositories) {
      assert.equal(one.imageTagMutability, "IMMUTABLE_WITH_EXCLUSION");
      assert.equal(one.encryptionConfiguration?.encryptionType, "KMS");
      assert.equal(one.imageScanningConfiguration?.scanOnPush, true);
    }
    const of = { repositoryName: "hms/web" };
    await assert.rejects(client.send(new sdk.GetLifecyclePolicyCommand(of)), sdk.LifecyclePolicyNotFoundException);
    const { policyText = "" } = await client.send(new sdk.GetRepositoryPolicyCommand(of));
    assert.match(policyText, /"arn:aws-us-gov:iam::222222222222:root"/);
    assert.deepEqual(foreignArns(JSON.parse(policyText), "aws-us-gov"), []);
    assert.doesNotMatch(policyText, /Put|Upload|Delete/);
  });

  it("moves no tag of a release, and takes another signature under the tag of the first", async () => {
    await put("hms/web", image(), "v0");
    await assert.rejects(put("hms/web", image(), "v0"), /already exists|ImageTagAlreadyExists/);
    const signatures = `sha256-${"a".repeat(64)}.sig`;
    await put("hms/web", image(), signatures);
    await put("hms/web", image(), signatures);
  });

  it("is pruned like any other: what is in use stays, with what it lists and what is about it", async () => {
    const digests: string[] = [];
    for (let number = 1; number <= 8; number++) {
      const child = await put("hms/web", image(), `amd64-${number}`);
      const digest = await put(
        "hms/web",
        { manifests: [{ mediaType: MANIFEST, digest: child, size: 1 }] },
        `v${number}`,
        INDEX,
      );
      await put("hms/web", image(), `${digest.replace(":", "-")}.sig`);
      digests.push(digest);
    }
    const prune: PruneCase = {
      shelves: [{ store: new EcrStore(session), repositories: ["web", "not-there"] }],
      needed: () => Promise.resolve([{ uses: neededByText(digests[0] ?? "", "live in epa"), tagged: [] }]),
      // moto knows the second of a push, and pushes are quicker: the ledger tells which came later.
      deployed: new Map(digests.map((digest, index) => [digest, new Date(Date.UTC(2100, 0, index + 1)).toISOString()])),
      keep: 5,
      now: new Date(),
      signal: new AbortController().signal,
    };
    const decisions = await decidePrune(prune);
    const going = decisions.filter(({ remove }) => remove);
    // The releases v0 (the first test's), v2 and v3; v2 and v3 with an image and a signature each.
    assert.deepEqual(going.flatMap(({ image: { tags } }) => tags.filter((tag) => tag.startsWith("v"))).sort(), [
      "v0",
      "v2",
      "v3",
    ]);
    assert.equal(going.length, 7);
    await applyPrune(prune, decisions, () => undefined);
    const { sdk, client } = await ecr();
    const { imageDetails = [] } = await client.send(new sdk.DescribeImagesCommand({ repositoryName: "hms/web" }));
    const left = imageDetails.flatMap(({ imageTags = [] }) => imageTags.filter((tag) => tag.startsWith("v")));
    assert.deepEqual(left.sort(), ["v1", "v4", "v5", "v6", "v7", "v8"]);
    assert.deepEqual(
      (await decidePrune(prune)).filter(({ remove }) => remove),
      [],
    );
  });
});
