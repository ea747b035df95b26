import assert from "node:assert/strict";
import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateRoleCommand, IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { iamArn } from "../../core/aws/arn";
import { AMBIENT_ACCOUNT, EMULATED_ACCOUNTS, EMULATED_REGION, organizationRole } from "../../platform/aws/emulator";
import { openSession, type AwsSession, type SessionOptions } from "../../platform/aws/session";
import { proveRole } from "../../platform/roleProof";
import { Moto } from "../support/moto";

/** Credentials of a role, as a shell has them that has assumed it. */
async function assumed(session: AwsSession, arn: string) {
  const command = new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: "lee" });
  const { Credentials: given } = await session.client(STSClient).send(command);
  assert.ok(given);
  return given;
}

const USDA = "111111111111";
const EPA = "222222222222";

describe("a session in an AWS account, on the emulator", function () {
  this.timeout(180_000);
  let moto: Moto;
  const open = (options: Partial<SessionOptions>) =>
    openSession({ region: EMULATED_REGION, endpoint: moto.endpoint, ...options });
  const role = (account: string, name: string) => ({ arn: iamArn("aws-us-gov", account, `role/${name}`) });

  before(async () => {
    moto = await Moto.start();
  });
  after(() => moto.stop());

  it("is whoever asks, without a role", async () => {
    const session = await open({ expectedAccount: AMBIENT_ACCOUNT });
    assert.equal(session.account, AMBIENT_ACCOUNT);
    assert.deepEqual([session.partition, session.dnsSuffix], ["aws-us-gov", "amazonaws.com"]);
  });

  it("is in the role's account, and what it makes is there alone", async () => {
    const usda = await moto.session(USDA);
    assert.match(usda.arn, /:sts::111111111111:assumed-role\/OrganizationAccountAccessRole\/hms-delivery$/);
    await usda
      .client(IAMClient)
      .send(
        new CreateRoleCommand({ RoleName: "hms-deploy", AssumeRolePolicyDocument: JSON.stringify({ Statement: [] }) }),
      );
    const rolesOf = async (account: string) => {
      const { Roles = [] } = await (await moto.session(account)).client(IAMClient).send(new ListRolesCommand({}));
      return Roles.map(({ RoleName }) => RoleName);
    };
    assert.ok((await rolesOf(USDA)).includes("hms-deploy"));
    assert.ok(!(await rolesOf(EPA)).includes("hms-deploy"));
  });

  it("proves a role of the stack by who AWS says its caller is", async () => {
    const usda = await moto.session(USDA);
    const { SecretAccessKey = "", ...given } = await assumed(usda, organizationRole(USDA));
    const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] as const;
    const before = names.map((name) => [name, process.env[name]] as const);
    const values = [given.AccessKeyId, SecretAccessKey, given.SessionToken];
    for (const [index, name] of names.entries()) process.env[name] = values[index];
    try {
      const signal = new AbortController().signal;
      const reach = { endpoint: moto.endpoint, fips: false };
      const prove = (arn: string) =>
        proveRole(
          { aws: { region: EMULATED_REGION, roles: { [arn]: "Operator" } } },
          { env: {}, home: "", reach, hurry: false, signal },
        );
      const who = /^arn:aws-us-gov:sts::111111111111:assumed-role\/OrganizationAccountAccessRole\//;
      const proven = await prove(organizationRole(USDA));
      assert.deepEqual([proven?.proof, proven?.roles], ["aws", ["Operator"]]);
      assert.match(proven?.who ?? "", who);
      assert.deepEqual((await prove(organizationRole(EPA)))?.roles, []);
    } finally {
      for (const [name, value] of before)
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
    }
  });

  it("makes a client of each class once, and addresses buckets by path", async () => {
    const session = await moto.session(USDA);
    const client = session.client(S3Client);
    assert.equal(session.client(S3Client), client);
    assert.notEqual(session.client(S3Client, "us-gov-east-1"), client);
    await client.send(new CreateBucketCommand({ Bucket: "session-test" }));
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    assert.ok(Buckets.some(({ Name }) => Name === "session-test"));
  });

  it("refuses another account than expected, with both ids", async () => {
    await assert.rejects(open({ expectedAccount: USDA }), {
      name: "RefusedError",
      message: new RegExp(`are of account ${AMBIENT_ACCOUNT} .*account ${USDA} is meant: nothing was done`),
    });
    await assert.rejects(open({ role: { arn: organizationRole(EPA) }, expectedAccount: USDA }), {
      name: "RefusedError",
      message: new RegExp(`are of account ${EPA} .*account ${USDA} is meant: nothing was done`),
    });
  });

  it("refuses a role that does not exist, though the emulator lets it be assumed", async () => {
    await assert.rejects(open({ role: role(USDA, "nobody-made-it"), expectedAccount: USDA }), {
      name: "RefusedError",
      message:
        /account 111111111111 has no role arn:aws-us-gov:iam::111111111111:role\/nobody-made-it: nothing was done/,
    });
  });

  it("refuses FIPS together with an endpoint, and AWS itself without FIPS", async () => {
    await assert.rejects(open({ fips: true }), { message: /exclude each other/ });
    await assert.rejects(openSession({ region: EMULATED_REGION, fips: false }), { message: /leave fips out/ });
  });

  it("stops as a stop, not as a refusal", async () => {
    await assert.rejects(open({ role: { arn: organizationRole(USDA) }, signal: AbortSignal.abort() }), {
      name: "CancelledError",
    });
  });

  it("says that nobody answers, with the error's name", async () => {
    const refused = open({ endpoint: "http://127.0.0.1:1", role: { arn: organizationRole(USDA) } });
    await assert.rejects(refused, { name: "RefusedError", message: /cannot be assumed: .*ECONNREFUSED/ });
  });

  it("finds each emulated account founded", async () => {
    for (const { id } of EMULATED_ACCOUNTS) assert.equal((await moto.session(id)).account, id);
  });
});
