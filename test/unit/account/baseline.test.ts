import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { accountProvider } from "../../../components/accountProvider";
import { GovCloudAccount } from "../../../components/govCloudAccount";
import { type Account, type AwsReach, roleArnOf } from "../../../core/account/account";
import { deployBoundary, deployPolicy } from "../../../core/account/deployRole";
import { bucketPolicy, deployTrust, keyPolicy } from "../../../core/account/documents";
import { KEY_PURPOSES } from "../../../core/account/names";
import { arnOf, partitionOf } from "../../../core/aws/arn";
import { foreignAccounts, foreignArns } from "../../../core/aws/partitionLint";

/** What the component asks the engine for, as plain values. */
interface Seen {
  readonly name: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const accountIn = (region: string): Account => ({
  ...{ name: "usda", id: "111111111111", partition: partitionOf(region), region, role: "hms-deploy" },
  ...{ externalId: "hms-usda", state: "deployable", clusters: { main: { eks: "main" } } },
});

/** Everything that the account's component asks the engine for. */
async function rendered(account: Account, reach: AwsReach, others: readonly Account[] = []): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const inputs = args.inputs as Record<string, unknown>;
        seen.push({ name: args.name, type: args.type, inputs });
        const { partition, region, id } = account;
        const arn = arnOf({ partition, service: "test", region, account: id, resource: args.name });
        return { id: `${args.name}-id`, state: { arn, keyId: `${args.name}-id`, ...inputs } };
      },
      call: ({ token }) => {
        throw new Error(`${token} is not expected`);
      },
    },
    "hms",
    "prod",
  );
  const provider = accountProvider("hms-usda-provider", account, reach, "prod", {});
  const ledgerLock = { mode: "compliance", days: 1096 } as const;
  new GovCloudAccount("hms-usda", { account, reach, provider, ledgerLock, services: ["web"], others });
  await pulumi.runtime.disconnect();
  return seen;
}

const REAL: AwsReach = { fips: true };
const ofType = (seen: readonly Seen[], type: string) => seen.filter((one) => one.type === type);

