import { bucketArn } from "../../../../core/aws/arn";
import { isProperties, type Properties, type Value } from "../../../rpc";
import { documentKind, listAt, POLICY, REPLACE, tagList, tagMap, TAGS, text, type Kind } from "../kind";
import { fromService, toService, type Shape } from "../shape";

const bucket: Kind = {
  service: "s3",
  name: {
    property: "bucket",
    prefix: "bucketPrefix",
    longest: 63,
    clean: (name) => name.toLowerCase().replace(/[^a-z0-9.-]/g, "-"),
  },
  identity: ["bucket"],
  inputs: {
    bucket: REPLACE,
    bucketPrefix: REPLACE,
    objectLockEnabled: { replace: true, default: false },
    forceDestroy: { default: false, local: true },
    tags: TAGS,
  },
  create: (wanted, { region }) => [
    "CreateBucket",
    {
      Bucket: wanted.bucket,
      ObjectLockEnabledForBucket: wanted.objectLockEnabled,
      ...(region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region } }),
    },
  ],
  id: (wanted) => wanted.bucket,
  late: ["tagsAll"],
  reads: [
    {
      command: "HeadBucket",
      input: (id) => ({ Bucket: id }),
      take: (_answer, { partition, region, dnsSuffix }, id) => ({
        bucket: id,
        arn: bucketArn(partition, id),
        bucketRegion: region,
        bucketDomainName: `${id}.s3.${dnsSuffix}`,
        bucketRegionalDomainName: `${id}.s3.${region}.${dnsSuffix}`,
      }),
    },
    {
      command: "GetObjectLockConfiguration",
      input: (id) => ({ Bucket: id }),
      take: (answer) => ({ objectLockEnabled: answer("ObjectLockConfiguration.ObjectLockEnabled") === "Enabled" }),
      unset: [/ObjectLockConfigurationNotFound/, { objectLockEnabled: false }],
    },
    {
      command: "GetBucketTagging",
      input: (id) => ({ Bucket: id }),
      take: (answer) => ({ tagsAll: tagMap(answer("TagSet")) }),
      unset: [/NoSuchTagSet/, { tagsAll: {} }],
    },
  ],
  changes: [
    {
      properties: ["tagsAll"],
      calls: (id, { tagsAll }) => {
        const tags = tagList(tagsAll);
        return [
          tags.length === 0
            ? ["DeleteBucketTagging", { Bucket: id }]
            : ["PutBucketTagging", { Bucket: id, Tagging: { TagSet: tags } }],
        ];
      },
    },
  ],
  async empty(id, { forceDestroy, objectLockEnabled }, call) {
    if (forceDestroy !== true) return;
    for (;;) {
      const page = await call(["ListObjectVersions", { Bucket: id }]);
      const objects = [...listAt(page, "Versions"), ...listAt(page, "DeleteMarkers")]
        .filter(isProperties)
        .map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length === 0) return;
      const deleted = await call([
        "DeleteObjects",
        {
          Bucket: id,
          Delete: { Objects: objects, Quiet: true },
          // A governance lock is for those who may not do this; a compliance lock holds, and fails the deletion.
          ...(objectLockEnabled === true ? { BypassGovernanceRetention: true } : {}),
        },
      ]);
      const [failed] = listAt(deleted, "Errors").filter(isProperties);
      if (failed !== undefined) throw new Error(`${id} cannot be emptied: ${text(failed.Key)}: ${text(failed.Code)}`);
    }
  },
  remove: (id) => [["DeleteBucket", { Bucket: id }]],
};

/** What belongs to a bucket: its id is the bucket's name. */
const part = (
  inputs: Kind["inputs"],
  calls: {
    readonly put: readonly [command: string, input: (wanted: Properties) => object];
    readonly get: readonly [
      command: string,
      take: (answer: (path: string) => Value | undefined) => Properties | undefined,
    ];
    readonly remove: readonly [command: string, input?: object];
  },
): Kind =>
  documentKind({
    service: "s3",
    of: "bucket",
    inputs,
    put: (id, wanted) => [calls.put[0], { Bucket: id, ...calls.put[1](wanted) }],
    read: {
      command: calls.get[0],
      input: (id) => ({ Bucket: id }),
      take(answer, _where, id) {
        const taken = calls.get[1](answer);
        return taken && { bucket: id, ...taken };
      },
    },
    remove: (id) => [calls.remove[0], { Bucket: id, ...calls.remove[1] }],
  });

