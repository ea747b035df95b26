import { REPLACE, retag, tagList, tagMap, TAGS, type Kind } from "../kind";

const parameter: Kind = {
  service: "ssm",
  name: { property: "name", longest: 2048 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    type: {},
    value: {},
    description: { default: "" },
    keyId: { computed: true },
    tier: { computed: true },
    dataType: { computed: true },
    overwrite: { local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "PutParameter",
    {
      Name: wanted.name,
      Type: wanted.type,
      Value: wanted.value,
      Description: wanted.description,
      KeyId: wanted.keyId,
      Tier: wanted.tier,
      DataType: wanted.dataType,
      Overwrite: wanted.overwrite,
      // Tags and the word to overwrite exclude each other: then they come after.
      Tags: wanted.overwrite === true ? undefined : tagList(wanted.tagsAll),
    },
  ],
  id: (wanted) => wanted.name,
  reads: [
    {
      command: "GetParameter",
      input: (id) => ({ Name: id, WithDecryption: true }),
      take: (answer) => ({
        name: answer("Parameter.Name"),
        arn: answer("Parameter.ARN"),
        type: answer("Parameter.Type"),
        value: answer("Parameter.Value"),
        version: answer("Parameter.Version"),
        dataType: answer("Parameter.DataType"),
      }),
    },
    {
      command: "DescribeParameters",
      input: (id) => ({ ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [id] }] }),
      take: (answer) => ({
        description: answer("Parameters.0.Description") ?? "",
        tier: answer("Parameters.0.Tier"),
        keyId: answer("Parameters.0.KeyId"),
      }),
    },
    {
      command: "ListTagsForResource",
      input: (id) => ({ ResourceType: "Parameter", ResourceId: id }),
      take: (answer) => ({ tagsAll: tagMap(answer("TagList")) }),
    },
  ],
  changes: [
    {
      properties: ["value", "type", "description", "tier", "keyId", "dataType"],
      // All of it is written anew: what the program leaves out stays as it is.
      calls: (id, news, olds) => [
        [
          "PutParameter",
          {
            Name: id,
            Type: news.type,
            Value: news.value ?? olds.value,
            Description: news.description,
            KeyId: news.keyId,
            Tier: news.tier,
            DataType: news.dataType,
            Overwrite: true,
          },
        ],
      ],
    },
    retag({
      tag: "AddTagsToResource",
      untag: "RemoveTagsFromResource",
      keys: "TagKeys",
      of: (id) => ({ ResourceType: "Parameter", ResourceId: id }),
    }),
  ],
  remove: (id) => [["DeleteParameter", { Name: id }]],
};

export const SSM: Readonly<Record<string, Kind>> = { "aws:ssm/parameter:Parameter": parameter };
