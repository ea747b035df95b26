import {
  documentKind,
  orNothing,
  POLICY,
  REPLACE,
  retag,
  tagList,
  tagMap,
  TAGS,
  text,
  type Change,
  type Kind,
} from "../kind";

const attribute = (property: string, name: string): Change => ({
  properties: [property],
  calls: (id, news) => [
    ["SetTopicAttributes", { TopicArn: id, AttributeName: name, AttributeValue: text(news[property]) }],
  ],
});

const topic: Kind = {
  service: "sns",
  name: { property: "name", prefix: "namePrefix", longest: 256 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    displayName: { default: "" },
    kmsMasterKeyId: { default: "" },
    // Its own resource is the better place; what stands here is left alone when nothing is said.
    policy: { document: "policy", computed: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateTopic",
    {
      Name: wanted.name,
      Attributes: Object.fromEntries(
        [
          ["DisplayName", orNothing(wanted.displayName)],
          ["KmsMasterKeyId", orNothing(wanted.kmsMasterKeyId)],
          ["Policy", wanted.policy],
        ].filter(([, value]) => value !== undefined),
      ) as object,
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (_wanted, answer) => answer("TopicArn"),
  reads: [
    {
      command: "GetTopicAttributes",
      input: (id) => ({ TopicArn: id }),
      take: (answer, _where, id) => ({
        ...{ arn: id, name: id.slice(id.lastIndexOf(":") + 1), owner: answer("Attributes.Owner") },
        ...{ displayName: answer("Attributes.DisplayName") ?? "", policy: answer("Attributes.Policy") },
        kmsMasterKeyId: answer("Attributes.KmsMasterKeyId") ?? "",
      }),
    },
    {
      command: "ListTagsForResource",
      input: (id) => ({ ResourceArn: id }),
      take: (answer) => ({ tagsAll: tagMap(answer("Tags")) }),
    },
  ],
  changes: [
    attribute("displayName", "DisplayName"),
    attribute("kmsMasterKeyId", "KmsMasterKeyId"),
    attribute("policy", "Policy"),
    retag({ tag: "TagResource", untag: "UntagResource", keys: "TagKeys", of: (id) => ({ ResourceArn: id }) }),
  ],
  remove: (id) => [["DeleteTopic", { TopicArn: id }]],
};

const topicPolicy = documentKind({
  service: "sns",
  of: "arn",
  inputs: { policy: POLICY },
  put: (id, { policy }) => ["SetTopicAttributes", { TopicArn: id, AttributeName: "Policy", AttributeValue: policy }],
  read: {
    command: "GetTopicAttributes",
    input: (id) => ({ TopicArn: id }),
    take: (answer, _where, id) => ({
      ...{ arn: id, policy: answer("Attributes.Policy"), owner: answer("Attributes.Owner") },
    }),
  },
  // A topic is never without a policy: what it gets is what every new one has, its owner and nobody else.
  remove: (id, { owner }) => [
    "SetTopicAttributes",
    {
      TopicArn: id,
      AttributeName: "Policy",
      AttributeValue: JSON.stringify({
        Version: "2008-10-17",
        Id: "__default_policy_ID",
        Statement: [
          {
            Sid: "__default_statement_ID",
            Effect: "Allow",
            Principal: { AWS: "*" },
            Action: [
              "GetTopicAttributes",
              "SetTopicAttributes",
              "AddPermission",
              "RemovePermission",
              "DeleteTopic",
              "Subscribe",
              "ListSubscriptionsByTopic",
              "Publish",
            ].map((action) => `SNS:${action}`),
            Resource: id,
            Condition: { StringEquals: { "AWS:SourceOwner": text(owner) } },
          },
        ],
      }),
    },
  ],
});

export const SNS: Readonly<Record<string, Kind>> = {
  "aws:sns/topic:Topic": topic,
  "aws:sns/topicPolicy:TopicPolicy": topicPolicy,
};
