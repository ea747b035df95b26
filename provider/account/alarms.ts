import { METRICS } from "../../core/account/names";
import type { AccountWay } from "../../core/account/way";
import type { LedgerFact } from "../../core/ledger/entry";
import { enter } from "./session";

const METRIC_OF: Readonly<Partial<Record<LedgerFact["event"], string>>> = {
  restored: METRICS.restored,
  failed: METRICS.failed,
};

/**
 * Tells the alarms of an account which of these moves went wrong; nothing where none did. They look at the last minute, so
 * it counts as now: what a watcher has put back is known here only when the next command tells it.
 */
export async function tellAlarms(stack: string, account: AccountWay, facts: readonly LedgerFact[]): Promise<void> {
  const metrics = facts.flatMap(({ event }) => METRIC_OF[event] ?? []);
  if (metrics.length === 0) return;
  const { CloudWatchClient, PutMetricDataCommand } = await import("@aws-sdk/client-cloudwatch");
  const Dimensions = [{ Name: "Account", Value: account.name }];
  const MetricData = metrics.map((MetricName) => ({ MetricName, Dimensions, Value: 1, Unit: "Count" as const }));
  const ask = new PutMetricDataCommand({ Namespace: METRICS.namespace, MetricData });
  await (await enter(stack, account)).client(CloudWatchClient).send(ask);
}
