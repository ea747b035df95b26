import { AMBIENT_ACCOUNT, EMULATED_REGION } from "../../../platform/aws/emulator";
import { iamArn } from "../../../core/aws/arn";
import type { Moto } from "../../support/moto";
import { PluginProject } from "./pluginProject";

export const USDA = "111111111111";
export const ROLE = "hms-deploy";

/** The lines of a program that make a provider for an account, by a role of it, on a test's own emulator. */
export function providerOf(moto: Moto, account: string, { role = account, more = "" } = {}): string {
  const services = "cloudwatch,cloudwatchlogs,dynamodb,ecr,eks,eventbridge,iam,kms,s3,secretsmanager,sns,ssm,sts";
  const endpoints = JSON.stringify([
    Object.fromEntries(services.split(",").map((service) => [service, moto.endpoint])),
  ]);
  return `
    const provider = new (aws("provider").Provider)("account", {
      region: "${EMULATED_REGION}", allowedAccountIds: ["${account}"], endpoints: ${endpoints}, s3UsePathStyle: true,
      assumeRoles: [{ roleArn: "${iamArn("aws-us-gov", role, `role/${ROLE}`)}", sessionName: "engine-test" }],
      defaultTags: { tags: { "hms:managed-by": "hms-delivery" } }, ${more}
    });
    const opts = { provider };`;
}

export function awsProject(): PluginProject {
  const project = new PluginProject("aws", "7.48.0");
  project.env.AWS_ACCESS_KEY_ID = "emulated";
  project.env.AWS_SECRET_ACCESS_KEY = "emulated";
  return project;
}

/** Makes the role that programs of a test enter the account by. */
export async function makeRole(moto: Moto, account: string): Promise<void> {
  const { IAMClient, CreateRoleCommand } = await import("@aws-sdk/client-iam");
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: iamArn("aws-us-gov", AMBIENT_ACCOUNT, "root") },
      },
    ],
  };
  const client = (await moto.session(account)).client(IAMClient);
  await client.send(new CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument: JSON.stringify(trust) }));
}
