import type { S3Client } from "@aws-sdk/client-s3";
import type { Account } from "../../core/account/account";
import { sameDocument } from "../../core/account/bootstrap";
import { bucketPolicy, keyPolicy, policyText } from "../../core/account/documents";
import { bucketName, keyAlias } from "../../core/account/names";
import type { AwsSession } from "../../platform/aws/session";
import { orAbsent, pieceOf, type PieceToMake } from "./piece";

/** ARN of the key that an account's state is encrypted with; undefined where there is none, or one that is going. */
export async function stateKeyArn(session: AwsSession, signal: AbortSignal): Promise<string | undefined> {
  const kms = await import("@aws-sdk/client-kms");
  const described = await orAbsent(
    session
      .client(kms.KMSClient)
      .send(new kms.DescribeKeyCommand({ KeyId: keyAlias("state") }), { abortSignal: signal }),
    "NotFoundException",
  );
  const { Arn, KeyState } = described?.KeyMetadata ?? {};
  return KeyState === "PendingDeletion" ? undefined : Arn;
}

/** The key of the account's state. */
export async function stateKeyPiece(session: AwsSession, account: Account, signal: AbortSignal): Promise<PieceToMake> {
  const kms = await import("@aws-sdk/client-kms");
  const client = session.client(kms.KMSClient);
  const until = { abortSignal: signal };
  const AliasName = keyAlias("state");
  const Policy = policyText(keyPolicy(account, "state"));
  const PolicyName = "default";
  const KeyId = await stateKeyArn(session, signal);
  const differences: string[] = [];
  if (KeyId !== undefined) {
    const policy = await client.send(new kms.GetKeyPolicyCommand({ KeyId, PolicyName }), until);
    if (!sameDocument(policy.Policy, Policy)) differences.push("who keeps and uses it");
    const rotation = await client.send(new kms.GetKeyRotationStatusCommand({ KeyId }), until);
    if (rotation.KeyRotationEnabled !== true) differences.push("it is rotated every year");
  }
  const known = KeyId === undefined ? undefined : differences;
  return pieceOf(`key ${AliasName}`, "encrypts the engine's state and its secrets", known, async (abort) => {
    const stop = { abortSignal: abort };
    if (KeyId !== undefined) {
      await client.send(new kms.PutKeyPolicyCommand({ KeyId, PolicyName, Policy }), stop);
      await client.send(new kms.EnableKeyRotationCommand({ KeyId }), stop);
      return;
    }
    const { KeyMetadata } = await client.send(
      new kms.CreateKeyCommand({ Description: "State of the deliveries into this account", Policy }),
      stop,
    );
    const TargetKeyId = KeyMetadata?.KeyId;
    await client.send(new kms.EnableKeyRotationCommand({ KeyId: TargetKeyId }), stop);
    // Last: the key counts from here on, and a run that was cut short makes another one.
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId }), stop);
  });
}

/** The bucket of the account's state. */
export async function stateBucketPiece(
  session: AwsSession,
  account: Account,
  signal: AbortSignal,
): Promise<PieceToMake> {
  const s3 = await import("@aws-sdk/client-s3");
  const client = session.client(s3.S3Client);
  const Bucket = bucketName(account, "state");
  const exists = await orAbsent(
    client.send(new s3.HeadBucketCommand({ Bucket, ExpectedBucketOwner: account.id }), { abortSignal: signal }),
    "NotFound",
    "NoSuchBucket",
  );
  const wanted = settings(account);
  const open: Setting[] = [];
  if (exists !== undefined)
    for (const setting of wanted) if (!(await setting.isRight(client, Bucket, session, signal))) open.push(setting);
  const known = exists === undefined ? undefined : open.map(({ name }) => name);
  return pieceOf(`bucket ${Bucket}`, "keeps the engine's state, in all its versions", known, async (abort) => {
    if (exists === undefined) {
      const region = account.region as (typeof s3.BucketLocationConstraint)[keyof typeof s3.BucketLocationConstraint];
      // The one region that may not be named.
      const where = account.region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region } };
      await client.send(new s3.CreateBucketCommand({ Bucket, ...where }), { abortSignal: abort });
    }
    for (const setting of exists === undefined ? wanted : open) await setting.put(client, Bucket, session, abort);
  });
}

interface Setting {
  /** What becomes of it, for people. */
  readonly name: string;
  readonly isRight: (client: S3Client, Bucket: string, session: AwsSession, signal: AbortSignal) => Promise<boolean>;
  readonly put: (client: S3Client, Bucket: string, session: AwsSession, signal: AbortSignal) => Promise<unknown>;
}

const CLOSED = {
  ...{ BlockPublicAcls: true, BlockPublicPolicy: true },
  ...{ IgnorePublicAcls: true, RestrictPublicBuckets: true },
} as const;

const settings = (account: Account): readonly Setting[] => [
  {
    name: "nothing of it is public",
    isRight: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const command = new s3.GetPublicAccessBlockCommand({ Bucket });
      const now = await orAbsent(client.send(command, { abortSignal: signal }), "NoSuchPublicAccessBlockConfiguration");
      return Object.keys(CLOSED).every(
        (key) => now?.PublicAccessBlockConfiguration?.[key as keyof typeof CLOSED] === true,
      );
    },
    put: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const command = new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: CLOSED });
      return client.send(command, { abortSignal: signal });
    },
  },
  {
    name: "all versions are kept",
    isRight: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const now = await client.send(new s3.GetBucketVersioningCommand({ Bucket }), { abortSignal: signal });
      return now.Status === "Enabled";
    },
    put: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const VersioningConfiguration = { Status: "Enabled" } as const;
      return client.send(new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }), {
        abortSignal: signal,
      });
    },
  },
  {
    name: "everything is encrypted with the state's key",
    isRight: async (client, Bucket, session, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const command = new s3.GetBucketEncryptionCommand({ Bucket });
      const now = await orAbsent(
        client.send(command, { abortSignal: signal }),
        "ServerSideEncryptionConfigurationNotFoundError",
      );
      const [rule] = now?.ServerSideEncryptionConfiguration?.Rules ?? [];
      const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
      return SSEAlgorithm === "aws:kms" && KMSMasterKeyID === (await stateKeyArn(session, signal));
    },
    put: async (client, Bucket, session, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const KMSMasterKeyID = await stateKeyArn(session, signal);
      const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: "aws:kms", KMSMasterKeyID } as const;
      const Rules = [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled: true }];
      const ServerSideEncryptionConfiguration = { Rules };
      return client.send(new s3.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }), {
        abortSignal: signal,
      });
    },
  },
  {
    name: "by TLS and from this account alone",
    isRight: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const command = new s3.GetBucketPolicyCommand({ Bucket });
      const now = await orAbsent(client.send(command, { abortSignal: signal }), "NoSuchBucketPolicy");
      return sameDocument(now?.Policy, policyText(bucketPolicy(account, "state")));
    },
    put: async (client, Bucket, _, signal) => {
      const s3 = await import("@aws-sdk/client-s3");
      const command = new s3.PutBucketPolicyCommand({ Bucket, Policy: policyText(bucketPolicy(account, "state")) });
      return client.send(command, { abortSignal: signal });
    },
  },
];
