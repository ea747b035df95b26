import { arnOf } from "../../../core/aws/arn";
import { UNKNOWN, type Properties } from "../../../platform/rpc/values";
import { allowedAccounts } from "../../../policy/pulumi/rules/allowedAccounts";
import { encryption } from "../../../policy/pulumi/rules/encryption";
import { fipsInProduction } from "../../../policy/pulumi/rules/fipsInProduction";
import { immutableTags } from "../../../policy/pulumi/rules/immutableTags";
import { noPublicAccess } from "../../../policy/pulumi/rules/noPublicAccess";
import { partitionArns } from "../../../policy/pulumi/rules/partitionArns";
import { describeRule, type Wanted } from "./support";

const of = (type: string, inputs: Properties): Wanted => ({ type, inputs });
const provider = (inputs: Properties) => of("pulumi:providers:aws", inputs);
const ACCOUNTS = { usda: { id: "111111111111", region: "us-gov-west-1" } };
const gov = { config: { accounts: ACCOUNTS } };

const key = (partition: "aws" | "aws-us-gov") =>
  arnOf({ partition, service: "kms", account: "111111111111", resource: "key/k" });
const document = (resource: string) => JSON.stringify({ Statement: [{ Effect: "Allow", Resource: resource }] });
const policy = (text: string, region = "us-gov-west-1"): Wanted => ({
  ...of("aws:iam/policy:Policy", { policy: text }),
  provider: { type: "pulumi:providers:aws", inputs: { region } },
});

describeRule(partitionArns, {
  allows: {
    "ARNs of the provider's partition": [policy(document(key("aws-us-gov")))],
    "the same document in the commercial partition": [policy(document(key("aws")), "us-east-1")],
    "anything where no account says which partition it is": [
      of("kubernetes:core/v1:ConfigMap", { data: { k: key("aws") } }),
    ],
  },
  denies: {
    "an ARN of another partition inside a document": [
      policy(document(key("aws"))),
      /policy\.\(json\)\.Statement\.0\.Resource: got \S+ it is of the partition aws, and this is aws-us-gov/,
    ],
    "one in what is no resource of AWS, in a stack of GovCloud accounts": [
      of("kubernetes:core/v1:ConfigMap", { data: { k: key("aws") } }),
      /data\.k/,
      gov,
    ],
  },
  leavesOpen: { "a document": [policy(UNKNOWN)] },
});

describeRule(encryption, {
  allows: {
    "what names a key": [of("aws:cloudwatch/logGroup:LogGroup", { kmsKeyId: key("aws-us-gov") })],
    "a repository with KMS": [
      of("aws:ecr/repository:Repository", { encryptionConfigurations: [{ encryptionType: "KMS" }] }),
    ],
    "a bucket's KMS": [
      of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
      }),
    ],
    "a key that is rotated, and a key pair, which cannot be": [
      of("aws:kms/key:Key", { keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256" }),
    ],
  },
  denies: {
    "logs without a key": [of("aws:cloudwatch/logGroup:LogGroup", {}), /kmsKeyId: got nothing; .* must be encrypted/],
    "a repository as AWS makes it": [of("aws:ecr/repository:Repository", {}), /encryptionType: got nothing/],
    "a bucket's own kind": [
      of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
      }),
      /got "AES256"; allowed are aws:kms/,
    ],
    "a database in the clear": [of("aws:rds/instance:Instance", { storageEncrypted: false }), /got false/],
    "a key that is never rotated": [of("aws:kms/key:Key", {}), /enableKeyRotation: got nothing; allowed is true/],
  },
  leavesOpen: {
    "the key": [of("aws:sns/topic:Topic", { kmsMasterKeyId: UNKNOWN })],
    "a bucket's rules": [
      of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", { rules: UNKNOWN }),
    ],
  },
});

const shut = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const statement = (principal: unknown, condition?: unknown) =>
  of("aws:s3/bucketPolicy:BucketPolicy", {
    policy: JSON.stringify({
      Statement: [
        { Effect: "Allow", Principal: principal, ...(condition === undefined ? {} : { Condition: condition }) },
      ],
    }),
  });

