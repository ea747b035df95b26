import type { KMSClient } from "@aws-sdk/client-kms";
import { type Account, DEPLOY_BOUNDARY } from "../../core/account/account";
import { boundaryArn } from "../../core/account/deployRole";
import {
  ALARM_TOPIC,
  bucketName,
  FREEZE_PATH,
  KEY_PURPOSES,
  keyAlias,
  LOG_GROUPS,
  logGroupName,
  regional,
  SIGNER_ROLE,
} from "../../core/account/names";
import { REPOSITORIES } from "../../core/registry/documents";
import type { AwsSession } from "../../platform/aws/session";
import { orAbsent } from "./piece";

/** One of this program's things in an account. */
export interface Thing {
  readonly kind: "policy" | "role" | "key" | "bucket" | "repository" | "log group" | "alarm" | "topic" | "parameter";
  readonly name: string;
  /** What is to be known of it: that it is locked, when it is gone. Empty: nothing. */
  readonly note: string;
}

/** Everything of this program's that is in an account, by the names that it gives. Changes nothing. */
export async function inventory(session: AwsSession, account: Account, signal: AbortSignal): Promise<readonly Thing[]> {
  const found: Thing[] = [];
  for (const look of [roles, keys, buckets, repositories, watch, parameters])
    found.push(...(await look(session, account, signal)));
  return found;
}

type Look = (session: AwsSession, account: Account, signal: AbortSignal) => Promise<readonly Thing[]>;

const roles: Look = async (session, account, signal) => {
  const iam = await import("@aws-sdk/client-iam");
  const client = session.client(iam.IAMClient);
  const until = { abortSignal: signal };
  const found: Thing[] = [];
  const PolicyArn = boundaryArn(account);
  if (await orAbsent(client.send(new iam.GetPolicyCommand({ PolicyArn }), until), "NoSuchEntityException"))
    found.push({ kind: "policy", name: DEPLOY_BOUNDARY, note: "" });
  for (const RoleName of [account.role, SIGNER_ROLE])
    if (await orAbsent(client.send(new iam.GetRoleCommand({ RoleName }), until), "NoSuchEntityException"))
      found.push({ kind: "role", name: RoleName, note: "" });
  return found;
};

const keys: Look = async (session, account, signal) => {
  const kms = await import("@aws-sdk/client-kms");
  const client = session.client(kms.KMSClient);
  const found: Thing[] = [];
  for (const purpose of KEY_PURPOSES) {
    const command = new kms.DescribeKeyCommand({ KeyId: keyAlias(purpose) });
    const known = await orAbsent(client.send(command, { abortSignal: signal }), "NotFoundException");
    if (known) found.push({ kind: "key", name: keyAlias(purpose), note: "" });
  }
  return [...found, ...(await going(client, account, signal))];
};

/** Keys in their deletion window: whoever deletes a key by mistake has until then. */
async function going(client: KMSClient, account: Account, signal: AbortSignal): Promise<readonly Thing[]> {
  const kms = await import("@aws-sdk/client-kms");
  const until = { abortSignal: signal };
  const found: Thing[] = [];
  for await (const { Keys = [] } of kms.paginateListKeys({ client }, {}))
    for (const { KeyId } of Keys) {
      const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }), until);
      if (KeyMetadata?.KeyState !== "PendingDeletion") continue;
      const { Tags = [] } = await client.send(new kms.ListResourceTagsCommand({ KeyId }), until);
      if (!Tags.some(({ TagKey, TagValue }) => TagKey === "hms:account" && TagValue === account.name)) continue;
      const on = KeyMetadata.DeletionDate?.toISOString().slice(0, 10) ?? "an unknown day";
      const name = `${KeyId ?? ""} (${KeyMetadata.Description ?? ""})`;
      found.push({ kind: "key", name, note: `deleted for good on ${on}; until then: aws kms cancel-key-deletion` });
    }
  return found;
}

const buckets: Look = async (session, account, signal) => {
  const s3 = await import("@aws-sdk/client-s3");
  const client = session.client(s3.S3Client);
  const found: Thing[] = [];
  for (const purpose of ["state", "ledger", "snapshots"] as const) {
    const Bucket = bucketName(account, purpose);
    const head = client.send(new s3.HeadBucketCommand({ Bucket }), { abortSignal: signal });
    if (!(await orAbsent(head, "NotFound", "NoSuchBucket"))) continue;
    const command = new s3.GetObjectLockConfigurationCommand({ Bucket });
    const lock = await orAbsent(
      client.send(command, { abortSignal: signal }),
      "ObjectLockConfigurationNotFoundError",
      "NoSuchObjectLockConfiguration",
    );
    const { Mode, Days } = lock?.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    const note = Mode === undefined ? "" : `locked: ${Mode.toLowerCase()}, ${String(Days)} days`;
    found.push({ kind: "bucket", name: Bucket, note });
  }
  return found;
};

/** Also of services that the stack has no more: what lies in them outlives both. */
const repositories: Look = async (session, _account, signal) => {
  const ecr = await import("@aws-sdk/client-ecr");
  const client = session.client(ecr.ECRClient);
  const until = { abortSignal: signal };
  const found: Thing[] = [];
  for await (const page of ecr.paginateDescribeRepositories({ client }, {}, until))
    for (const { repositoryName = "" } of page.repositories ?? []) {
      if (!repositoryName.startsWith(REPOSITORIES)) continue;
      let images = 0;
      for await (const { imageDetails = [] } of ecr.paginateDescribeImages({ client }, { repositoryName }, until))
        images += imageDetails.length;
      found.push({ kind: "repository", name: repositoryName, note: images === 0 ? "empty" : `images: ${images}` });
    }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
};

const watch: Look = async (session, account, signal) => {
  const [logs, cloudwatch, sns] = await Promise.all([
    import("@aws-sdk/client-cloudwatch-logs"),
    import("@aws-sdk/client-cloudwatch"),
    import("@aws-sdk/client-sns"),
  ]);
  const until = { abortSignal: signal };
  const found: Thing[] = [];
  for (const name of LOG_GROUPS.map(logGroupName)) {
    const command = new logs.DescribeLogGroupsCommand({ logGroupNamePrefix: name });
    const { logGroups = [] } = await session.client(logs.CloudWatchLogsClient).send(command, until);
    if (logGroups.some(({ logGroupName: one }) => one === name)) found.push({ kind: "log group", name, note: "" });
  }
  const described = new cloudwatch.DescribeAlarmsCommand({ AlarmNamePrefix: "hms-" });
  const { MetricAlarms = [] } = await session.client(cloudwatch.CloudWatchClient).send(described, until);
  for (const { AlarmName = "", StateValue } of MetricAlarms)
    found.push({ kind: "alarm", name: AlarmName, note: StateValue === "ALARM" ? "it rings" : "" });
  const topic = new sns.GetTopicAttributesCommand({ TopicArn: regional(account, "sns", ALARM_TOPIC) });
  if (await orAbsent(session.client(sns.SNSClient).send(topic, until), "NotFoundException", "NotFound"))
    found.push({ kind: "topic", name: ALARM_TOPIC, note: "" });
  return found;
};

const parameters: Look = async (session, _account, signal) => {
  const ssm = await import("@aws-sdk/client-ssm");
  const command = new ssm.GetParametersByPathCommand({ Path: FREEZE_PATH, Recursive: true });
  const { Parameters = [] } = await session.client(ssm.SSMClient).send(command, { abortSignal: signal });
  return Parameters.map(({ Name = "" }) => ({ kind: "parameter", name: Name, note: "" }));
};