const VERSIONING: Shape = { status: "Status", mfaDelete: "MFADelete" };
const ENCRYPTION: Shape = {
  bucketKeyEnabled: "BucketKeyEnabled",
  applyServerSideEncryptionByDefault: [
    "ApplyServerSideEncryptionByDefault",
    { sseAlgorithm: "SSEAlgorithm", kmsMasterKeyId: "KMSMasterKeyID" },
  ],
};
const LOCK_RULE: Shape = {
  defaultRetention: ["DefaultRetention", { mode: "Mode", days: "Days", years: "Years" }],
};
const EXPIRATION: Shape = { days: "Days", expiredObjectDeleteMarker: "ExpiredObjectDeleteMarker" };
const LIFECYCLE: Shape = {
  id: "ID",
  status: "Status",
  filter: ["Filter", { prefix: "Prefix", tag: ["Tag", { key: "Key", value: "Value" }] }],
  expiration: ["Expiration", EXPIRATION],
  transitions: ["Transitions", { days: "Days", storageClass: "StorageClass" }],
  noncurrentVersionExpiration: [
    "NoncurrentVersionExpiration",
    { noncurrentDays: "NoncurrentDays", newerNoncurrentVersions: "NewerNoncurrentVersions" },
  ],
  noncurrentVersionTransitions: [
    "NoncurrentVersionTransitions",
    {
      noncurrentDays: "NoncurrentDays",
      newerNoncurrentVersions: "NewerNoncurrentVersions",
      storageClass: "StorageClass",
    },
  ],
  abortIncompleteMultipartUpload: ["AbortIncompleteMultipartUpload", { daysAfterInitiation: "DaysAfterInitiation" }],
};

/** A bucket key that is off may be said or not. */
const encryptionRules = (rules: Value): Value =>
  Array.isArray(rules)
    ? rules.map((rule) => (isProperties(rule) ? { bucketKeyEnabled: false, ...rule } : rule))
    : rules;

/** Of two units of time one is zero, and may be missing. */
const lockRule = (rule: Value): Value => {
  const kept = isProperties(rule) && isProperties(rule.defaultRetention) ? rule.defaultRetention : {};
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== 0));
};

/** Without a filter, or with an empty one, a rule is for the whole bucket. */
const lifecycleRules = (rules: Value): Value =>
  Array.isArray(rules)
    ? rules.map((rule) => {
        if (!isProperties(rule)) return rule;
        const { filter, ...rest } = rule;
        const own = isProperties(filter) ? filter : {};
        return { ...rest, filter: own.tag === undefined ? { prefix: "", ...own } : own };
      })
    : rules;

