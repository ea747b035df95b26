import { arnOf } from "../../../../core/aws/arn";
import { isProperties } from "../../../rpc";
import { listAt, REPLACE, retag, tagList, tagMap, TAGS, text, type Kind, type TagStyle } from "../kind";

const TAG_KEY: TagStyle = ["TagKey", "TagValue"];

const key: Kind = {
  service: "kms",
  inputs: {
    description: { default: "" },
    keyUsage: { replace: true, default: "ENCRYPT_DECRYPT" },
    customerMasterKeySpec: { replace: true, default: "SYMMETRIC_DEFAULT" },
    multiRegion: { replace: true, default: false },
    policy: { document: "policy", computed: true },
    enableKeyRotation: { default: false },
    isEnabled: { default: true },
    deletionWindowInDays: { local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateKey",
    {
      Description: wanted.description,
      KeyUsage: wanted.keyUsage,
      KeySpec: wanted.customerMasterKeySpec,
      MultiRegion: wanted.multiRegion,
      Policy: wanted.policy,
      Tags: tagList(wanted.tagsAll, TAG_KEY),
    },
  ],
  id: (_wanted, answer) => answer("KeyMetadata.KeyId"),
  late: ["enableKeyRotation", "isEnabled"],
  reads: [
    {
      command: "DescribeKey",
      input: (id) => ({ KeyId: id }),
      // In its deletion window it is lost to everybody, so it is gone.
      take: (answer) =>
        answer("KeyMetadata.KeyState") === "PendingDeletion"
          ? undefined
          : {
              keyId: answer("KeyMetadata.KeyId"),
              arn: answer("KeyMetadata.Arn"),
              description: answer("KeyMetadata.Description") ?? "",
              keyUsage: answer("KeyMetadata.KeyUsage") ?? "ENCRYPT_DECRYPT",
              customerMasterKeySpec: answer("KeyMetadata.KeySpec") ?? answer("KeyMetadata.CustomerMasterKeySpec"),
              multiRegion: answer("KeyMetadata.MultiRegion") ?? false,
              isEnabled: answer("KeyMetadata.Enabled"),
            },
    },
    {
      command: "GetKeyPolicy",
      input: (id) => ({ KeyId: id, PolicyName: "default" }),
      take: (answer) => ({ policy: answer("Policy") }),
    },
    {
      command: "GetKeyRotationStatus",
      input: (id) => ({ KeyId: id }),
      take: (answer) => ({ enableKeyRotation: answer("KeyRotationEnabled") ?? false }),
      unset: [/UnsupportedOperation/, { enableKeyRotation: false }],
    },
    {
      command: "ListResourceTags",
      input: (id) => ({ KeyId: id }),
      take: (answer) => ({ tagsAll: tagMap(answer("Tags"), TAG_KEY) }),
    },
  ],
  changes: [
    {
      properties: ["isEnabled"],
      calls: (id, { isEnabled }) => [[isEnabled === false ? "DisableKey" : "EnableKey", { KeyId: id }]],
    },
    {
      properties: ["enableKeyRotation"],
      calls: (id, { enableKeyRotation }) => [
        [enableKeyRotation === true ? "EnableKeyRotation" : "DisableKeyRotation", { KeyId: id }],
      ],
    },
    {
      properties: ["description"],
      calls: (id, { description }) => [["UpdateKeyDescription", { KeyId: id, Description: description }]],
    },
    {
      properties: ["policy"],
      calls: (id, { policy }) => [["PutKeyPolicy", { KeyId: id, PolicyName: "default", Policy: policy }]],
    },
    retag({ tag: "TagResource", untag: "UntagResource", keys: "TagKeys", style: TAG_KEY, of: (id) => ({ KeyId: id }) }),
  ],
  remove: (id, { deletionWindowInDays }) => [
    ["ScheduleKeyDeletion", { KeyId: id, PendingWindowInDays: deletionWindowInDays ?? 30 }],
  ],
};

/** A key by its id, also where the program names it by its ARN. */
const bareId = (value: unknown): string => text(typeof value === "string" ? value : undefined).replace(/^.*:key\//, "");

const alias: Kind = {
  service: "kms",
  name: { property: "name", prefix: "namePrefix", longest: 256, clean: (name) => `alias/${name}` },
  identity: ["name"],
  inputs: { name: REPLACE, namePrefix: REPLACE, targetKeyId: { normal: bareId } },
  create: ({ name, targetKeyId }) => ["CreateAlias", { AliasName: name, TargetKeyId: targetKeyId }],
  id: (wanted) => wanted.name,
  reads: [
    {
      command: "ListAliases",
      input: () => ({ Limit: 100 }),
      take(answer, { partition, region, account }, id) {
        const found = listAt(answer, "Aliases")
          .filter(isProperties)
          .find((one) => one.AliasName === id);
        if (found === undefined) return undefined;
        const arn = text(found.AliasArn);
        const target = text(found.TargetKeyId);
        return {
          name: id,
          arn,
          targetKeyId: target,
          targetKeyArn: arnOf({ partition, service: "kms", region, account, resource: `key/${target}` }),
        };
      },
    },
  ],
  changes: [
    {
      properties: ["targetKeyId"],
      calls: (id, { targetKeyId }) => [["UpdateAlias", { AliasName: id, TargetKeyId: targetKeyId }]],
    },
  ],
  remove: (id) => [["DeleteAlias", { AliasName: id }]],
};

export const KMS: Readonly<Record<string, Kind>> = { "aws:kms/key:Key": key, "aws:kms/alias:Alias": alias };
