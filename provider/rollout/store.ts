import { COLORS, perColor, type Color, type Weights } from "../../core/rollout/color";
import { ANNOTATION, FIELD_MANAGER, leaseName, workloadName } from "../../core/rollout/names";
import { configMapsOf } from "../../core/configMap/keep";
import { actualRollout, type ObservedRoute, type ObservedWorkload } from "../../core/rollout/observe";
import type { ActualRollout } from "../../core/rollout/plan";
import type { ProvenWith } from "../../core/rollout/provenWith";
import { emptyRecord, newerRecord, parseRecord, type RolloutRecord } from "../../core/rollout/record";
import { probeRouteRef, renderRoute, routeRef, type HttpsParent, type RouteShape } from "../../core/rollout/route";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { isConflict, isNotFound } from "../../platform/kube/errors";
import { asArray, asNumber, asObject, asString, path } from "../../core/json";

/** A rollout as it stands, with what a guarded write needs. */
export interface Snapshot {
  readonly actual: ActualRollout;
  /** resourceVersion of the route; `undefined` when there is no route. */
  readonly routeVersion: string | undefined;
  /** Marker of the weights now on the route. */
  readonly marker: string | undefined;
  readonly hostnames: readonly string[];
  /** The route's own host names and gateway, so that it can be written without any configuration. */
  readonly shape: RouteShape | undefined;
}

/** Somebody wrote the route between our reading and our writing. */
export class StaleWrite extends Error {
  override readonly name = "StaleWrite";
}

/** Reads and writes the rollout of one service in one cluster. The only code that writes weights. */
export class RolloutStore {
  constructor(
    private readonly kube: KubeClient,
    readonly service: string,
    readonly namespace: string,
  ) {}

  async read(): Promise<Snapshot> {
    const [route, lease, ...deployments] = await Promise.all([
      this.kube.get(routeRef(this.service, this.namespace)),
      this.kube.get(this.leaseRef()),
      ...COLORS.map((color) => this.kube.get(this.deploymentRef(color))),
    ]);
    const [blue, green] = deployments.map((object) => object && observeWorkload(object));
    const copyText = lease?.metadata.annotations?.[ANNOTATION.record];
    const copy =
      copyText === undefined ? undefined : parseRecord(copyText, `the rollout record on lease ${this.where()}`);
    return {
      actual: actualRollout({ route: route && observeRoute(route, this.where()), copy, workloads: { blue, green } }),
      routeVersion: route?.metadata.resourceVersion,
      marker: route && observeMarker(route),
      hostnames: route ? hostnamesOf(route) : [],
      shape: route && this.observeShape(route),
    };
  }

  /**
   * One server-side apply of weights and record together, refused when the route changed since `routeVersion`.
   * The copy on the lease follows; losing that second write loses nothing while the route stands.
   * @throws StaleWrite
   */
  async writeRoute(
    shape: RouteShape,
    weights: Weights,
    record: RolloutRecord,
    marker: string,
    routeVersion: string | undefined,
  ): Promise<string | undefined> {
    const route = renderRoute(shape, weights, record, marker);
    const metadata = { ...route.metadata, ...(routeVersion === undefined ? {} : { resourceVersion: routeVersion }) };
    try {
      const written = await this.kube.apply(
        { ...route, metadata },
        { fieldManager: FIELD_MANAGER.switch, force: true },
      );
      await this.writeCopy(record);
      return written.metadata.resourceVersion;
    } catch (error) {
      if (isConflict(error))
        throw new StaleWrite(`the route of ${this.where()} was written by somebody else meanwhile`);
      throw error;
    }
  }