export const S3: Readonly<Record<string, Kind>> = {
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketPolicy:BucketPolicy": part(
    { policy: POLICY },
    {
      put: ["PutBucketPolicy", ({ policy }) => ({ Policy: policy })],
      get: ["GetBucketPolicy", (answer) => ({ policy: answer("Policy") ?? "" })],
      remove: ["DeleteBucketPolicy"],
    },
  ),
  "aws:s3/bucketVersioning:BucketVersioning": {
    ...part(
      { versioningConfiguration: { shape: VERSIONING } },
      {
        put: [
          "PutBucketVersioning",
          ({ versioningConfiguration }) => ({
            VersioningConfiguration: toService(versioningConfiguration, VERSIONING),
          }),
        ],
        get: [
          "GetBucketVersioning",
          (answer) => ({ versioningConfiguration: { status: answer("Status") ?? "Disabled" } }),
        ],
        // It can be stopped, never undone.
        remove: ["PutBucketVersioning", { VersioningConfiguration: { Status: "Suspended" } }],
      },
    ),
    // A locked bucket keeps its versions.
    stays: /InvalidBucketState/,
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": part(
    { rules: { shape: ENCRYPTION, normal: encryptionRules } },
    {
      put: [
        "PutBucketEncryption",
        ({ rules }) => ({ ServerSideEncryptionConfiguration: { Rules: toService(rules, ENCRYPTION) } }),
      ],
      get: [
        "GetBucketEncryption",
        (answer) => ({ rules: fromService(answer("ServerSideEncryptionConfiguration.Rules"), ENCRYPTION) ?? [] }),
      ],
      remove: ["DeleteBucketEncryption"],
    },
  ),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": part(
    {
      blockPublicAcls: { default: false },
      blockPublicPolicy: { default: false },
      ignorePublicAcls: { default: false },
      restrictPublicBuckets: { default: false },
    },
    {
      put: [
        "PutPublicAccessBlock",
        (wanted) => ({
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: wanted.blockPublicAcls,
            BlockPublicPolicy: wanted.blockPublicPolicy,
            IgnorePublicAcls: wanted.ignorePublicAcls,
            RestrictPublicBuckets: wanted.restrictPublicBuckets,
          },
        }),
      ],
      get: [
        "GetPublicAccessBlock",
        (answer) => ({
          blockPublicAcls: answer("PublicAccessBlockConfiguration.BlockPublicAcls") ?? false,
          blockPublicPolicy: answer("PublicAccessBlockConfiguration.BlockPublicPolicy") ?? false,
          ignorePublicAcls: answer("PublicAccessBlockConfiguration.IgnorePublicAcls") ?? false,
          restrictPublicBuckets: answer("PublicAccessBlockConfiguration.RestrictPublicBuckets") ?? false,
        }),
      ],
      remove: ["DeletePublicAccessBlock"],
    },
  ),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": part(
    { rule: { shape: { objectOwnership: "ObjectOwnership" } } },
    {
      put: [
        "PutBucketOwnershipControls",
        ({ rule }) => ({
          OwnershipControls: { Rules: [toService(rule, { objectOwnership: "ObjectOwnership" })] },
        }),
      ],
      get: [
        "GetBucketOwnershipControls",
        (answer) => ({ rule: { objectOwnership: answer("OwnershipControls.Rules.0.ObjectOwnership") ?? "" } }),
      ],
      remove: ["DeleteBucketOwnershipControls"],
    },
  ),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": part(
    {
      objectLockEnabled: { replace: true, default: "Enabled" },
      rule: { shape: LOCK_RULE, normal: lockRule },
    },
    {
      put: [
        "PutObjectLockConfiguration",
        ({ rule, objectLockEnabled }) => ({
          ObjectLockConfiguration: {
            ObjectLockEnabled: objectLockEnabled,
            ...(rule === undefined ? {} : { Rule: toService(rule, LOCK_RULE) }),
          },
        }),
      ],
      get: [
        "GetObjectLockConfiguration",
        (answer) => {
          const rule = fromService(answer("ObjectLockConfiguration.Rule"), LOCK_RULE);
          return {
            objectLockEnabled: answer("ObjectLockConfiguration.ObjectLockEnabled") ?? "Enabled",
            ...(rule === undefined ? {} : { rule: { defaultRetention: lockRule(rule) } }),
          };
        },
      ],
      // A lock is never taken off; what comes in from now on is not locked by itself.
      remove: ["PutObjectLockConfiguration", { ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } }],
    },
  ),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": part(
    { rules: { shape: LIFECYCLE, normal: lifecycleRules } },
    {
      put: [
        "PutBucketLifecycleConfiguration",
        ({ rules }) => ({
          LifecycleConfiguration: { Rules: toService(lifecycleRules(rules ?? []), LIFECYCLE) },
        }),
      ],
      get: ["GetBucketLifecycleConfiguration", (answer) => ({ rules: fromService(answer("Rules"), LIFECYCLE) ?? [] })],
      remove: ["DeleteBucketLifecycle"],
    },
  ),
};
