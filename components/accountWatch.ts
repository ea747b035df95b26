import { LogGroup, MetricAlarm } from "@pulumi/aws/cloudwatch";
import { Topic, TopicPolicy } from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../core/account/account";
import { alarmTopicPolicy, policyText } from "../core/account/documents";
import { ALARM_TOPIC, LOG_GROUPS, logGroupName, METRICS } from "../core/account/names";

export interface AccountWatchArgs {
  readonly account: Account;
  /** ARN of the key that logs and alarms are encrypted with. */
  readonly key: pulumi.Input<string>;
}

/** Days that logs are kept: three years, as audit records of federal systems are. */
const RETENTION = 1096;

/** Why each alarm rings. Minutes of the metric are summed; a minute without a move is a good one. */
const ALARMS = {
  [METRICS.restored]: "Traffic was put back from a release of this account",
  [METRICS.failed]: "A release of this account failed before it had any traffic",
} as const;

/** Where an account's moves are written down, and who is told when one goes wrong. */
export class AccountWatch extends pulumi.ComponentResource {
  /** Who wants to hear of alarms subscribes to it. */
  readonly topic: Topic;

  constructor(name: string, { account, key }: AccountWatchArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hms:delivery:AccountWatch", name, {}, opts);
    const child = { parent: this };
    for (const group of LOG_GROUPS)
      new LogGroup(
        `${name}-logs-${group}`,
        { name: logGroupName(group), retentionInDays: RETENTION, kmsKeyId: key },
        child,
      );
    this.topic = new Topic(`${name}-alarms`, { name: ALARM_TOPIC, kmsMasterKeyId: key }, child);
    new TopicPolicy(
      `${name}-alarms-policy`,
      { arn: this.topic.arn, policy: policyText(alarmTopicPolicy(account)) },
      child,
    );
    for (const [metricName, alarmDescription] of Object.entries(ALARMS))
      new MetricAlarm(
        `${name}-alarm-${metricName.toLowerCase()}`,
        {
          ...{ name: `hms-switch-${metricName.toLowerCase()}`, alarmDescription },
          ...{ namespace: METRICS.namespace, metricName, dimensions: { Account: account.name } },
          ...{ statistic: "Sum", period: 60, evaluationPeriods: 1, threshold: 1 },
          ...{ comparisonOperator: "GreaterThanOrEqualToThreshold", treatMissingData: "notBreaching" },
          alarmActions: [this.topic.arn],
        },
        child,
      );
    this.registerOutputs({ topic: this.topic.arn });
  }
}