  /** Changes the record alone, wherever it lives. Weights and marker stay. */
  async updateRecord(change: (record: RolloutRecord) => RolloutRecord): Promise<RolloutRecord> {
    for (;;) {
      const route = await this.kube.get(routeRef(this.service, this.namespace));
      const text = route?.metadata.annotations?.[ANNOTATION.record];
      const onRoute = text === undefined ? undefined : parseRecord(text, `the rollout record on route ${this.where()}`);
      const record = change(newerRecord(onRoute, await this.readCopy()) ?? emptyRecord());
      try {
        if (route) {
          const annotations = { [ANNOTATION.record]: JSON.stringify(record) };
          const { resourceVersion } = route.metadata;
          await this.kube.patch(
            routeRef(this.service, this.namespace),
            { metadata: { annotations, ...(resourceVersion === undefined ? {} : { resourceVersion }) } },
            { type: "merge", fieldManager: FIELD_MANAGER.switch },
          );
        }
        await this.writeCopy(record);
        return record;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  /** Removes route and lease; absent ones are fine. */
  async remove(): Promise<void> {
    await this.kube.delete(routeRef(this.service, this.namespace));
  }

  /** The token of the probe route's header, `undefined` before the route exists. */
  async probeToken(): Promise<string | undefined> {
    const route = await this.kube.get(probeRouteRef(this.service, this.namespace));
    const value = path(route, "spec", "rules", 0, "matches", 0, "headers", 0, "value");
    return asString(value)?.split(".").slice(1).join(".");
  }

  /** Deletes a color's Deployment; its pods drain behind it. */
  async removeWorkload(color: Color): Promise<void> {
    await this.kube.delete(this.deploymentRef(color), { propagation: "Background" });
  }

  /** Notes on a color's Deployment that `release` passed there. */
  async markProven(color: Color, release: string): Promise<void> {
    await this.kube.patch(
      this.deploymentRef(color),
      { metadata: { annotations: { [ANNOTATION.proven]: release } } },
      { type: "merge", fieldManager: FIELD_MANAGER.verification },
    );
  }

  /** Notes on a color's Deployment beside which needed releases it was proven. */
  async markProvenWith(color: Color, proven: ProvenWith): Promise<void> {
    await this.kube.patch(
      this.deploymentRef(color),
      { metadata: { annotations: { [ANNOTATION.provenWith]: JSON.stringify(proven) } } },
      { type: "merge", fieldManager: FIELD_MANAGER.verification },
    );
  }

  /** Text of that note; `undefined` where there is none. */
  async provenWith(color: Color): Promise<string | undefined> {
    return (await this.kube.get(this.deploymentRef(color)))?.metadata.annotations?.[ANNOTATION.provenWith];
  }

  /** What the color's Deployment says it came through; `undefined` when it was not tried. */
  async chaosProof(color: Color): Promise<string | undefined> {
    return (await this.kube.get(this.deploymentRef(color)))?.metadata.annotations?.[ANNOTATION.chaos];
  }

  /** Notes on a color's Deployment what it came through. */
  async markChaos(color: Color, proof: string): Promise<void> {
    await this.kube.patch(
      this.deploymentRef(color),
      { metadata: { annotations: { [ANNOTATION.chaos]: proof } } },
      { type: "merge", fieldManager: FIELD_MANAGER.verification },
    );
  }

  /** Pods that answer behind a color's Service: ready, serving, and not on their way out. */
  async readyEndpoints(color: Color): Promise<number> {
    const slices = await this.kube.list(
      { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace: this.namespace },
      { labelSelector: `kubernetes.io/service-name=${workloadName(this.service, color)}` },
    );
    const endpoints = slices.flatMap((slice) => asArray(path(slice, "endpoints")));
    return endpoints.filter((endpoint) => {
      const conditions = asObject(path(endpoint, "conditions"));
      return conditions?.ready === true && conditions.terminating !== true;
    }).length;
  }

  leaseRef() {
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      name: leaseName(this.service),
      namespace: this.namespace,
    };
  }

  private deploymentRef(color: Color) {
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: workloadName(this.service, color),
      namespace: this.namespace,
    };
  }

  private observeShape(route: KubeObject): RouteShape {
    const parent = path(route, "spec", "parentRefs", 0);
    const section = asString(path(parent, "sectionName"));
    const https = httpsParentOf(path(route, "spec", "parentRefs", 1), this.namespace);
    return {
      service: this.service,
      namespace: this.namespace,
      hostnames: hostnamesOf(route),
      gateway: {
        name: asString(path(parent, "name")) ?? "",
        namespace: asString(path(parent, "namespace")) ?? this.namespace,
        ...(section === undefined ? {} : { section }),
        ...(https === undefined ? {} : { https }),
      },
    };
  }

  private async readCopy(): Promise<RolloutRecord | undefined> {
    const text = (await this.kube.get(this.leaseRef()))?.metadata.annotations?.[ANNOTATION.record];
    return text === undefined ? undefined : parseRecord(text, `the rollout record on lease ${this.where()}`);
  }

  private async writeCopy(record: RolloutRecord): Promise<void> {
    const annotations = { [ANNOTATION.record]: JSON.stringify(record) };
    try {
      await this.kube.patch(
        this.leaseRef(),
        { metadata: { annotations } },
        { type: "merge", fieldManager: FIELD_MANAGER.switch },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private where(): string {
    return `${this.namespace}/${this.service}`;
  }
}

/** Only in the service's own namespace: another parent there was added by somebody else. */
function httpsParentOf(parent: unknown, home: string): HttpsParent | undefined {
  const [kind, name, namespace] = ["kind", "name", "namespace"].map((key) => asString(path(parent, key)));
  if (name === undefined || namespace !== home) return undefined;
  return kind === "Gateway" || kind === "ListenerSet" ? { kind, name } : undefined;
}

const hostnamesOf = (route: KubeObject): string[] =>
  asArray(path(route, "spec", "hostnames")).flatMap((name) => asString(name) ?? []);

function observeRoute(route: KubeObject, where: string): ObservedRoute {
  const backends = asArray(path(route, "spec", "rules", 0, "backendRefs"));
  const weightOf = (color: Color): number => {
    const backend = backends.find((one) => asString(path(one, "name"))?.endsWith(`-${color}`));
    return backend === undefined ? 0 : (asNumber(path(backend, "weight")) ?? 1);
  };
  const text = route.metadata.annotations?.[ANNOTATION.record];
  return {
    weights: perColor(weightOf),
    writer: weightsWriter(route),
    record: text === undefined ? undefined : parseRecord(text, `the rollout record on route ${where}`),
  };
}

/** The field manager that wrote the rules last; the API server keeps one entry a manager and operation. */
function weightsWriter(route: KubeObject): string {
  const owners = asArray(path(route, "metadata", "managedFields"))
    .filter((entry) => path(entry, "fieldsV1", "f:spec", "f:rules") !== undefined)
    .map((entry) => ({
      manager: asString(path(entry, "manager")) ?? "unknown",
      time: asString(path(entry, "time")) ?? "",
    }))
    .sort((a, b) => (a.time < b.time ? 1 : -1));
  return (owners.find((owner) => owner.manager !== FIELD_MANAGER.switch) ?? owners[0])?.manager ?? "unknown";
}

function observeMarker(route: KubeObject): string | undefined {
  return asString(
    path(route, "spec", "rules", 0, "backendRefs", 0, "filters", 0, "responseHeaderModifier", "set", 1, "value"),
  );
}

function observeWorkload(deployment: KubeObject): ObservedWorkload {
  const podSpec = path(deployment, "spec", "template", "spec");
  return {
    release: deployment.metadata.annotations?.[ANNOTATION.release],
    proven: deployment.metadata.annotations?.[ANNOTATION.proven],
    provenWith: deployment.metadata.annotations?.[ANNOTATION.provenWith],
    image: asString(path(podSpec, "containers", 0, "image")) ?? "",
    // A color's own ConfigMap is called like its Deployment.
    sharedConfigMap: configMapsOf(podSpec).some((name) => name === deployment.metadata.name),
    ready: asNumber(path(deployment, "status", "readyReplicas")) ?? 0,
    desired: asNumber(path(deployment, "spec", "replicas")) ?? 1,
  };
}
