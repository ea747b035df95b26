import assert from "node:assert/strict";
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListRolesCommand,
  TagRoleCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { KMSClient, DescribeKeyCommand } from "@aws-sdk/client-kms";
import { GetObjectLockConfigurationCommand, ListBucketsCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DeleteParameterCommand, DescribeParametersCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { ORGANIZATION_ROLE } from "../../platform/aws/emulator";
import type { AwsSession } from "../../platform/aws/session";
import { Moto } from "../support/moto";
import { awsProject, makeRole, providerOf, ROLE, USDA } from "./support/awsProject";

const EPA = "222222222222";
const TRUST = JSON.stringify({ Version: "2012-10-17", Statement: [] });

const PROGRAM = `
  const [iam, kms, s3, ssm] = ["iam", "kms", "s3", "ssm"].map(aws);
  const env = process.env;
  const may = (action) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
  const role = new iam.Role("deployer", { assumeRolePolicy: ${JSON.stringify(TRUST)}, path: env.ROLE_PATH || "/" }, opts);
  new iam.RolePolicy("inline", { role: role.name, name: "deploy", policy: may(env.ACTION || "s3:GetObject") }, opts);
  const key = new kms.Key("key", { deletionWindowInDays: 7, ...(env.SIGN && { keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256" }) }, opts);
  const bucket = new s3.Bucket("ledger", { objectLockEnabled: true, forceDestroy: true, tags: env.BAD_TAG ? { "aws:system": "x" } : { Team: "policy" } }, opts);
  new ssm.Parameter("freeze", { name: "/hms/freeze", type: "String", value: "{}" }, { ...opts, ignoreChanges: ["value"] });
  new ssm.Parameter("token", { name: "/hms/token", type: "SecureString", value: pulumi.secret("hushed-parameter") }, opts);
  module.exports = { role: role.name, key: key.keyId, bucket: bucket.bucket };
`;

describe("changes of AWS resources, under the engine, on the emulator", function () {
  this.timeout(240_000);
  const project = awsProject();
  let moto: Moto;
  let usda: AwsSession;
  const write = (body = PROGRAM, provider = providerOf(moto, USDA)) => {
    project.program(provider + body);
  };
  const output = async (name: string) => String((await project.outputs())[name]);
  const roles = async () => {
    const { Roles = [] } = await usda.client(IAMClient).send(new ListRolesCommand({}));
    return Roles.map(({ RoleName }) => RoleName).filter((name) => name !== ORGANIZATION_ROLE && name !== ROLE);
  };

  before(async () => {
    moto = await Moto.start();
    await makeRole(moto, USDA);
    await makeRole(moto, EPA);
    usda = await moto.session(USDA);
    await project.createStack();
  });
  after(async () => {
    project.remove();
    await moto.stop();
  });
  afterEach(() => {
    // Set to nothing: the program takes them for unset.
    for (const name of ["ROLE_PATH", "ACTION", "SIGN", "BAD_TAG"]) project.env[name] = "";
  });

  for (const [what, role, message] of [
    ["a role of another account", EPA, /AWS account ID not allowed: 222222222222 \(allowed: 111111111111\)/],
    [
      "a role of an account that has none",
      "333333333333",
      /AWS account ID not allowed: 333333333333 \(allowed: 111111111111\)/,
    ],
  ] as const)
    it(`stops before any write: ${what}`, async () => {
      write(PROGRAM, providerOf(moto, USDA, { role }));
      const up = await project.up();
      assert.notEqual(up.code, 0);
      assert.match(up.text, message);
      assert.deepEqual(await roles(), []);
    });

  it("stops before any write: a role that does not exist", async () => {
    write(PROGRAM, providerOf(moto, USDA).replace(`role/${ROLE}`, "role/nobody-made-it"));
    const up = await project.up();
    assert.notEqual(up.code, 0);
    assert.match(up.text, /account 111111111111 has no role arn:aws-us-gov:iam::111111111111:role\/nobody-made-it/);
    assert.deepEqual(await roles(), []);
  });

  for (const [what, body, message] of [
    ["a type", 'new (aws("sqs").Queue)("q", {}, opts);', "aws:sqs/queue:Queue is not covered by this stand-in"],
    ["an input", 'new (aws("s3").Bucket)("b", { acl: "private" }, opts);', "acl"],
    [
      "a nested input",
      'new (aws("ecr").Repository)("r", { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "k", more: 1 }] }, opts);',
      "encryptionConfigurations[0].more",
    ],
    [
      "a function",
      'module.exports = { zones: aws("getAvailabilityZones").getAvailabilityZonesOutput({}, opts).names };',
      "aws:index/getAvailabilityZones:getAvailabilityZones is not covered by this stand-in",
    ],
  ] as const)
    it(`refuses in the preview, by name: ${what}`, async () => {
      write(body);
      const preview = await project.pulumi("preview", "--stack", "test");
      assert.notEqual(preview.code, 0);
      assert.ok(preview.text.includes(message), `${message}\n--- not in ---\n${preview.text}`);
    });

  it("keeps what was half made in the state, and finishes it next time", async () => {
    write();
    project.env.BAD_TAG = "yes";
    const failed = await project.up();
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /ledger-[0-9a-f]{7} was made, and then: /);
    const half = project.resources().find(({ type }) => type === "aws:s3/bucket:Bucket");
    assert.ok(half?.id);
    project.env.BAD_TAG = "";
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.equal(await output("bucket"), half.id);
    const { Buckets = [] } = await usda.client(S3Client).send(new ListBucketsCommand({}));
    assert.deepEqual(
      Buckets.map(({ Name }) => Name),
      [half.id],
    );
  });

  it("keeps secrets out of the state file and of the display", async () => {
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.ok(!preview.text.includes("hushed-parameter"));
    assert.ok(!project.stateText().includes("hushed-parameter"));
  });

  it("shows and repairs what was changed by hand, also where the program says nothing", async () => {
    const RoleName = await output("role");
    const iam = usda.client(IAMClient);
    await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "by", Value: "hand" }] }));
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "deploy" }));
    await usda.client(SSMClient).send(new DeleteParameterCommand({ Name: "/hms/token" }));
    const preview = await project.pulumi("preview", "--refresh", "--diff", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /maxSessionDuration: 7200/);
    assert.match(preview.text, /by *: "hand"/);
    assert.match(preview.text, /\+aws:iam\/rolePolicy:RolePolicy|\+ aws:iam\/rolePolicy:RolePolicy/);
    const up = await project.up("--refresh");
    assert.equal(up.code, 0, up.text);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    assert.equal(Role?.MaxSessionDuration, 3600);
    assert.deepEqual(Role.Tags, [{ Key: "hms:managed-by", Value: "hms-delivery" }]);
    const again = await project.up("--refresh", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("leaves alone what it is told to ignore", async () => {
    await usda
      .client(SSMClient)
      .send(new PutParameterCommand({ Name: "/hms/freeze", Value: "by people", Overwrite: true }));
    const up = await project.up("--refresh");
    assert.equal(up.code, 0, up.text);
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    const parameter = project.resources().find(({ id }) => id === "/hms/freeze");
    assert.ok(parameter);
  });

  it("changes a document in place, and replaces what cannot change: the old key has its window, the role goes first", async () => {
    const [key, role] = [await output("key"), await output("role")];
    Object.assign(project.env, { ACTION: "s3:PutObject", SIGN: "yes", ROLE_PATH: "/hms/" });
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const { KeyMetadata } = await usda.client(KMSClient).send(new DescribeKeyCommand({ KeyId: key }));
    assert.equal(KeyMetadata?.KeyState, "PendingDeletion");
    assert.notEqual(await output("key"), key);
    assert.equal((await roles()).length, 1);
    assert.notEqual(await output("role"), role);
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("shows a changed default tag on everything that has tags", async () => {
    Object.assign(project.env, { ACTION: "s3:PutObject", SIGN: "yes", ROLE_PATH: "/hms/" });
    write(PROGRAM, providerOf(moto, USDA).replace('"hms:managed-by": "hms-delivery"', '"hms:managed-by": "somebody"'));
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.match(up.text, /~ 6 updated/);
    const { Role } = await usda.client(IAMClient).send(new GetRoleCommand({ RoleName: await output("role") }));
    assert.deepEqual(Role?.Tags, [{ Key: "hms:managed-by", Value: "somebody" }]);
  });

  it("takes over what is there, by import", async () => {
    Object.assign(project.env, { ACTION: "s3:PutObject", SIGN: "yes", ROLE_PATH: "/hms/" });
    await usda.client(IAMClient).send(
      new CreateRoleCommand({
        RoleName: "by-hand",
        AssumeRolePolicyDocument: TRUST,
        Tags: [{ Key: "hms:managed-by", Value: "hms-delivery" }],
      }),
    );
    write(
      `${PROGRAM}; new iam.Role("taken", { name: "by-hand", assumeRolePolicy: ${JSON.stringify(TRUST)} }, { ...opts, import: "by-hand" });`,
    );
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.match(up.text, /= 1 imported/);
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("leaves nothing behind, also of a locked bucket, but keys in their window", async () => {
    const Bucket = await output("bucket");
    const s3 = usda.client(S3Client);
    const lock = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
    assert.equal(lock.ObjectLockConfiguration?.ObjectLockEnabled, "Enabled");
    for (const Body of ["1", "2"])
      await s3.send(
        new PutObjectCommand({
          ...{ Bucket, Key: "entry", Body, ObjectLockMode: "GOVERNANCE" },
          ObjectLockRetainUntilDate: new Date(Date.now() + 86_400_000),
        }),
      );
    const destroy = await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test");
    assert.equal(destroy.code, 0, destroy.text);
    assert.deepEqual(await roles(), []);
    assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets ?? [], []);
    const { Parameters = [] } = await usda.client(SSMClient).send(new DescribeParametersCommand({}));
    assert.deepEqual(Parameters, []);
  });
});
