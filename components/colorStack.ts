import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "../core/canonicalJson";
import type { Autoscale } from "../core/service/definition";
import type { Color } from "../core/rollout/color";
import { ANNOTATION, LABEL, SERVICE_PORT, workloadName } from "../core/rollout/names";
import type { PlannedColor } from "../core/rollout/plan";
import { deploymentSpec } from "./podTemplate";

/**
 * These objects are the stack's alone: a field that somebody edited by hand shows as drift, and is put back instead of
 * stopping the update with a conflict. What others add beside our fields stays.
 */
export const OWNED = { "pulumi.com/patchForce": "true" } as const;

export interface ColorStackArgs {
  readonly service: string;
  readonly namespace: pulumi.Input<string>;
  readonly color: Color;
  /** What this color is to run; `null` keeps the Service alone, so that routes always have both backends. */
  readonly release: PlannedColor | null;
  /** Image of the release, by digest. */
  readonly image: pulumi.Input<string>;
  /** The color's pods go on reading a mutable ConfigMap of their color. @default false, they read the release's own */
  readonly sharedConfigMap?: boolean;
  /**
   * Pods; of a color that scales by itself those that it has or begins with. Always written: a number that nobody owns
   * any more falls back to 1, which would be an outage of a busy service.
   */
  readonly replicas: number;
  /** Labels of the workload, not of its pods: changing them restarts nothing. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Scales by CPU use. @default - a fixed number of pods */
  readonly autoscale?: Autoscale;
}

/**
 * One permanent side of a service: Service, and with a release also Deployment and disruption budget. It
 * knows nothing of traffic; its names and selectors never change, so that changing a release never changes a route.
 */
export class ColorStack extends pulumi.ComponentResource {
  constructor(name: string, args: ColorStackArgs, opts: pulumi.ComponentResourceOptions) {
    const {
      service,
      namespace,
      color,
      release,
      image,
      replicas,
      labels = {},
      autoscale,
      sharedConfigMap = false,
    } = args;
    super("hms:delivery:ColorStack", name, { service, namespace, color, release: release?.id, replicas }, opts);
    const selector = { [LABEL.service]: service, [LABEL.color]: color };
    const annotations = OWNED;
    const metadata = { name: workloadName(service, color), namespace, labels: { ...labels, ...selector }, annotations };

    new k8s.core.v1.Service(
      name,
      {
        // The idle side has no pods at first; a Service that waits for them would never be made.
        metadata: { ...metadata, annotations: { ...OWNED, "pulumi.com/skipAwait": "true" } },
        spec: { selector, ports: [{ name: "http", port: SERVICE_PORT, targetPort: "http", protocol: "TCP" }] },
      },
      { parent: this },
    );
    if (release) {
      const { id, tag, spec } = release;
      const shared = sharedConfigMap
        ? new k8s.core.v1.ConfigMap(`${name}-env`, { metadata, data: spec.env }, { parent: this })
        : undefined;
      const workload = new k8s.apps.v1.Deployment(
        name,
        {
          metadata: { ...metadata, annotations: { ...OWNED, [ANNOTATION.release]: canonicalJson({ id, tag, spec }) } },
          spec: {
            ...deploymentSpec({
              service,
              release,
              image,
              selector,
              ...(shared ? { sharedConfigMap: metadata.name } : {}),
            }),
            replicas,
          },
        },
        { parent: this, ...(shared ? { dependsOn: shared } : {}) },
      );
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-disruption`,
        { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } },
        { parent: this },
      );
      if (autoscale) this.scale(name, metadata, autoscale, workload);
    }
    this.registerOutputs({});
  }

  private scale(
    name: string,
    metadata: k8s.types.input.meta.v1.ObjectMeta & { readonly name: string },
    { min, max, cpuPercent }: Autoscale,
    workload: pulumi.Resource,
  ): void {
    const target = { type: "Utilization", averageUtilization: cpuPercent };
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      `${name}-scale`,
      {
        metadata,
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
          minReplicas: min,
          maxReplicas: Math.max(max, min),
          metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
        },
      },
      { parent: this, dependsOn: workload },
    );
  }
}
