/** AWS' own clients, by the services that this plugin knows; each is loaded when it is asked for. */
export const PACKAGES = {
  cloudwatch: () => import("@aws-sdk/client-cloudwatch"),
  dynamodb: () => import("@aws-sdk/client-dynamodb"),
  ecr: () => import("@aws-sdk/client-ecr"),
  eks: () => import("@aws-sdk/client-eks"),
  eventbridge: () => import("@aws-sdk/client-eventbridge"),
  iam: () => import("@aws-sdk/client-iam"),
  kms: () => import("@aws-sdk/client-kms"),
  logs: () => import("@aws-sdk/client-cloudwatch-logs"),
  s3: () => import("@aws-sdk/client-s3"),
  secretsmanager: () => import("@aws-sdk/client-secrets-manager"),
  sns: () => import("@aws-sdk/client-sns"),
  ssm: () => import("@aws-sdk/client-ssm"),
} as const;

export type ServiceName = keyof typeof PACKAGES;

/** Names of their classes. */
export const CLIENTS: Readonly<Record<ServiceName, string>> = {
  cloudwatch: "CloudWatchClient",
  dynamodb: "DynamoDBClient",
  ecr: "ECRClient",
  eks: "EKSClient",
  eventbridge: "EventBridgeClient",
  iam: "IAMClient",
  kms: "KMSClient",
  logs: "CloudWatchLogsClient",
  s3: "S3Client",
  secretsmanager: "SecretsManagerClient",
  sns: "SNSClient",
  ssm: "SSMClient",
};
