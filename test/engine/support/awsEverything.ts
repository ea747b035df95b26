/** A program with one resource of every type that the stand-in has, as an account's baseline uses them. */
export const EVERYTHING = `
  const [iam, kms, ecr, s3, ssm, sm, cw, sns, dynamodb] =
    ["iam", "kms", "ecr", "s3", "ssm", "secretsmanager", "cloudwatch", "sns", "dynamodb"].map(aws);
  const trust = { Version: "2012-10-17", Statement: [
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } }] };
  const may = (action) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
  const tags = { Team: "policy" };

  const role = new iam.Role("role", { assumeRolePolicy: JSON.stringify(trust), description: process.env.DESCRIPTION ?? "one", tags }, opts);
  const policy = new iam.Policy("policy", { policy: may(process.env.ACTION ?? "s3:GetObject"), tags }, opts);
  new iam.RolePolicy("inline", { role: role.name, policy: may(["ecr:*", "kms:Sign"]) }, opts);
  new iam.RolePolicyAttachment("attached", { role: role.name, policyArn: policy.arn }, opts);
  new iam.OpenIdConnectProvider("oidc", { url: "https://issuer.example.gov/ci", clientIdLists: ["hms", "sts"],
    thumbprintLists: ["a".repeat(40)] }, opts);

  const key = new kms.Key("key", { description: "images", enableKeyRotation: true, deletionWindowInDays: 7, tags }, opts);
  const signing = new kms.Key("signing", { keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256",
    deletionWindowInDays: 7 }, opts);
  new kms.Alias("alias", { name: "alias/images", targetKeyId: key.keyId }, opts);

  const repository = new ecr.Repository("Images", { imageTagMutability: "IMMUTABLE", forceDelete: true, tags,
    imageScanningConfiguration: { scanOnPush: true }, encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key.arn }] }, opts);
  new ecr.RepositoryPolicy("pull", { repository: repository.name, policy: { Version: "2012-10-17", Statement: [
    { Sid: "pull", Effect: "Allow", Principal: "*", Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }] } }, opts);
  new ecr.LifecyclePolicy("old", { repository: repository.name, policy: JSON.stringify({ rules: [{ rulePriority: 1,
    description: "untagged", selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
    action: { type: "expire" } }] }) }, opts);
  new ecr.ReplicationConfiguration("replication", { replicationConfiguration: { rules: [
    { destinations: [{ region: "us-gov-east-1", registryId: "111111111111" }] }] } }, opts);
  new ecr.RegistryPolicy("registry", { policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "replicate", Effect: "Allow",
    Principal: { AWS: "arn:aws-us-gov:iam::222222222222:root" }, Action: ["ecr:ReplicateImage"],
    Resource: "arn:aws-us-gov:ecr:us-gov-west-1:111111111111:repository/*" }] }) }, opts);
  new ecr.RegistryScanningConfiguration("scanning", { scanType: "BASIC", rules: [
    { scanFrequency: "SCAN_ON_PUSH", repositoryFilters: [{ filter: "*", filterType: "WILDCARD" }] }] }, opts);

  const bucket = new s3.Bucket("Ledger", { objectLockEnabled: true, forceDestroy: true, tags }, opts);
  const plain = new s3.Bucket("plain", { bucketPrefix: "plain-", forceDestroy: true }, opts);
  new s3.BucketOwnershipControls("ownership", { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } }, opts);
  const closed = new s3.BucketPublicAccessBlock("closed", { bucket: bucket.bucket, blockPublicAcls: true, blockPublicPolicy: true,
    ignorePublicAcls: true, restrictPublicBuckets: true }, opts);
  const versioning = new s3.BucketVersioning("versioning", { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } }, opts);
  new s3.BucketServerSideEncryptionConfiguration("encryption", { bucket: bucket.bucket, rules: [{ bucketKeyEnabled: true,
    applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn } }] }, opts);
  new s3.BucketPolicy("tls", { bucket: bucket.bucket, policy: bucket.arn.apply((arn) => JSON.stringify({ Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [arn, arn + "/*"],
      Condition: { Bool: { "aws:SecureTransport": "false" } } }] })) }, { ...opts, dependsOn: closed });
  new s3.BucketObjectLockConfiguration("lock", { bucket: bucket.bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: 1 } } }, { ...opts, dependsOn: versioning });
  new s3.BucketLifecycleConfiguration("lifecycle", { bucket: plain.bucket, rules: [{ id: "replaced", status: "Enabled",
    filter: { prefix: "" }, noncurrentVersionExpiration: { noncurrentDays: 90 } }] }, opts);

  new ssm.Parameter("freeze", { name: "/hms/freeze", type: "String", value: '{"windows":[]}', tags }, { ...opts, ignoreChanges: ["value"] });
  new ssm.Parameter("secret", { name: "/hms/secret", type: "SecureString", value: "hushed-value-of-the-parameter" }, opts);
  const secret = new sm.Secret("secret", { description: "of nobody", recoveryWindowInDays: 0, tags }, opts);
  new sm.SecretVersion("version", { secretId: secret.id, secretString: "hushed-value-of-the-secret" }, opts);

  const group = new cw.LogGroup("group", { name: "/hms/switch", retentionInDays: 1096, kmsKeyId: key.arn, tags }, opts);
  new cw.LogMetricFilter("failures", { logGroupName: group.name, pattern: "failed", metricTransformation:
    { name: "Failures", namespace: "HMS", value: "1", defaultValue: "0" } }, opts);
  const topic = new sns.Topic("alarms", { displayName: "alarms", kmsMasterKeyId: key.arn, tags }, opts);
  new sns.TopicPolicy("publish", { arn: topic.arn, policy: topic.arn.apply((arn) => JSON.stringify({ Version: "2012-10-17", Statement: [
    { Effect: "Allow", Principal: { Service: "cloudwatch.amazonaws.com" }, Action: "sns:Publish", Resource: arn }] })) }, opts);
  new cw.MetricAlarm("restored", { alarmDescription: "restored", namespace: "HMS", metricName: "Restored", dimensions: { Account: "usda" },
    statistic: "Sum", period: 60, evaluationPeriods: 1, threshold: 1, comparisonOperator: "GreaterThanOrEqualToThreshold",
    treatMissingData: "notBreaching", alarmActions: [topic.arn], tags }, opts);
  const rule = new cw.EventRule("pushed", { eventPattern: JSON.stringify({ source: ["aws.ecr"], "detail-type": ["ECR Image Action"] }), tags }, opts);
  new cw.EventTarget("told", { rule: rule.name, targetId: "topic", arn: topic.arn }, opts);
  new dynamodb.Table("leases", { hashKey: "scope", attributes: [{ name: "scope", type: "S" }], billingMode: "PAY_PER_REQUEST",
    ttl: { enabled: true, attributeName: "expires" }, pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: key.arn }, tags }, opts);
  module.exports = { role: role.name, key: key.keyId, signing: signing.keyId, repository: repository.name, bucket: bucket.bucket,
    policy: policy.arn, topic: topic.arn, repositoryUrl: repository.repositoryUrl };
`;
