/**
 * What CloudFormation makes a resource anew for when it changes: `createOnlyProperties` of its resource types' schemas, as
 * of November 2026, by their own names in the first letter's case of the SDKs. Facts and not the package of a provider that
 * has them: the engine looks for the plugin of every package in node_modules, and asks the network for one that is missing,
 * in each command.
 */
export const CREATE_ONLY: Readonly<Record<string, readonly string[]>> = {
  "AWS::IAM::Role": ["path", "roleName"],
  "AWS::IAM::ManagedPolicy": ["description", "managedPolicyName", "path"],
  "AWS::IAM::RolePolicy": ["policyName", "roleName"],
  "AWS::IAM::OIDCProvider": ["url"],
  "AWS::KMS::Key": [],
  "AWS::KMS::Alias": ["aliasName"],
  "AWS::ECR::Repository": ["encryptionConfiguration", "repositoryName"],
  "AWS::S3::Bucket": ["bucketName", "bucketNamePrefix", "bucketNamespace"],
  "AWS::S3::BucketPolicy": ["bucket"],
  "AWS::SSM::Parameter": ["name"],
  "AWS::SecretsManager::Secret": ["name"],
  "AWS::Logs::LogGroup": ["logGroupName"],
  "AWS::Logs::MetricFilter": ["filterName", "logGroupName"],
  "AWS::CloudWatch::Alarm": ["alarmName"],
  "AWS::Events::Rule": ["name"],
  "AWS::SNS::Topic": ["fifoTopic", "topicName"],
  "AWS::DynamoDB::Table": ["importSourceSpecification", "tableName"],
};
