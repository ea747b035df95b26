import { isProperties, type Properties } from "../../../rpc";
import { listAt, orNothing, REPLACE, retag, tagList, tagMap, TAGS, type Kind } from "../kind";
import { fromService, toService, type Shape } from "../shape";

const ATTRIBUTES: Shape = { name: "AttributeName", type: "AttributeType" };

const keysOf = ({ hashKey, rangeKey }: Properties) => [
  { AttributeName: hashKey, KeyType: "HASH" },
  ...(orNothing(rangeKey) === undefined ? [] : [{ AttributeName: rangeKey, KeyType: "RANGE" }]),
];

const billing = ({ billingMode, readCapacity, writeCapacity }: Properties) => ({
  BillingMode: billingMode,
  ...(billingMode === "PROVISIONED"
    ? { ProvisionedThroughput: { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity } }
    : {}),
});

const table: Kind = {
  service: "dynamodb",
  name: { property: "name", longest: 255 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    hashKey: REPLACE,
    rangeKey: { replace: true, default: "" },
    attributes: { replace: true, unordered: true, shape: ATTRIBUTES },
    billingMode: { default: "PROVISIONED" },
    readCapacity: { default: 0 },
    writeCapacity: { default: 0 },
    deletionProtectionEnabled: { default: false },
    serverSideEncryption: {
      default: { enabled: false },
      shape: { enabled: "Enabled", kmsKeyArn: "KMSMasterKeyId" },
    },
    pointInTimeRecovery: { default: { enabled: false }, shape: { enabled: "PointInTimeRecoveryEnabled" } },
    ttl: {
      default: { enabled: false },
      shape: { enabled: "Enabled", attributeName: "AttributeName" },
      // Which attribute it would be says nothing while it is off.
      normal: (value) => (isProperties(value) && value.enabled === true ? value : { enabled: false }),
    },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateTable",
    {
      TableName: wanted.name,
      AttributeDefinitions: toService(wanted.attributes, ATTRIBUTES),
      KeySchema: keysOf(wanted),
      ...billing(wanted),
      DeletionProtectionEnabled: wanted.deletionProtectionEnabled,
      SSESpecification: encryption(wanted),
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (wanted) => wanted.name,
  late: ["pointInTimeRecovery", "ttl"],
  isReady: ({ _status }) => _status === "ACTIVE",
  reads: [
    {
      command: "DescribeTable",
      input: (id) => ({ TableName: id }),
      take(answer, _where, id) {
        if (answer("Table.TableStatus") === "DELETING") return undefined;
        const keyOf = (type: string) =>
          listAt(answer, "Table.KeySchema")
            .filter(isProperties)
            .find((key) => key.KeyType === type)?.AttributeName;
        const encrypted = answer("Table.SSEDescription.Status") === "ENABLED";
        const key = answer("Table.SSEDescription.KMSMasterKeyArn");
        const perRequest = answer("Table.BillingModeSummary.BillingMode") === "PAY_PER_REQUEST";
        return {
          _status: answer("Table.TableStatus"),
          ...{ name: id, arn: answer("Table.TableArn"), hashKey: keyOf("HASH"), rangeKey: keyOf("RANGE") ?? "" },
          attributes: fromService(answer("Table.AttributeDefinitions"), ATTRIBUTES),
          billingMode: perRequest ? "PAY_PER_REQUEST" : "PROVISIONED",
          readCapacity: perRequest ? 0 : answer("Table.ProvisionedThroughput.ReadCapacityUnits"),
          writeCapacity: perRequest ? 0 : answer("Table.ProvisionedThroughput.WriteCapacityUnits"),
          deletionProtectionEnabled: answer("Table.DeletionProtectionEnabled") ?? false,
          serverSideEncryption: encrypted
            ? { enabled: true, ...(key === undefined ? {} : { kmsKeyArn: key }) }
            : { enabled: false },
        };
      },
    },
    {
      command: "DescribeContinuousBackups",
      input: (id) => ({ TableName: id }),
      take(answer) {
        const status = "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus";
        return { pointInTimeRecovery: { enabled: answer(status) === "ENABLED" } };
      },
    },
    {
      command: "DescribeTimeToLive",
      input: (id) => ({ TableName: id }),
      take(answer) {
        const attributeName = answer("TimeToLiveDescription.AttributeName");
        const enabled = answer("TimeToLiveDescription.TimeToLiveStatus") === "ENABLED";
        return { ttl: { enabled, ...(enabled && attributeName !== undefined ? { attributeName } : {}) } };
      },
    },
    {
      command: "ListTagsOfResource",
      input: (_id, { arn }) => ({ ResourceArn: arn }),
      take: (answer) => ({ tagsAll: tagMap(answer("Tags")) }),
    },
  ],
  changes: [
    {
      properties: ["billingMode", "readCapacity", "writeCapacity"],
      calls: (id, news) => [["UpdateTable", { TableName: id, ...billing(news) }]],
    },
    {
      properties: ["deletionProtectionEnabled"],
      calls: (id, { deletionProtectionEnabled }) => [
        ["UpdateTable", { TableName: id, DeletionProtectionEnabled: deletionProtectionEnabled }],
      ],
    },
    {
      properties: ["serverSideEncryption"],
      calls: (id, news) => [["UpdateTable", { TableName: id, SSESpecification: encryption(news) }]],
    },
    {
      properties: ["pointInTimeRecovery"],
      calls: (id, { pointInTimeRecovery }) => [
        [
          "UpdateContinuousBackups",
          {
            TableName: id,
            PointInTimeRecoverySpecification: toService(pointInTimeRecovery, { enabled: "PointInTimeRecoveryEnabled" }),
          },
        ],
      ],
    },
    {
      properties: ["ttl"],
      calls: (id, { ttl }, { ttl: before }) => [
        [
          "UpdateTimeToLive",
          {
            TableName: id,
            TimeToLiveSpecification: toService(
              // To turn it off, the attribute has to be named once more.
              { ...(isProperties(before) ? before : {}), ...(isProperties(ttl) ? ttl : {}) },
              { enabled: "Enabled", attributeName: "AttributeName" },
            ),
          },
        ],
      ],
    },
    retag({
      tag: "TagResource",
      untag: "UntagResource",
      keys: "TagKeys",
      of: (_id, { arn }) => ({ ResourceArn: arn }),
    }),
  ],
  remove: (id) => [["DeleteTable", { TableName: id }]],
};

function encryption({ serverSideEncryption }: Properties): object | undefined {
  if (!isProperties(serverSideEncryption) || serverSideEncryption.enabled !== true) return undefined;
  const { kmsKeyArn } = serverSideEncryption;
  return { Enabled: true, SSEType: "KMS", ...(kmsKeyArn === undefined ? {} : { KMSMasterKeyId: kmsKeyArn }) };
}

export const DYNAMO_DB: Readonly<Record<string, Kind>> = { "aws:dynamodb/table:Table": table };
