import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { configMapName } from "../core/configMap/content";
import { COLORS, type Color } from "../core/rollout/color";
import { LABEL } from "../core/rollout/names";
import { OWNED } from "./colorStack";
import { resourceName } from "./resourceName";
import type { ServicePlan } from "./servicePlan";

export interface ReleaseConfigMapsArgs {
  readonly plan: ServicePlan;
  readonly namespace: string;
  /** Held while a color gets another release; nothing is removed as superfluous meanwhile. */
  readonly lease: pulumi.Resource;
}

/**
 * The ConfigMaps of what both colors run. Each is named from its content and immutable, so that pods that start later
 * find what their release was proven with; colors that are configured alike share one.
 */
export class ReleaseConfigMaps extends pulumi.ComponentResource {
  private readonly made: ReadonlyMap<string, pulumi.Resource>;
  private readonly service: string;
  private readonly plan: ServicePlan;

  constructor(name: string, args: ReleaseConfigMapsArgs, opts: pulumi.ComponentResourceOptions) {
    const { plan, namespace, lease } = args;
    const { wanted } = plan.configMaps;
    super("hms:delivery:ReleaseConfigMaps", name, { namespace, names: Object.keys(wanted) }, opts);
    this.service = plan.service.name;
    this.plan = plan;
    const standing = COLORS.filter((color) => color !== plan.plan.changes).map((color) => this.nameFor(color));
    this.made = new Map(
      Object.entries(wanted).map(([configMap, { data, binaryData }]) => [
        configMap,
        new k8s.core.v1.ConfigMap(
          resourceName(plan.account, configMap),
          {
            metadata: {
              name: configMap,
              namespace,
              labels: { [LABEL.service]: this.service, [LABEL.config]: this.service },
              annotations: OWNED,
            },
            immutable: true,
            ...(isEmpty(data) ? {} : { data }),
            ...(isEmpty(binaryData) ? {} : { binaryData }),
          },
          {
            parent: this,
            // A rollback may need it when no color runs it any more; what nobody needs is removed after a move.
            retainOnDelete: true,
            ...(standing.includes(configMap) ? {} : { dependsOn: lease }),
          },
        ),
      ]),
    );
    this.registerOutputs({});
  }

  /** What the pods of a color read; empty where that is no ConfigMap of ours. */
  of(color: Color): readonly pulumi.Resource[] {
    const made = this.made.get(this.nameFor(color) ?? "");
    return made ? [made] : [];
  }

  private nameFor(color: Color): string | undefined {
    const release = this.plan.plan.colors[color];
    return release ? configMapName(this.service, release.spec) : undefined;
  }
}

const isEmpty = (map: Readonly<Record<string, string>>): boolean => Object.keys(map).length === 0;
