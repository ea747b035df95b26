import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { FUNCTIONS } from "../../../platform/plugins/aws/functions";
import { KINDS } from "../../../platform/plugins/aws/types";
import { projectRoot } from "../../../platform/home";
import { CREATE_ONLY } from "./createOnly";

const MODULES = path.join(projectRoot(), "node_modules/@pulumi");

/** What a constructor of the published SDK takes and gives, read off its text. */
function published(token: string) {
  const [, file = ""] = /^aws:([^:]+):/.exec(token) ?? [];
  const text = fs.readFileSync(path.join(MODULES, "aws", `${file}.js`), "utf8");
  const lines = [...text.matchAll(/resourceInputs\["(\w+)"\] = (.*);/g)];
  const names = (of: (value: string) => boolean) =>
    new Set(lines.filter(([, , value = ""]) => of(value)).map(([, name = ""]) => name));
  return {
    token: /__pulumiType = '([^']+)'/.exec(text)?.[1],
    inputs: names((value) => /\bargs\b/.test(value)),
    all: names(() => true),
    required: [...text.matchAll(/Missing required property '(\w+)'/g)].map(([, name = ""]) => name),
  };
}

/** Type of CloudFormation, and our names of its properties where they differ. */
const NATIVE: Readonly<Record<string, readonly [type: string, names: Readonly<Record<string, string>>]>> = {
  "aws:iam/role:Role": ["AWS::IAM::Role", { roleName: "name" }],
  "aws:iam/policy:Policy": ["AWS::IAM::ManagedPolicy", { managedPolicyName: "name" }],
  "aws:iam/rolePolicy:RolePolicy": ["AWS::IAM::RolePolicy", { policyName: "name", roleName: "role" }],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ["AWS::IAM::OIDCProvider", {}],
  "aws:kms/key:Key": ["AWS::KMS::Key", {}],
  "aws:kms/alias:Alias": ["AWS::KMS::Alias", { aliasName: "name" }],
  "aws:ecr/repository:Repository": [
    "AWS::ECR::Repository",
    { encryptionConfiguration: "encryptionConfigurations", repositoryName: "name" },
  ],
  "aws:s3/bucket:Bucket": ["AWS::S3::Bucket", { bucketName: "bucket", bucketNamePrefix: "bucketPrefix" }],
  "aws:s3/bucketPolicy:BucketPolicy": ["AWS::S3::BucketPolicy", {}],
  "aws:ssm/parameter:Parameter": ["AWS::SSM::Parameter", {}],
  "aws:secretsmanager/secret:Secret": ["AWS::SecretsManager::Secret", {}],
  "aws:cloudwatch/logGroup:LogGroup": ["AWS::Logs::LogGroup", { logGroupName: "name" }],
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": ["AWS::Logs::MetricFilter", { filterName: "name" }],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["AWS::CloudWatch::Alarm", { alarmName: "name" }],
  "aws:cloudwatch/eventRule:EventRule": ["AWS::Events::Rule", {}],
  "aws:sns/topic:Topic": ["AWS::SNS::Topic", { topicName: "name" }],
  "aws:dynamodb/table:Table": ["AWS::DynamoDB::Table", { tableName: "name" }],
};

/** Replaced here and not by CloudFormation's list: why. `region` and name prefixes are the SDK's own notions. */
const REPLACED_HERE: Readonly<Record<string, string>> = {
  "aws:kms/key:Key keyUsage": "KMS has no call that changes it",
  "aws:kms/key:Key customerMasterKeySpec": "KMS has no call that changes it",
  "aws:kms/key:Key multiRegion": "KMS has no call that changes it",
  "aws:s3/bucket:Bucket objectLockEnabled":
    "the published plugin replaces; S3 turns it on for an existing bucket, never off",
  "aws:cloudwatch/eventRule:EventRule eventBusName": "EventBridge knows a rule by its bus and name",
  "aws:cloudwatch/logGroup:LogGroup logGroupClass": "CloudWatch Logs has no call that changes it",
  "aws:dynamodb/table:Table hashKey": "CloudFormation replaces for it too, but lists it as conditional",
  "aws:dynamodb/table:Table rangeKey": "CloudFormation replaces for it too, but lists it as conditional",
  "aws:dynamodb/table:Table attributes": "without indexes, attributes are the keys",
};

describe("the table of the aws stand-in", () => {
  for (const [token, kind] of Object.entries(KINDS)) {
    it(`${token} takes nothing that the published type does not have, and all that it requires`, () => {
      const sdk = published(token);
      assert.equal(sdk.token, token);
      const ours = Object.keys(kind.inputs);
      assert.deepEqual(
        ours.filter((name) => !sdk.inputs.has(name)),
        [],
        "inputs that the published type has not",
      );
      assert.deepEqual(
        sdk.required.filter((name) => !ours.includes(name)),
        [],
        "required inputs that are not covered",
      );
      assert.equal(sdk.inputs.has("region"), kind.global !== true);
      assert.equal(sdk.all.has("tagsAll"), ours.includes("tags"));
    });

    it(`${token} can change, or replaces for, each of its inputs`, () => {
      const changed = new Set(kind.changes.flatMap(({ properties }) => properties));
      const stuck = Object.entries(kind.inputs).filter(
        ([name, { replace, local }]) => name !== "tags" && replace !== true && local !== true && !changed.has(name),
      );
      assert.deepEqual(
        stuck.map(([name]) => name),
        [],
      );
    });
  }

  for (const [token, [type, names]] of Object.entries(NATIVE)) {
    it(`${token} is replaced for what CloudFormation replaces it for`, () => {
      const kind = KINDS[token];
      assert.ok(kind);
      const prefix = kind.name?.prefix;
      const replaced = new Set(Object.entries(kind.inputs).flatMap(([name, { replace }]) => (replace ? [name] : [])));
      const listed = (CREATE_ONLY[type] ?? []).map((name) => names[name] ?? name);
      const covered = listed.filter((name) => name in kind.inputs);
      assert.deepEqual(
        covered.filter((name) => !replaced.has(name)),
        [],
        "replaced by CloudFormation alone",
      );
      assert.deepEqual(
        [...replaced].filter(
          (name) => !covered.includes(name) && name !== prefix && !REPLACED_HERE[`${token} ${name}`],
        ),
        [],
        "replaced here alone, without a reason",
      );
    });
  }

  it("has functions of the published package alone", () => {
    for (const token of Object.keys(FUNCTIONS)) {
      const [, file = ""] = /^aws:([^:]+):/.exec(token) ?? [];
      const text = fs.readFileSync(path.join(MODULES, "aws", `${file.replace(/^index\//, "")}.js`), "utf8");
      assert.ok(text.includes(`"${token}"`), token);
    }
  });

  it("is what its README says", () => {
    const readme = fs.readFileSync(path.join(projectRoot(), "platform/plugins/aws/README.md"), "utf8");
    const types = Object.keys(KINDS).map((token) => token.replace(/^aws:([^/]+)\/[^:]+:(.+)$/, "$1.$2"));
    const [table = ""] = readme.split("Functions:");
    const written = [...table.matchAll(/`(\w+\.\w+)`/g)].map(([, name = ""]) => name);
    assert.deepEqual(written.sort(), types.sort());
    for (const token of Object.keys(FUNCTIONS)) {
      const name = token.replace(
        /^aws:(?:index\/)?(?:(\w+)\/)?\w+:(\w+)$/,
        (_, of: string | undefined, call: string) => (of === undefined ? call : `${of}.${call}`),
      );
      assert.ok(readme.includes(`\`${name}\``), name);
    }
  });
});
