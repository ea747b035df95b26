import { isProperties, type Properties } from "../../../rpc";
import { listAt, orNothing, REPLACE, retag, tagList, tagMap, TAGS, text, type Kind } from "../kind";

const BUS = "default";

/** `bus/name`, or the name alone on the default bus. */
const ruleParts = (id: string): { readonly EventBusName: string; readonly Name: string } => {
  const slash = id.indexOf("/");
  return slash < 0 ? { EventBusName: BUS, Name: id } : { EventBusName: id.slice(0, slash), Name: id.slice(slash + 1) };
};

const putRule = (wanted: Properties) =>
  [
    "PutRule",
    {
      Name: wanted.name,
      EventBusName: wanted.eventBusName,
      Description: wanted.description,
      EventPattern: orNothing(wanted.eventPattern),
      ScheduleExpression: orNothing(wanted.scheduleExpression),
      RoleArn: orNothing(wanted.roleArn),
      State: wanted.state,
    },
  ] as const;

const rule: Kind = {
  service: "eventbridge",
  name: { property: "name", prefix: "namePrefix", longest: 64 },
  identity: ["name", "eventBusName"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    eventBusName: { replace: true, default: BUS },
    description: { default: "" },
    eventPattern: { document: "json", default: "" },
    scheduleExpression: { default: "" },
    roleArn: { default: "" },
    state: { default: "ENABLED" },
    forceDestroy: { default: false, local: true },
    tags: TAGS,
  },
  create(wanted) {
    const [command, input] = putRule(wanted);
    return [command, { ...input, Tags: tagList(wanted.tagsAll) }];
  },
  id: ({ eventBusName, name }) => (eventBusName === BUS ? name : `${text(eventBusName)}/${text(name)}`),
  reads: [
    {
      command: "DescribeRule",
      input: ruleParts,
      take: (answer, _where, id) => ({
        ...{ name: answer("Name"), arn: answer("Arn"), eventBusName: ruleParts(id).EventBusName },
        ...{ description: answer("Description") ?? "", eventPattern: answer("EventPattern") ?? "" },
        ...{ scheduleExpression: answer("ScheduleExpression") ?? "", roleArn: answer("RoleArn") ?? "" },
        state: answer("State"),
      }),
    },
    {
      command: "ListTagsForResource",
      input: (_id, { arn }) => ({ ResourceARN: arn }),
      take: (answer) => ({ tagsAll: tagMap(answer("Tags")) }),
    },
  ],
  changes: [
    {
      properties: ["description", "eventPattern", "scheduleExpression", "roleArn", "state"],
      calls: (_id, news) => [putRule(news)],
    },
    retag({
      tag: "TagResource",
      untag: "UntagResource",
      keys: "TagKeys",
      of: (_id, { arn }) => ({ ResourceARN: arn }),
    }),
  ],
  remove: (id, { forceDestroy }) => [["DeleteRule", { ...ruleParts(id), Force: forceDestroy === true }]],
};

/** `bus/rule/target` or `rule/target`, as it is imported; kept as the id, for one with `-` between could not be told apart. */
const targetParts = (id: string): { readonly bus: string; readonly rule: string; readonly target: string } => {
  const parts = id.split("/");
  const [name = "", target = ""] = parts.slice(-2);
  return { bus: parts.slice(0, -2).join("/") || BUS, rule: name, target };
};

const putTarget = (wanted: Properties) =>
  [
    "PutTargets",
    {
      Rule: wanted.rule,
      EventBusName: wanted.eventBusName,
      Targets: [
        {
          Id: wanted.targetId,
          Arn: wanted.arn,
          RoleArn: orNothing(wanted.roleArn),
          Input: orNothing(wanted.input),
          InputPath: orNothing(wanted.inputPath),
        },
      ],
    },
  ] as const;

const target: Kind = {
  service: "eventbridge",
  name: { property: "targetId", longest: 64 },
  identity: ["targetId", "rule", "eventBusName"],
  inputs: {
    targetId: REPLACE,
    rule: REPLACE,
    eventBusName: { replace: true, default: BUS },
    arn: {},
    roleArn: { default: "" },
    input: { document: "json", default: "" },
    inputPath: { default: "" },
    forceDestroy: { default: false, local: true },
  },
  create: putTarget,
  id: ({ eventBusName, rule: of, targetId }) =>
    `${eventBusName === BUS ? "" : `${text(eventBusName)}/`}${text(of)}/${text(targetId)}`,
  reads: [
    {
      command: "ListTargetsByRule",
      input(id) {
        const { bus, rule: of } = targetParts(id);
        return { Rule: of, EventBusName: bus };
      },
      take(answer, _where, id) {
        const parts = targetParts(id);
        const found = listAt(answer, "Targets")
          .filter(isProperties)
          .find((one) => one.Id === parts.target);
        return (
          found && {
            ...{ targetId: parts.target, rule: parts.rule, eventBusName: parts.bus, arn: found.Arn },
            ...{ roleArn: found.RoleArn ?? "", input: found.Input ?? "", inputPath: found.InputPath ?? "" },
          }
        );
      },
    },
  ],
  changes: [{ properties: ["arn", "roleArn", "input", "inputPath"], calls: (_id, news) => [putTarget(news)] }],
  remove(id, { forceDestroy }) {
    const { bus, rule: of, target: one } = targetParts(id);
    return [["RemoveTargets", { Rule: of, EventBusName: bus, Ids: [one], Force: forceDestroy === true }]];
  },
};

export const EVENTS: Readonly<Record<string, Kind>> = {
  "aws:cloudwatch/eventRule:EventRule": rule,
  "aws:cloudwatch/eventTarget:EventTarget": target,
};
