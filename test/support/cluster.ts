import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { ANNOTATION, LABEL, SERVICE_PORT, workloadName } from "../../core/rollout/names";
import type { Color } from "../../core/rollout/color";
import { probeRouteRef, renderProbeRouteSpec, type RouteShape } from "../../core/rollout/route";
import type { Release } from "../../core/rollout/release";
import { KubeClient } from "../../platform/kube/client";
import { RolloutStore } from "../../provider/rollout/store";
import { asNumber, path } from "../../core/json";

export const GATEWAY = { name: "public", namespace: "gateway", address: "http://127.0.0.1:8080" };
/** Where the same gateway serves https. */
export const HTTPS = { port: 8443, address: "https://127.0.0.1:8443" };
const MANAGER = "hms-test";

/** A namespace of the local cluster that a test made, and takes away. */
export class TestNamespace {
  readonly kube = KubeClient.load({ context: "hms-local" });

  /** @param name of one that somebody else makes. @default a new one */
  constructor(
    prefix: string,
    readonly name = `${prefix}-${randomBytes(3).toString("hex")}`,
  ) {}

  async create(labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.name, labels } });
  }

  async remove(): Promise<void> {
    await this.kube.delete({ apiVersion: "v1", kind: "Namespace", name: this.name });
  }

  shape(service: string): RouteShape {
    const { name, namespace } = GATEWAY;
    return {
      service,
      namespace: this.name,
      hostnames: [`${service}.${this.name}.localhost`],
      gateway: { name, namespace },
    };
  }

  /** Service and Deployment of one color, ready, running the executor with an answer of its own. */
  async color(
    service: string,
    color: Color,
    release: Release,
    options: { readonly proven: boolean; readonly replicas?: number },
  ): Promise<void> {
    const name = workloadName(service, color);
    const labels = { [LABEL.service]: service, [LABEL.color]: color };
    await this.service(service, color);
    await this.kube.apply(
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: {
          name,
          namespace: this.name,
          labels,
          annotations: {
            [ANNOTATION.release]: JSON.stringify(release),
            ...(options.proven ? { [ANNOTATION.proven]: release.id } : {}),
          },
        },
        spec: {
          replicas: options.replicas ?? 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              terminationGracePeriodSeconds: 2,
              containers: [
                {
                  name: service,
                  image: "127.0.0.1:5000/hms/opa-executor:1.22.0",
                  args: ["run", "--server", "--addr=:8181", "--disable-telemetry", "--log-level=error"],
                  ports: [{ name: "http", containerPort: 8181, protocol: "TCP" }],
                  readinessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
                },
              ],
            },
          },
        },
      },
      { fieldManager: MANAGER, force: true },
    );
    await this.ready(service, color, options.replicas ?? 1);
  }

  async service(service: string, color: Color): Promise<void> {
    const name = workloadName(service, color);
    const labels = { [LABEL.service]: service, [LABEL.color]: color };
    const ports = [{ name: "http", port: SERVICE_PORT, targetPort: "http", protocol: "TCP" }];
    await this.kube.apply(
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace: this.name, labels },
        spec: { selector: labels, ports },
      },
      { fieldManager: MANAGER, force: true },
    );
  }

  async probeRoute(service: string, token: string): Promise<void> {
    const { apiVersion, kind, name, namespace } = probeRouteRef(service, this.name);
    const spec = renderProbeRouteSpec(this.shape(service), token);
    await this.kube.apply(
      { apiVersion, kind, metadata: { name, namespace }, spec },
      { fieldManager: MANAGER, force: true },
    );
  }

  /** Waits for the Service to know the pods too: a move looks there, and the Deployment says ready seconds before. */
  private async ready(service: string, color: Color, replicas: number): Promise<void> {
    const name = workloadName(service, color);
    const store = new RolloutStore(this.kube, service, this.name);
    const giveUp = Date.now() + 180_000;
    for (;;) {
      const object = await this.kube.get({ apiVersion: "apps/v1", kind: "Deployment", name, namespace: this.name });
      const isReady = asNumber(path(object, "status", "readyReplicas")) === replicas;
      if (isReady && (await store.readyEndpoints(color)) >= replicas) return;
      if (Date.now() > giveUp) throw new Error(`${name} did not get ready within 180 s`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/** Whether this machine's own platform is up; tests of the cluster need it and `npm test` brings it up. */
export const kubectl = (...args: readonly string[]): string =>
  execFileSync("kubectl", ["--context", "hms-local", ...args], { encoding: "utf8" });

/** Runs a script in a pod's container that ends the container by it, which may take the script along before its own end. */
export function endFromWithin(namespace: string, pod: string, script: string): void {
  try {
    kubectl("-n", namespace, "exec", pod, "--", "/usr/local/bin/node", "-e", script);
  } catch (error) {
    if ((error as { status?: number }).status !== 137) throw error;
  }
}
