/** The package's functions that programs of ours ask. */
import { bucketArn } from "../../../core/aws/arn";
import { clusterToken } from "../../aws/clusterToken";
import { containsUnknown, reveal, secret, toProperties, type Properties, type Value } from "../../rpc";
import type { Account } from "./account";
import { tagMap, text, type Answer } from "./kind";
import type { ServiceName } from "./clients";
import { inWords } from "./services";

interface Asked {
  readonly args: Properties;
  readonly account: Account;
  readonly region: string;
  readonly call: (service: ServiceName, command: string, input: object) => Promise<Answer>;
}

type Result = Readonly<Record<string, Value | undefined>>;

export const FUNCTIONS: Readonly<Record<string, (asked: Asked) => Result | Promise<Result>>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": ({ account: { session } }) => ({
    ...{ id: session.account, accountId: session.account, arn: session.arn, userId: session.userId },
  }),

  "aws:index/getPartition:getPartition": ({ account: { session } }) => ({
    id: session.partition,
    partition: session.partition,
    dnsSuffix: session.dnsSuffix,
    reverseDnsPrefix: session.dnsSuffix.split(".").reverse().join("."),
  }),

  "aws:index/getRegion:getRegion": ({ args, account, region }) => {
    const name = text(args.name) === "" ? region : text(args.name);
    const endpoint = `ec2.${name}.${account.session.dnsSuffix}`;
    return { id: name, name, region: name, description: name, endpoint };
  },

  "aws:eks/getCluster:getCluster": async ({ args, region, call }) => {
    const answer = await call("eks", "DescribeCluster", { name: args.name });
    const of = (name: string) => answer(`cluster.${name}`);
    return {
      ...{ id: of("name"), name: of("name"), region, arn: of("arn"), status: of("status"), version: of("version") },
      ...{ endpoint: of("endpoint"), roleArn: of("roleArn"), createdAt: of("createdAt"), tags: of("tags") ?? {} },
      platformVersion: of("platformVersion") ?? "",
      certificateAuthorities: [{ data: of("certificateAuthority.data") ?? "" }],
      identities: [{ oidcs: [{ issuer: of("identity.oidc.issuer") ?? "" }] }],
    };
  },

  "aws:eks/getClusterAuth:getClusterAuth": async ({ args, account, region }) => {
    const token = secret(await clusterToken(account.session, text(args.name)));
    return { id: args.name, name: args.name, region, token };
  },

  "aws:ecr/getAuthorizationToken:getAuthorizationToken": async ({ args, account, region, call }) => {
    const answer = await call("ecr", "GetAuthorizationToken", {});
    const token = text(answer("authorizationData.0.authorizationToken"));
    const [userName = "", password = ""] = Buffer.from(token, "base64").toString("utf8").split(":");
    return {
      ...{ id: region, region, userName, password: secret(password), authorizationToken: secret(token) },
      ...{ expiresAt: answer("authorizationData.0.expiresAt"), registryId: args.registryId ?? account.session.account },
      proxyEndpoint: answer("authorizationData.0.proxyEndpoint"),
    };
  },

  "aws:ecr/getRepository:getRepository": async ({ args, region, call }) => {
    const answer = await call("ecr", "DescribeRepositories", {
      repositoryNames: [args.name],
      registryId: args.registryId,
    });
    const of = (name: string) => answer(`repositories.0.${name}`);
    const tags = await call("ecr", "ListTagsForResource", { resourceArn: of("repositoryArn") });
    return {
      ...{ id: of("repositoryName"), name: of("repositoryName"), arn: of("repositoryArn"), region },
      ...{ registryId: of("registryId"), repositoryUrl: of("repositoryUri"), tags: tagMap(tags("tags")) },
      imageTagMutability: of("imageTagMutability"),
      imageTagMutabilityExclusionFilters: of("imageTagMutabilityExclusionFilters") ?? [],
      imageScanningConfigurations: [{ scanOnPush: of("imageScanningConfiguration.scanOnPush") ?? false }],
      encryptionConfigurations: [
        {
          encryptionType: of("encryptionConfiguration.encryptionType") ?? "AES256",
          kmsKey: of("encryptionConfiguration.kmsKey") ?? "",
        },
      ],
      mostRecentImageTags: [],
    };
  },

  "aws:kms/getKey:getKey": async ({ args, region, call }) => {
    const answer = await call("kms", "DescribeKey", { KeyId: args.keyId, GrantTokens: args.grantTokens });
    const of = (name: string) => answer(`KeyMetadata.${name}`);
    return {
      ...{ id: of("KeyId"), keyId: args.keyId, arn: of("Arn"), awsAccountId: of("AWSAccountId"), region },
      ...{
        description: of("Description") ?? "",
        enabled: of("Enabled"),
        keyUsage: of("KeyUsage") ?? "ENCRYPT_DECRYPT",
      },
      ...{ keyManager: of("KeyManager"), keyState: of("KeyState"), multiRegion: of("MultiRegion") ?? false },
      ...{ keySpec: of("KeySpec"), customerMasterKeySpec: of("CustomerMasterKeySpec") ?? of("KeySpec") },
      ...{ origin: of("Origin"), creationDate: of("CreationDate"), deletionDate: of("DeletionDate") ?? "" },
    };
  },

  "aws:s3/getBucket:getBucket": async ({ args, account, region, call }) => {
    const name = text(args.bucket);
    await call("s3", "HeadBucket", { Bucket: name });
    const { partition, dnsSuffix } = account.session;
    return {
      ...{ id: name, bucket: name, arn: bucketArn(partition, name), region, bucketRegion: region },
      bucketDomainName: `${name}.s3.${dnsSuffix}`,
      bucketRegionalDomainName: `${name}.s3.${region}.${dnsSuffix}`,
    };
  },

  "aws:ssm/getParameter:getParameter": async ({ args, region, call }) => {
    const withDecryption = args.withDecryption ?? true;
    const answer = await call("ssm", "GetParameter", { Name: args.name, WithDecryption: withDecryption });
    const of = (name: string) => answer(`Parameter.${name}`);
    const value = text(of("Value"));
    return {
      ...{ id: args.name, name: args.name, region, arn: of("ARN"), type: of("Type"), version: of("Version") },
      ...{ withDecryption, value: secret(value), insecureValue: of("Type") === "SecureString" ? "" : value },
    };
  },
};

/** @throws Error that names the function, where it is not covered or AWS refuses to answer */
export async function invoke(
  token: string,
  args: Properties,
  account: Account,
  signal: AbortSignal,
): Promise<Properties> {
  const ask = FUNCTIONS[token];
  if (ask === undefined) throw new Error(`${token} is not covered by this stand-in of the aws plugin`);
  if (containsUnknown(args)) throw new Error(`${token}: its arguments must be known`);
  const plain = reveal(args);
  const region = typeof plain.region === "string" ? plain.region : account.settings.region;
  try {
    const call: Asked["call"] = (service, command, input) => account.call(service, [command, input], signal, region);
    return toProperties(await ask({ args: plain, account, region, call }));
  } catch (error) {
    throw new Error(`${token}: ${inWords(error).message}`, { cause: error });
  }
}