describeRule(noPublicAccess, {
  allows: {
    "a bucket that is shut": [of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", shut)],
    "a policy for somebody": [statement({ AWS: "111111111111" })],
    "a policy for everybody whom a condition names": [
      statement("*", { StringEquals: { "aws:PrincipalOrgID": "o-1" } }),
    ],
    "a Service inside the cluster": [of("kubernetes:core/v1:Service", { spec: { ports: [] } })],
  },
  denies: {
    "a bucket that is half shut": [
      of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { ...shut, restrictPublicBuckets: false }),
      /restrictPublicBuckets: got false; allowed is true/,
    ],
    "a policy for everybody": [statement("*"), /statement 0 allows everybody/],
    "a policy for every principal": [statement({ AWS: ["*"] }), /statement 0 allows everybody/],
    "a public list": [of("aws:s3/bucket:Bucket", { acl: "public-read" }), /got "public-read"/],
    "a port for the world": [
      of("aws:ec2/securityGroup:SecurityGroup", { ingress: [{ cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] }] }),
      /open to 0\.0\.0\.0\/0/,
    ],
    "a cluster's public address": [
      of("aws:eks/cluster:Cluster", { vpcConfig: { endpointPublicAccess: true } }),
      /endpointPublicAccess/,
    ],
    "a public registry": [of("aws:ecrpublic/repository:Repository", {}), /a public registry/],
    "a door beside the gateway": [
      of("kubernetes:core/v1:Service", { spec: { type: "LoadBalancer" } }),
      /got "LoadBalancer"; allowed is ClusterIP/,
    ],
  },
  leavesOpen: {
    "a flag": [of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { ...shut, blockPublicAcls: UNKNOWN })],
    "a policy": [of("aws:s3/bucketPolicy:BucketPolicy", { policy: UNKNOWN })],
    "the kind of a Service": [of("kubernetes:core/v1:Service", { spec: { type: UNKNOWN } })],
  },
});

const repository = (inputs: Properties) => of("aws:ecr/repository:Repository", inputs);

describeRule(immutableTags, {
  allows: {
    "tags that stay": [repository({ imageTagMutability: "IMMUTABLE" })],
    "tags that stay but for signatures": [
      repository({
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "sha256-*", filterType: "WILDCARD" }],
      }),
    ],
  },
  denies: {
    "tags that move": [repository({ imageTagMutability: "MUTABLE" }), /got "MUTABLE"; allowed is "IMMUTABLE"/],
    "tags that move by default": [repository({}), /got nothing/],
    "other exceptions": [
      repository({
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "latest" }],
      }),
      /the one filter sha256-\*/,
    ],
  },
  leavesOpen: { it: [repository({ imageTagMutability: UNKNOWN })] },
});

describeRule(allowedAccounts, {
  allows: {
    "a registered account, as the engine writes it": [provider({ allowedAccountIds: '["111111111111"]' }), gov],
    "providers of other clouds": [of("pulumi:providers:kubernetes", {}), gov],
  },
  denies: {
    "an account that nobody registered": [
      provider({ allowedAccountIds: ["999999999999"] }),
      /got \["999999999999"\]; allowed are accounts of hms:accounts \(111111111111\)/,
      gov,
    ],
    "a provider that is bound to none": [provider({}), /allowedAccountIds: got nothing/, gov],
    "any in a stack without accounts": [
      provider({ allowedAccountIds: ["111111111111"] }),
      /none, for hms:accounts is empty/,
    ],
  },
  leavesOpen: { "which they are": [provider({ allowedAccountIds: UNKNOWN }), gov] },
});

const production = { production: true };
const emulated = { production: true, config: { aws: { endpoint: "http://127.0.0.1:4566" } } };

describeRule(fipsInProduction, {
  allows: {
    "FIPS endpoints": [provider({ useFipsEndpoint: "true" }), production],
    "others where it is not production": [provider({})],
    "the emulator that the stack names": [provider({ endpoints: '[{"s3":"http://127.0.0.1:4566"}]' }), emulated],
  },
  denies: {
    "other endpoints in production": [provider({}), /useFipsEndpoint: got nothing; allowed is true/, production],
    "an address that the stack does not name": [
      provider({ endpoints: '[{"s3":"http://127.0.0.1:4566"}]' }),
      /useFipsEndpoint/,
      production,
    ],
    "FIPS off beside an emulator that is not used": [provider({ useFipsEndpoint: "false" }), /got false/, emulated],
  },
  leavesOpen: { it: [provider({ useFipsEndpoint: UNKNOWN }), production] },
});
