import type * as pulumi from "@pulumi/pulumi";
import { environmentOf } from "../core/migrations/job";
import { COLORS } from "../core/rollout/color";
import type { PlannedColor } from "../core/rollout/plan";
import { Migration, type MigrationArgs } from "../provider/sdk";
import { resourceName } from "./resourceName";
import type { ServicePlan } from "./servicePlan";

/**
 * What brings a service's database to the wanted release. None for a service that never had a migration; one without work
 * where only those of others may have to be taken back.
 * @param releaseImage for a release whose image is built in this update.
 */
export function migrationsOf(
  plan: ServicePlan,
  wanted: Omit<MigrationArgs, "work">,
  releaseImage: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): readonly Migration[] {
  const planned = plan.plan.colors[wanted.color];
  if (!planned || !mayMigrate(plan)) return [];
  const work = workOf(planned, planned.image ?? releaseImage);
  return [
    new Migration(
      resourceName(plan.account, plan.service.name),
      { ...wanted, ...(work === undefined ? {} : { work }) },
      opts,
    ),
  ];
}

/** Whether the wanted release has a migration, or one that this service ran may have to be taken back. */
function mayMigrate({ service, plan, rollout }: ServicePlan): boolean {
  const { colors, record } = rollout.actual;
  const releases = [
    ...COLORS.flatMap((color) => [plan.colors[color], colors[color]?.release]),
    ...record.deployments.map((deployment) => deployment.release),
  ];
  return service.migrations !== undefined || releases.some((release) => release?.spec.migration !== undefined);
}

/** What runs for a release, with the release's own variables; `undefined` if it has no migration. */
function workOf({ spec }: PlannedColor, releaseImage: pulumi.Input<string>): MigrationArgs["work"] {
  if (spec.migration === undefined) return undefined;
  const { image, ...migration } = spec.migration;
  return {
    ...migration,
    ...environmentOf(spec, migration),
    image: image ?? releaseImage,
    resources: spec.resources,
  };
}
