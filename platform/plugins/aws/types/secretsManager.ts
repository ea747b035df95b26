import { orNothing, REPLACE, retag, tagList, tagMap, TAGS, text, type Kind } from "../kind";

const secret: Kind = {
  service: "secretsmanager",
  name: { property: "name", prefix: "namePrefix", longest: 512 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    description: { default: "" },
    kmsKeyId: { default: "" },
    recoveryWindowInDays: { default: 30, local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateSecret",
    {
      Name: wanted.name,
      Description: orNothing(wanted.description),
      KmsKeyId: orNothing(wanted.kmsKeyId),
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (_wanted, answer) => answer("ARN"),
  reads: [
    {
      command: "DescribeSecret",
      input: (id) => ({ SecretId: id }),
      // In its recovery window it gives nothing away, so it is gone.
      take: (answer) =>
        answer("DeletedDate") === undefined
          ? {
              name: answer("Name"),
              arn: answer("ARN"),
              description: answer("Description") ?? "",
              kmsKeyId: answer("KmsKeyId") ?? "",
              tagsAll: tagMap(answer("Tags")),
            }
          : undefined,
    },
  ],
  changes: [
    {
      properties: ["description", "kmsKeyId"],
      calls: (id, { description, kmsKeyId }) => [
        ["UpdateSecret", { SecretId: id, Description: description, KmsKeyId: orNothing(kmsKeyId) }],
      ],
    },
    retag({ tag: "TagResource", untag: "UntagResource", keys: "TagKeys", of: (id) => ({ SecretId: id }) }),
  ],
  remove: (id, { recoveryWindowInDays }) => [
    [
      "DeleteSecret",
      recoveryWindowInDays === 0
        ? { SecretId: id, ForceDeleteWithoutRecovery: true }
        : { SecretId: id, RecoveryWindowInDays: recoveryWindowInDays ?? 30 },
    ],
  ],
};

/** `secret|version`. */
const versionParts = (id: string): { readonly SecretId: string; readonly VersionId: string } => {
  const bar = id.lastIndexOf("|");
  return { SecretId: id.slice(0, bar), VersionId: id.slice(bar + 1) };
};

const secretVersion: Kind = {
  service: "secretsmanager",
  inputs: { secretId: REPLACE, secretString: REPLACE },
  create: ({ secretId, secretString }) => ["PutSecretValue", { SecretId: secretId, SecretString: secretString }],
  id: ({ secretId }, answer) => `${text(secretId)}|${text(answer("VersionId"))}`,
  reads: [
    {
      command: "GetSecretValue",
      input: versionParts,
      take: (answer, _where, id) => ({
        ...{ secretId: versionParts(id).SecretId, secretString: answer("SecretString") },
        ...{ arn: answer("ARN"), secretArn: answer("ARN"), versionId: answer("VersionId") },
      }),
    },
  ],
  changes: [],
  // A version goes when a newer one has taken its place, or with its secret.
  remove: () => [],
};

export const SECRETS_MANAGER: Readonly<Record<string, Kind>> = {
  "aws:secretsmanager/secret:Secret": secret,
  "aws:secretsmanager/secretVersion:SecretVersion": secretVersion,
};
