import { isProperties, type Properties } from "../../../rpc";
import { listAt, orNothing, REPLACE, retag, tagList, tagMap, TAGS, text, type Kind } from "../kind";

const logGroup: Kind = {
  service: "logs",
  name: { property: "name", prefix: "namePrefix", longest: 512 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    logGroupClass: { replace: true, computed: true },
    kmsKeyId: { default: "" },
    retentionInDays: { default: 0 },
    skipDestroy: { default: false, local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateLogGroup",
    {
      logGroupName: wanted.name,
      kmsKeyId: orNothing(wanted.kmsKeyId),
      logGroupClass: wanted.logGroupClass,
      ...(isProperties(wanted.tagsAll) && Object.keys(wanted.tagsAll).length > 0 ? { tags: wanted.tagsAll } : {}),
    },
  ],
  id: (wanted) => wanted.name,
  late: ["retentionInDays"],
  reads: [
    {
      command: "DescribeLogGroups",
      input: (id) => ({ logGroupNamePrefix: id }),
      take(answer, _where, id) {
        const found = listAt(answer, "logGroups")
          .filter(isProperties)
          .find((one) => one.logGroupName === id);
        return (
          found && {
            name: id,
            arn: text(found.arn).replace(/:\*$/, ""),
            kmsKeyId: found.kmsKeyId ?? "",
            retentionInDays: found.retentionInDays ?? 0,
            logGroupClass: found.logGroupClass ?? "STANDARD",
          }
        );
      },
    },
    {
      command: "ListTagsForResource",
      input: (_id, { arn }) => ({ resourceArn: arn }),
      take: (answer) => ({ tagsAll: answer("tags") ?? {} }),
    },
  ],
  changes: [
    {
      properties: ["retentionInDays"],
      calls: (id, { retentionInDays }) => [
        retentionInDays === 0
          ? ["DeleteRetentionPolicy", { logGroupName: id }]
          : ["PutRetentionPolicy", { logGroupName: id, retentionInDays }],
      ],
    },
    {
      properties: ["kmsKeyId"],
      calls: (id, { kmsKeyId }) => [
        kmsKeyId === ""
          ? ["DisassociateKmsKey", { logGroupName: id }]
          : ["AssociateKmsKey", { logGroupName: id, kmsKeyId }],
      ],
    },
    {
      properties: ["tagsAll"],
      calls(_id, { tagsAll: news }, { tagsAll: olds, arn }) {
        const wanted = isProperties(news) ? news : {};
        const gone = Object.keys(isProperties(olds) ? olds : {}).filter((name) => !(name in wanted));
        return [
          ...(gone.length > 0 ? [["UntagResource", { resourceArn: arn, tagKeys: gone }] as const] : []),
          ...(Object.keys(wanted).length > 0 ? [["TagResource", { resourceArn: arn, tags: wanted }] as const] : []),
        ];
      },
    },
  ],
  remove: (id, { skipDestroy }) => (skipDestroy === true ? [] : [["DeleteLogGroup", { logGroupName: id }]]),
};

/** Property and what CloudWatch calls it; all of an alarm is written at once. */
const ALARM: Readonly<Record<string, string>> = {
  name: "AlarmName",
  alarmDescription: "AlarmDescription",
  actionsEnabled: "ActionsEnabled",
  alarmActions: "AlarmActions",
  okActions: "OKActions",
  insufficientDataActions: "InsufficientDataActions",
  metricName: "MetricName",
  namespace: "Namespace",
  statistic: "Statistic",
  extendedStatistic: "ExtendedStatistic",
  period: "Period",
  unit: "Unit",
  evaluationPeriods: "EvaluationPeriods",
  datapointsToAlarm: "DatapointsToAlarm",
  threshold: "Threshold",
  comparisonOperator: "ComparisonOperator",
  treatMissingData: "TreatMissingData",
};

const alarmOf = (wanted: Properties) => ({
  ...Object.fromEntries(
    Object.entries(ALARM).flatMap(([property, name]) => {
      const value = wanted[property];
      const isSaid = value !== undefined && value !== "" && value !== 0;
      return isSaid || property === "threshold" ? [[name, value]] : [];
    }),
  ),
  ...(isProperties(wanted.dimensions)
    ? { Dimensions: Object.entries(wanted.dimensions).map(([Name, Value]) => ({ Name, Value })) }
    : {}),
});

const metricAlarm: Kind = {
  service: "cloudwatch",
  name: { property: "name", longest: 255 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    alarmDescription: { default: "" },
    actionsEnabled: { default: true },
    alarmActions: { default: [], unordered: true },
    okActions: { default: [], unordered: true },
    insufficientDataActions: { default: [], unordered: true },
    metricName: {},
    namespace: {},
    dimensions: { default: {} },
    statistic: { default: "" },
    extendedStatistic: { default: "" },
    period: {},
    unit: { default: "" },
    evaluationPeriods: {},
    datapointsToAlarm: { default: 0 },
    threshold: {},
    comparisonOperator: {},
    treatMissingData: { default: "missing" },
    tags: TAGS,
  },
  create: (wanted) => ["PutMetricAlarm", { ...alarmOf(wanted), Tags: tagList(wanted.tagsAll) }],
  id: (wanted) => wanted.name,
  reads: [
    {
      command: "DescribeAlarms",
      input: (id) => ({ AlarmNames: [id], AlarmTypes: ["MetricAlarm"] }),
      take(answer) {
        // One that does not exist is an empty list, not an error.
        if (listAt(answer, "MetricAlarms").length === 0) return undefined;
        const of = (name: string) => answer(`MetricAlarms.0.${name}`);
        const taken = Object.entries(ALARM).map(([property, name]) => [property, of(name)] as const);
        const dimensions = of("Dimensions");
        return {
          ...{ alarmDescription: "", alarmActions: [], okActions: [], insufficientDataActions: [] },
          ...{ statistic: "", extendedStatistic: "", unit: "", datapointsToAlarm: 0, treatMissingData: "missing" },
          ...Object.fromEntries(taken.filter(([, value]) => value !== undefined)),
          arn: of("AlarmArn"),
          dimensions: Object.fromEntries(
            (Array.isArray(dimensions) ? dimensions.filter(isProperties) : []).map(({ Name, Value }) => [
              text(Name),
              Value ?? "",
            ]),
          ),
        };
      },
    },
    {
      command: "ListTagsForResource",
      input: (_id, { arn }) => ({ ResourceARN: arn }),
      take: (answer) => ({ tagsAll: tagMap(answer("Tags")) }),
    },
  ],
  changes: [
    { properties: Object.keys(ALARM).concat("dimensions"), calls: (_id, news) => [["PutMetricAlarm", alarmOf(news)]] },
    retag({
      tag: "TagResource",
      untag: "UntagResource",
      keys: "TagKeys",
      of: (_id, { arn }) => ({ ResourceARN: arn }),
    }),
  ],
  remove: (id) => [["DeleteAlarms", { AlarmNames: [id] }]],
};

const METRIC = {
  name: "metricName",
  namespace: "metricNamespace",
  value: "metricValue",
  defaultValue: "defaultValue",
  unit: "unit",
  dimensions: "dimensions",
} as const;

const renamed = (value: unknown, names: readonly (readonly [from: string, to: string])[]): Properties => {
  const from = isProperties(value) ? value : {};
  return Object.fromEntries(
    names.flatMap(([own, other]) => {
      const item = from[own];
      return item === undefined ? [] : [[other, typeof item === "number" ? String(item) : item]];
    }),
  );
};

const filterParts = (id: string): { readonly logGroupName: string; readonly filterName: string } => {
  const colon = id.lastIndexOf(":");
  return { logGroupName: id.slice(0, colon), filterName: id.slice(colon + 1) };
};

const putFilter = (wanted: Properties) =>
  [
    "PutMetricFilter",
    {
      logGroupName: wanted.logGroupName,
      filterName: wanted.name,
      filterPattern: wanted.pattern,
      metricTransformations: [
        (({ defaultValue, ...rest }) => ({
          ...rest,
          ...(defaultValue === undefined ? {} : { defaultValue: Number(defaultValue) }),
        }))(renamed(wanted.metricTransformation, Object.entries(METRIC))),
      ],
    },
  ] as const;

const logMetricFilter: Kind = {
  service: "logs",
  name: { property: "name", longest: 512 },
  identity: ["name", "logGroupName"],
  inputs: {
    name: REPLACE,
    logGroupName: REPLACE,
    pattern: {},
    metricTransformation: {
      shape: METRIC,
      normal: (value) => ({
        unit: "None",
        ...renamed(
          value,
          Object.keys(METRIC).map((name) => [name, name]),
        ),
      }),
    },
  },
  create: putFilter,
  id: ({ logGroupName, name }) => `${text(logGroupName)}:${text(name)}`,
  reads: [
    {
      command: "DescribeMetricFilters",
      input(id) {
        const { logGroupName, filterName } = filterParts(id);
        return { logGroupName, filterNamePrefix: filterName };
      },
      take(answer, _where, id) {
        const { logGroupName, filterName } = filterParts(id);
        const found = listAt(answer, "metricFilters")
          .filter(isProperties)
          .find((one) => one.filterName === filterName);
        if (found === undefined) return undefined;
        const [metric] = Array.isArray(found.metricTransformations) ? found.metricTransformations : [];
        return {
          ...{ name: filterName, logGroupName, pattern: found.filterPattern ?? "" },
          metricTransformation: renamed(
            metric,
            Object.entries(METRIC).map(([own, other]) => [other, own]),
          ),
        };
      },
    },
  ],
  changes: [{ properties: ["pattern", "metricTransformation"], calls: (_id, news) => [putFilter(news)] }],
  remove: (id) => [["DeleteMetricFilter", filterParts(id)]],
};

export const CLOUD_WATCH: Readonly<Record<string, Kind>> = {
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
  "aws:cloudwatch/metricAlarm:MetricAlarm": metricAlarm,
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": logMetricFilter,
};
