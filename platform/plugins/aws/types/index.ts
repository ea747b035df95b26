/** Every type that this plugin has, by its token. README.md lists them; a test holds the two together. */
import type { Kind } from "../kind";
import { CLOUD_WATCH } from "./cloudWatch";
import { DYNAMO_DB } from "./dynamoDb";
import { ECR } from "./ecr";
import { EVENTS } from "./events";
import { IAM } from "./iam";
import { KMS } from "./kms";
import { S3 } from "./s3";
import { SECRETS_MANAGER } from "./secretsManager";
import { SNS } from "./sns";
import { SSM } from "./ssm";

export const KINDS: Readonly<Record<string, Kind>> = {
  ...CLOUD_WATCH,
  ...DYNAMO_DB,
  ...ECR,
  ...EVENTS,
  ...IAM,
  ...KMS,
  ...S3,
  ...SECRETS_MANAGER,
  ...SNS,
  ...SSM,
};
