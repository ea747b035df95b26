import { dnsSuffixOf, iamArn, rootArn } from "../aws/arn";
import { type Account, DEPLOY_SCOPE, roleArnOf } from "./account";
import { accountBucketArn, ALARM_TOPIC, type BucketPurpose, type KeyPurpose, regional, SIGNER_ROLE } from "./names";

/** A policy document as AWS reads it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | { readonly AWS: string | readonly string[] } | { readonly Service: string };
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export const policyDocument = (...statements: readonly Statement[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: statements,
});

/** Text of a document, for an argument that takes one. */
export const policyText = (document: PolicyDocument): string => JSON.stringify(document);

/** Everything that keeps a key, and nothing that uses one: neither decrypting nor signing. */
const KEEP_KEY = [
  ...["Create*", "Describe*", "Enable*", "List*", "Put*", "Update*", "Revoke*", "Disable*", "Get*", "Delete*"],
  ...["TagResource", "UntagResource", "ScheduleKeyDeletion", "CancelKeyDeletion"],
].map((action) => `kms:${action}`);
const USE_KEY = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/**
 * The policy of a key. The account keeps it; the deploy role uses it for what it is for alone, which the encryption
 * context says; only the signer's role signs.
 */
export function keyPolicy(account: Account, purpose: KeyPurpose): PolicyDocument {
  const keep: Statement = {
    Sid: "AccountKeepsTheKey",
    Effect: "Allow",
    Principal: { AWS: rootArn(account.partition, account.id) },
    Action: KEEP_KEY,
    Resource: "*",
  };
  return policyDocument(keep, ...usersOf(account, purpose));
}

function usersOf(account: Account, purpose: KeyPurpose): readonly Statement[] {
  const deploy = { AWS: roleArnOf(account) };
  const use = (Sid: string, Condition: NonNullable<Statement["Condition"]>): Statement => ({
    ...{ Sid, Effect: "Allow", Principal: deploy, Action: USE_KEY, Resource: "*", Condition },
  });
  const inBucket = (bucket: BucketPurpose): Statement =>
    use("DeployUsesItInItsBucket", {
      StringLike: {
        "kms:EncryptionContext:aws:s3:arn": [accountBucketArn(account, bucket), accountBucketArn(account, bucket, "*")],
      },
    });
  switch (purpose) {
    case "state":
      // The engine wraps each stack's secrets with it, and names no context.
      return [
        inBucket("state"),
        {
          ...{ Sid: "DeployWrapsSecrets", Effect: "Allow", Principal: deploy, Resource: "*" },
          Action: ["kms:Encrypt", "kms:Decrypt"],
        },
      ];
    case "ledger":
      return [inBucket("ledger"), logsUse(account), alarmsUse(account)];
    case "snapshots":
      return [inBucket("snapshots")];
    case "registry":
      return [
        use("DeployUsesItForImages", {
          StringEquals: { "kms:ViaService": `ecr.${account.region}.${dnsSuffixOf(account.partition)}` },
        }),
        {
          Sid: "DeployLetsTheRegistryUseIt",
          Effect: "Allow",
          Principal: deploy,
          Action: "kms:CreateGrant",
          Resource: "*",
          Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
        },
      ];
    case "signing":
      return [
        {
          Sid: "SignerSigns",
          Effect: "Allow",
          Principal: { AWS: iamArn(account.partition, account.id, `role/${SIGNER_ROLE}`) },
          Action: ["kms:Sign", "kms:Verify", "kms:GetPublicKey", "kms:DescribeKey"],
          Resource: "*",
        },
        {
          Sid: "AccountVerifies",
          Effect: "Allow",
          Principal: { AWS: rootArn(account.partition, account.id) },
          Action: ["kms:Verify", "kms:GetPublicKey"],
          Resource: "*",
        },
      ];
  }
}

const logsUse = (account: Account): Statement => ({
  Sid: "LogsAreEncrypted",
  Effect: "Allow",
  Principal: { Service: `logs.${account.region}.${dnsSuffixOf(account.partition)}` },
  Action: USE_KEY,
  Resource: "*",
  Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": regional(account, "logs", "log-group:/hms/*") } },
});

const alarmsUse = (account: Account): Statement => ({
  Sid: "AlarmsAreEncrypted",
  Effect: "Allow",
  Principal: { Service: `cloudwatch.${dnsSuffixOf(account.partition)}` },
  Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
  Resource: "*",
  Condition: { StringEquals: { "aws:SourceAccount": account.id } },
});

/** The policy of a bucket: encrypted ways alone, with the bucket's own key, and of this account alone. */
export function bucketPolicy(account: Account, purpose: BucketPurpose): PolicyDocument {
  const everything = [accountBucketArn(account, purpose), accountBucketArn(account, purpose, "*")];
  const deny = (Sid: string, Action: string, Condition: NonNullable<Statement["Condition"]>): Statement => ({
    ...{ Sid, Effect: "Deny", Principal: "*", Action, Condition },
    Resource: Action === "s3:*" ? everything : accountBucketArn(account, purpose, "*"),
  });
  return policyDocument(
    deny("OnlyByTls", "s3:*", { Bool: { "aws:SecureTransport": "false" } }),
    deny("OnlyFromThisAccount", "s3:*", {
      StringNotEquals: { "aws:PrincipalAccount": account.id },
      Bool: { "aws:PrincipalIsAWSService": "false" },
    }),
    deny("OnlyEncryptedByKms", "s3:PutObject", {
      StringNotEqualsIfExists: { "s3:x-amz-server-side-encryption": "aws:kms" },
    }),
  );
}

/** Who may take on the deploy role: `trusted`, with the external id, for a session whose tag says what it is for. */
export function deployTrust(trusted: readonly string[], externalId: string): PolicyDocument {
  return policyDocument({
    Sid: "DeliveryTakesItOn",
    Effect: "Allow",
    Principal: { AWS: trusted },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: { StringEquals: { "sts:ExternalId": externalId, "aws:RequestTag/hms:scope": DEPLOY_SCOPE } },
  });
}

/** Who may sign: whoever has taken on the deploy role for it, from a session of this account. */
export const signerTrust = (account: Account): PolicyDocument =>
  policyDocument({
    Sid: "DeliverySigns",
    Effect: "Allow",
    Principal: { AWS: roleArnOf(account) },
    Action: ["sts:AssumeRole", "sts:TagSession"],
  });

/** What the signer's role may do: sign with that key, and show its public half. */
export const signerPolicy = (key: string): PolicyDocument =>
  policyDocument({
    Sid: "Sign",
    Effect: "Allow",
    Action: ["kms:Sign", "kms:Verify", "kms:GetPublicKey", "kms:DescribeKey"],
    Resource: key,
  });

/** Who may ring: alarms of this account. */
export const alarmTopicPolicy = (account: Account): PolicyDocument =>
  policyDocument({
    Sid: "AlarmsRing",
    Effect: "Allow",
    Principal: { Service: `cloudwatch.${dnsSuffixOf(account.partition)}` },
    Action: "sns:Publish",
    Resource: regional(account, "sns", ALARM_TOPIC),
    Condition: { StringEquals: { "aws:SourceAccount": account.id } },
  });