describe("an account's baseline", () => {
  for (const region of ["us-gov-west-1", "us-east-1"]) {
    const account = accountIn(region);

    it(`in ${region} has no ARN of another partition and of no other account`, async () => {
      const seen = await rendered(account, REAL);
      assert.deepEqual(foreignArns(seen, account.partition), []);
      assert.deepEqual(foreignAccounts(seen, [account.id]), []);
      const other = account.partition === "aws" ? "aws-us-gov" : "aws";
      assert.ok(foreignArns(seen, other).length > 10, "the lint sees the ARNs that are there");
    });

    it(`in ${region} has a role and a state that are of its partition`, () => {
      const documents = [
        deployPolicy(account),
        deployBoundary(account),
        deployTrust([roleArnOf(account)], "x"),
        ...KEY_PURPOSES.map((purpose) => keyPolicy(account, purpose)),
        bucketPolicy(account, "state"),
      ];
      assert.deepEqual(foreignArns(documents, account.partition), []);
      for (const document of documents) assert.ok(JSON.stringify(document).length < 6144, "AWS takes no longer one");
    });
  }

  it("is reached by its own role, checked by its id, by FIPS endpoints", async () => {
    const [provider] = ofType(await rendered(accountIn("us-gov-west-1"), REAL), "pulumi:providers:aws");
    const inputs = provider?.inputs as Record<string, string>;
    assert.equal(inputs.region, "us-gov-west-1");
    assert.deepEqual(JSON.parse(inputs.allowedAccountIds ?? ""), ["111111111111"]);
    assert.equal(inputs.useFipsEndpoint, "true");
    assert.equal(inputs.endpoints, undefined);
    assert.deepEqual(JSON.parse(inputs.assumeRoles ?? ""), [
      {
        roleArn: "arn:aws-us-gov:iam::111111111111:role/hms-deploy",
        sessionName: "hms-prod",
        tags: { "hms:scope": "policy:deploy", "hms:stack": "prod", "hms:account": "usda" },
        externalId: "hms-usda",
      },
    ]);
  });

  it("is reached at the emulator without FIPS, where there is one", async () => {
    const endpoint = "http://127.0.0.1:4566";
    const seen = await rendered(accountIn("us-gov-west-1"), { endpoint, fips: false });
    const inputs = ofType(seen, "pulumi:providers:aws")[0]?.inputs as Record<string, string>;
    assert.equal(inputs.useFipsEndpoint, undefined);
    const [endpoints] = JSON.parse(inputs.endpoints ?? "") as Record<string, string>[];
    assert.deepEqual(new Set(Object.values(endpoints ?? {})), new Set([endpoint]));
  });

  it("keeps a key for each thing, the signing one for signatures alone", async () => {
    const keys = ofType(await rendered(accountIn("us-gov-west-1"), REAL), "aws:kms/key:Key");
    assert.deepEqual(
      keys.map(({ name, inputs }) => [name, inputs.keyUsage, inputs.customerMasterKeySpec, inputs.enableKeyRotation]),
      [
        ["hms-usda-key-registry", undefined, undefined, true],
        ["hms-usda-key-ledger", undefined, undefined, true],
        ["hms-usda-key-snapshots", undefined, undefined, true],
        ["hms-usda-key-signing", "SIGN_VERIFY", "ECC_NIST_P256", undefined],
      ],
    );
  });

  it("lets nobody who keeps keys sign with one", () => {
    const { Statement } = keyPolicy(accountIn("us-gov-west-1"), "signing");
    const signs = Statement.filter(({ Action }) => [Action].flat().some((action) => /^kms:(Sign|\*)$/.test(action)));
    assert.deepEqual(
      signs.map(({ Principal }) => Principal),
      [{ AWS: "arn:aws-us-gov:iam::111111111111:role/hms-signer" }],
    );
  });

  it("has buckets without a door to the public, encrypted by keys of their own, the ledger's locked", async () => {
    const seen = await rendered(accountIn("us-gov-west-1"), REAL);
    const buckets = ofType(seen, "aws:s3/bucket:Bucket").map(({ inputs }) => [inputs.bucket, inputs.objectLockEnabled]);
    assert.deepEqual(buckets.sort(), [
      ["hms-usda-ledger-111111111111", true],
      ["hms-usda-snapshots-111111111111", undefined],
    ]);
    for (const { inputs } of ofType(seen, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")) {
      const { bucket: _, ...flags } = inputs;
      assert.deepEqual(Object.values(flags), [true, true, true, true]);
    }
    const locks = ofType(seen, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration");
    assert.deepEqual(
      locks.map(({ inputs }) => inputs.rule),
      [{ defaultRetention: { mode: "COMPLIANCE", days: 1096 } }],
    );
    const policies = ofType(seen, "aws:s3/bucketPolicy:BucketPolicy");
    assert.equal(policies.length, 2);
    for (const { inputs } of policies) assert.match(String(inputs.policy), /aws:SecureTransport/);
  });

  it("has a registry whose tags stay, with the account's key, and no rule that takes a release away", async () => {
    const seen = await rendered(accountIn("us-gov-west-1"), REAL);
    const repositories = ofType(seen, "aws:ecr/repository:Repository").map(({ inputs }) => inputs);
    assert.deepEqual(
      repositories.map(({ name, forceDelete }) => [name, forceDelete]),
      [
        ["hms/web", undefined],
        ["hms/pr/web", true],
      ],
    );
    for (const { imageTagMutability, imageScanningConfiguration, encryptionConfigurations } of repositories) {
      assert.equal(imageTagMutability, "IMMUTABLE_WITH_EXCLUSION");
      assert.deepEqual(imageScanningConfiguration, { scanOnPush: true });
      const [{ encryptionType, kmsKey } = {}] = encryptionConfigurations as Record<string, string>[];
      assert.equal(encryptionType, "KMS");
      assert.match(kmsKey ?? "", /hms-usda-key-registry$/);
    }
    const rules = ofType(seen, "aws:ecr/lifecyclePolicy:LifecyclePolicy").map(({ inputs }) => inputs.repository);
    assert.deepEqual(rules, ["hms/pr/web"]);
    for (const type of ["repositoryPolicy:RepositoryPolicy", "replicationConfiguration:ReplicationConfiguration"])
      assert.deepEqual(ofType(seen, `aws:ecr/${type}`), [], "an account by itself shares its images with nobody");
  });

  it("lets the stack's other accounts pull by the roles that need it, and gives copies to those that are named", async () => {
    const usda: Account = { ...accountIn("us-gov-west-1"), replicateTo: ["doi"] };
    const other = (name: string, digit: string, more: Partial<Account> = {}): Account => ({
      ...{ ...accountIn("us-gov-west-1"), name, id: digit.repeat(12), clusters: {} },
      ...more,
    });
    const epa = other("epa", "2", { clusters: { main: { eks: "main", pullRole: "eks/nodes" } } });
    const doi = other("doi", "3", { replicateTo: ["usda"] });
    const seen = await rendered(usda, REAL, [epa, doi]);
    const [pull] = ofType(seen, "aws:ecr/repositoryPolicy:RepositoryPolicy");
    assert.equal(pull?.inputs.repository, "hms/web");
    const { Statement } = JSON.parse(String(pull.inputs.policy)) as { Statement: unknown[] };
    assert.deepEqual(Statement, [
      {
        Sid: "OtherAccountsPull",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws-us-gov:iam::222222222222:root", "arn:aws-us-gov:iam::333333333333:root"] },
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Condition: {
          ArnEquals: {
            "aws:PrincipalArn": [
              "arn:aws-us-gov:iam::222222222222:role/hms-deploy",
              "arn:aws-us-gov:iam::222222222222:role/eks/nodes",
              "arn:aws-us-gov:iam::333333333333:role/hms-deploy",
            ],
          },
        },
      },
    ]);
    const [copies] = ofType(seen, "aws:ecr/replicationConfiguration:ReplicationConfiguration");
    assert.deepEqual(copies?.inputs.replicationConfiguration, {
      rules: [
        {
          destinations: [{ registryId: "333333333333", region: "us-gov-west-1" }],
          repositoryFilters: [{ filter: "hms/web", filterType: "PREFIX_MATCH" }],
        },
      ],
    });
    const [taken] = ofType(seen, "aws:ecr/registryPolicy:RegistryPolicy");
    assert.match(
      String(taken?.inputs.policy),
      /"ecr:ReplicateImage".*:ecr:us-gov-west-1:111111111111:repository\/hms\/web"/,
    );
    assert.deepEqual(foreignAccounts(JSON.parse(String(taken?.inputs.policy)), ["111111111111", "333333333333"]), []);
  });

  it("has logs, alarms that ring, and a freeze that freezes nothing", async () => {
    const seen = await rendered(accountIn("us-gov-west-1"), REAL);
    const names = (type: string) => ofType(seen, type).map(({ inputs }) => inputs.name);
    assert.deepEqual(names("aws:cloudwatch/logGroup:LogGroup"), ["/hms/deploy", "/hms/switch"]);
    assert.deepEqual(names("aws:cloudwatch/metricAlarm:MetricAlarm"), ["hms-switch-restored", "hms-switch-failed"]);
    assert.deepEqual(names("aws:ssm/parameter:Parameter"), ["/hms/freeze/calendar"]);
    for (const { inputs } of ofType(seen, "aws:cloudwatch/metricAlarm:MetricAlarm"))
      assert.equal((inputs.alarmActions as unknown[]).length, 1);
  });
});
