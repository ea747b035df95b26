import type * as pulumi from "@pulumi/pulumi";
import { environmentOf } from "../core/migrations/job";
import { COLORS } from "../core/rollout/color";
import type { PlannedColor } from "../core/rollout/plan";
import type { MigrationArgs } from "../provider/sdk";
import type { ServicePlan } from "./servicePlan";

/** Whether the wanted release has a migration, or one that this service ran may have to be taken back. */
export function mayMigrate({ service, plan, rollout }: ServicePlan): boolean {
  const { colors, record } = rollout.actual;
  const releases = [
    ...COLORS.flatMap((color) => [plan.colors[color], colors[color]?.release]),
    ...record.deployments.map((deployment) => deployment.release),
  ];
  return service.migrations !== undefined || releases.some((release) => release?.spec.migration !== undefined);
}

/** What runs for a release, with the release's own variables; `undefined` if it has no migration. */
export function workOf({ spec }: PlannedColor, releaseImage: pulumi.Input<string>): MigrationArgs["work"] {
  if (spec.migration === undefined) return undefined;
  const { image, ...migration } = spec.migration;
  return {
    ...migration,
    ...environmentOf(spec, migration),
    image: image ?? releaseImage,
    resources: spec.resources,
  };
}
