/** AWS' partitions that the program knows. Identities, keys and endpoints of one are worth nothing in another. */
export const PARTITIONS = ["aws", "aws-us-gov", "aws-cn"] as const;
export type Partition = (typeof PARTITIONS)[number];

/** The parts of an ARN; this file alone knows how they are joined. */
export interface Arn {
  readonly partition: Partition;
  /** `iam`, `s3`, `kms`, … */
  readonly service: string;
  /** Empty for what has no region: IAM, S3 buckets. */
  readonly region: string;
  /** 12 digits, `aws` for what AWS itself owns, empty for S3 buckets. */
  readonly account: string;
  readonly resource: string;
}

const PREFIX = "arn";
const PATTERN = /^arn:(aws|aws-us-gov|aws-cn):([a-z0-9-]+|\*):([a-z0-9-]*|\*):(\d{12}|aws|\*|):([^\s]+)$/;

/** `arn:<partition>:<service>:<region>:<account>:<resource>`; region and account are empty unless they are given. */
export const arnOf = (
  parts: Pick<Arn, "partition" | "service" | "resource"> & Partial<Pick<Arn, "region" | "account">>,
): string =>
  [PREFIX, parts.partition, parts.service, parts.region ?? "", parts.account ?? "", parts.resource].join(":");

/** The parts of a text that is an ARN of a known partition; undefined for every other text. */
export function parseArn(text: string): Arn | undefined {
  const [, partition, service = "", region = "", account = "", resource = ""] = PATTERN.exec(text) ?? [];
  const known = PARTITIONS.find((one) => one === partition);
  return known === undefined ? undefined : { partition: known, service, region, account, resource };
}

/** The partition that a region is in: `us-gov-west-1` is in `aws-us-gov`. */
export function partitionOf(region: string): Partition {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/** What host names of a partition's services and registries end in. */
export const dnsSuffixOf = (partition: Partition): string =>
  partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";

/** A bucket, or with `key` what is in it (`*`: everything). */
export const bucketArn = (partition: Partition, bucket: string, key?: string): string =>
  arnOf({ partition, service: "s3", resource: key === undefined ? bucket : `${bucket}/${key}` });

/** A role, policy or other thing of IAM: `iamArn("aws-us-gov", "111111111111", "role/hms-deploy")`. */
export const iamArn = (partition: Partition, account: string, resource: string): string =>
  arnOf({ partition, service: "iam", account, resource });

/** Everybody of an account whom the account itself has given the right. */
export const rootArn = (partition: Partition, account: string): string => iamArn(partition, account, "root");
