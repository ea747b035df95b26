import {
  Bucket,
  BucketLifecycleConfiguration,
  BucketObjectLockConfiguration,
  BucketOwnershipControls,
  BucketPolicy,
  BucketPublicAccessBlock,
  BucketServerSideEncryptionConfiguration,
  BucketVersioning,
} from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import type { Account, LedgerLock } from "../core/account/account";
import { bucketPolicy, policyText } from "../core/account/documents";
import { bucketName, type BucketPurpose } from "../core/account/names";

export interface AccountBucketArgs {
  readonly account: Account;
  readonly purpose: Exclude<BucketPurpose, "state">;
  /** ARN of the key that everything in it is encrypted with. */
  readonly key: pulumi.Input<string>;
  /** How long nobody may change or delete what was put in. Absent: as long as nobody does. */
  readonly lock?: LedgerLock;
  /** Whether an earlier life of the stack has left it in the account. */
  readonly isThere?: boolean;
}

/** Days after which what was replaced or deleted is gone for good; what is locked is not. */
const GONE_AFTER = 90;

/**
 * A bucket of an account: nothing public, all versions kept, all encrypted with its own key, reached by TLS from its own
 * account alone. A locked one stays in the account when the stack is destroyed.
 */
export class AccountBucket extends pulumi.ComponentResource {
  readonly bucket: Bucket;

  constructor(name: string, args: AccountBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    const { account, purpose, key, lock, isThere = false } = args;
    const physical = bucketName(account, purpose);
    super("hms:delivery:AccountBucket", name, { bucket: physical }, opts);
    // A locked bucket cannot be emptied, so not deleted either: it and what protects it stay behind.
    const kept = lock === undefined ? {} : { retainOnDelete: true, ...(isThere ? { import: physical } : {}) };
    const child = { parent: this, ...kept };
    this.bucket = new Bucket(
      `${name}-bucket`,
      { bucket: physical, ...(lock === undefined ? {} : { objectLockEnabled: true }) },
      child,
    );
    const bucket = this.bucket.bucket;
    new BucketOwnershipControls(
      `${name}-ownership`,
      { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    );
    const closed = new BucketPublicAccessBlock(
      `${name}-public-access`,
      {
        ...{ bucket, blockPublicAcls: true, blockPublicPolicy: true },
        ...{ ignorePublicAcls: true, restrictPublicBuckets: true },
      },
      child,
    );
    const versioning = new BucketVersioning(
      `${name}-versioning`,
      { bucket, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    const byDefault = { sseAlgorithm: "aws:kms", kmsMasterKeyId: key };
    new BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      { bucket, rules: [{ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled: true }] },
      child,
    );
    new BucketPolicy(
      `${name}-policy`,
      { bucket, policy: policyText(bucketPolicy(account, purpose)) },
      // Together they are refused at times: one after the other.
      { ...child, dependsOn: closed },
    );
    if (lock === undefined) {
      const noncurrentVersionExpiration = { noncurrentDays: GONE_AFTER };
      new BucketLifecycleConfiguration(
        `${name}-lifecycle`,
        { bucket, rules: [{ id: "replaced", status: "Enabled", filter: { prefix: "" }, noncurrentVersionExpiration }] },
        { ...child, dependsOn: versioning },
      );
    } else {
      new BucketObjectLockConfiguration(
        `${name}-lock`,
        { bucket, rule: { defaultRetention: { mode: lock.mode.toUpperCase(), days: lock.days } } },
        { ...child, dependsOn: versioning },
      );
    }
    this.registerOutputs({ bucket });
  }
}
