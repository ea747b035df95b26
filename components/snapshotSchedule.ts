import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SnapshotConfig } from "../config/snapshots";
import { databaseRunnerImage } from "../provider/sdkFunctions";
import { snapshotLoadObjects, snapshotObjects } from "./snapshotObjects";

export interface SnapshotScheduleArgs {
  readonly snapshot: SnapshotConfig;
}

/**
 * Scrubbed snapshots of a service's database by a CronJob of the vault's namespace, which must be there with the claim and
 * the Secrets that the configuration names; where the stack says so, another one loads them beside the sandboxes' server.
 * Their pods have no account of the cluster, and reach their database and nothing else.
 */
export class SnapshotSchedule extends pulumi.ComponentResource {
  constructor(name: string, { snapshot }: SnapshotScheduleArgs, opts: pulumi.ComponentResourceOptions) {
    const { service, namespace, schedule, timeZone, load } = snapshot;
    super("hms:data:SnapshotSchedule", name, { service, namespace, schedule }, opts);
    const image = pulumi.output(snapshot.image ?? databaseRunnerImage({ parent: this }));
    const take = snapshotObjects(snapshot);
    const rules = new k8s.core.v1.ConfigMap(`${name}-rules`, take.rules, { parent: this });
    this.scheduled(name, take, image, [rules]);
    if (load) this.scheduled(`${name}-load`, snapshotLoadObjects(service, timeZone, load), image, []);
    this.registerOutputs({});
  }

  /** No pod starts before what keeps it in. */
  private scheduled(
    name: string,
    objects: ReturnType<typeof snapshotLoadObjects>,
    image: pulumi.Output<string>,
    needs: readonly pulumi.Resource[],
  ): void {
    const parent = { parent: this };
    const before = [
      ...needs,
      new k8s.core.v1.ServiceAccount(`${name}-account`, objects.account, parent),
      new k8s.networking.v1.NetworkPolicy(`${name}-policy`, objects.policy, parent),
    ];
    new k8s.batch.v1.CronJob(`${name}-job`, objects.cronJob(image), { parent: this, dependsOn: before });
  }
}

/** One for each entry of `hms:snapshots`. */
export function scheduleSnapshots(
  snapshots: readonly SnapshotConfig[],
  opts: pulumi.ComponentResourceOptions,
): readonly SnapshotSchedule[] {
  return snapshots.map((snapshot) => new SnapshotSchedule(`snapshot-${snapshot.service}`, { snapshot }, opts));
}
