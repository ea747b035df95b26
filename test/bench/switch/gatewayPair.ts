import { setTimeout as sleep } from "node:timers/promises";
import { asNumber, path } from "../../../core/json";
import { HEADER } from "../../../core/rollout/names";
import { reasonOf } from "../../../platform/errors";
import type { KubeClient, KubeObject } from "../../../platform/kube/client";
import { imageReference } from "../../../platform/local/images";
import type { Layout } from "../../../platform/local/layout";
import { GATEWAY, GATEWAY_ACCOUNT, gatewayContainer } from "../../../platform/local/manifests/gateway";
import { DataPlane } from "../../../provider/rollout/dataPlane";
import { processesOfPod } from "./processes";

export const INSTANCES = 2;

/** How long an instance that is to end goes on accepting: its Service sends it nobody new meanwhile. */
const DRAIN_SECONDS = 8;
/** A kept connection older than this is told to close with its next answer: well before its instance closes it. */
const CONNECTION_SECONDS = 4;
const DEADLINE_MS = 120_000;
const POLL_MS = 200;
/** Answers in a row, each on a connection of its own, before all instances count as working. */
const ANSWERS_IN_A_ROW = 20;
const OWNER = { fieldManager: "hms-bench-switch", force: true } as const;

/** What a pair is made for: an instance is ready when it leads `host` to a pod, whatever its own ping says before. */
export interface PairAim {
  readonly name: string;
  readonly host: string;
  /** A path that pods of the service answer with success. */
  readonly healthPath: string;
  /** Goes with the pair: what is left when the harness is killed goes with its stack's namespace. */
  readonly namespace: string;
}

/**
 * Two gateways behind a Service, as a site has them, beside the one of the local platform and with the same routes.
 * They listen on this machine's loopback only, at a port that Kubernetes chose.
 */
export class GatewayPair {
  private constructor(
    private readonly kube: KubeClient,
    private readonly aim: PairAim,
    private readonly signal: AbortSignal,
    /** `http://127.0.0.1:PORT`. */
    readonly address: string,
  ) {}

  /** Makes the pair and returns when both of it answer. @throws Error when they do not within two minutes. */
  static async start(kube: KubeClient, layout: Layout, aim: PairAim, signal: AbortSignal): Promise<GatewayPair> {
    const owner = await kube.get({ apiVersion: "v1", kind: "Namespace", name: aim.namespace });
    const [deployment, service] = pairManifests(imageReference(layout, "traefik"), layout, aim, owner);
    await kube.apply(deployment, OWNER);
    const made = await kube.apply(service, OWNER);
    const port = asNumber(path(made, "spec", "ports", 0, "nodePort"));
    if (port === undefined) throw new Error("the pair of gateways got no port");
    const pair = new GatewayPair(kube, aim, signal, `http://127.0.0.1:${port}`);
    await pair.whole();
    return pair;
  }

  /** Replaces every instance, one after the other, as a new version of the gateway would. */
  async replaceAll(): Promise<void> {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    await this.kube.patch(
      this.ref,
      { spec: { template: { metadata: { annotations } } } },
      { type: "strategic", fieldManager: OWNER.fieldManager },
    );
    await this.whole();
  }

  /** Kills the process of one instance; nobody is told. */
  async crashOne(): Promise<void> {
    const [pod] = await this.pods();
    const uid = pod?.metadata.uid;
    const processes = uid === undefined ? [] : processesOfPod(uid);
    if (processes.length === 0) throw new Error("the pair of gateways has no process to kill");
    for (const { pid } of processes) process.kill(pid, "SIGKILL");
  }

  /** Waits until both instances are the wanted ones, ready and answering, and those before them have ended. */
  async whole(): Promise<void> {
    let missing = "";
    for (const giveUp = performance.now() + DEADLINE_MS; performance.now() < giveUp;) {
      this.signal.throwIfAborted();
      missing = await this.missing().catch(reasonOf);
      if (missing === "") return;
      await sleep(POLL_MS, undefined, { signal: this.signal });
    }
    throw new Error(`the pair of gateways did not become whole: ${missing}`);
  }

  async remove(): Promise<void> {
    await this.kube.delete(this.ref);
    await this.kube.delete({ ...this.ref, apiVersion: "v1", kind: "Service" });
  }

  private get ref() {
    return { apiVersion: "apps/v1", kind: "Deployment", name: this.aim.name, namespace: GATEWAY.namespace };
  }

  private pods(): Promise<KubeObject[]> {
    const of = { apiVersion: "v1", kind: "Pod", namespace: GATEWAY.namespace };
    return this.kube.list(of, { labelSelector: `app=${this.aim.name}` });
  }

  /** What is not as it should be; empty: nothing. */
  private async missing(): Promise<string> {
    const deployment = await this.kube.get(this.ref);
    const status = (name: string) => asNumber(path(deployment, "status", name)) ?? 0;
    if (status("observedGeneration") < (asNumber(path(deployment, "metadata", "generation")) ?? 0)) return "not begun";
    const [updated, ready] = [status("updatedReplicas"), status("readyReplicas")];
    if (updated < INSTANCES || ready < INSTANCES) return `${updated} instances are new, ${ready} are ready`;
    const pods = await this.pods();
    if (pods.length > INSTANCES) return `${pods.length} instances are there`;
    const gateway = new DataPlane(this.address, this.aim.host);
    for (let i = 0; i < ANSWERS_IN_A_ROW; i++) {
      const { status: code, headers } = await gateway.ask({ path: this.aim.healthPath, timeoutMs: 2000 });
      if (headers[HEADER.color] === undefined) return `status ${code} of no color`;
    }
    return "";
  }
}

/** A Deployment of two and the Service before it. */
export function pairManifests(
  image: string,
  { ports }: Pick<Layout, "ports">,
  { name, host, healthPath }: PairAim,
  owner: KubeObject | undefined,
): readonly [KubeObject, KubeObject] {
  const labels = { app: name };
  const uid = owner?.metadata.uid;
  const ownerReferences =
    uid === undefined ? [] : [{ apiVersion: "v1", kind: "Namespace", name: owner?.metadata.name ?? "", uid }];
  const metadata = { name, namespace: GATEWAY.namespace, labels, ownerReferences };
  const container = gatewayContainer(image, ports, "");
  const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": `${ports.gatewayMetrics}` };
  const spec = {
    serviceAccountName: GATEWAY_ACCOUNT,
    terminationGracePeriodSeconds: DRAIN_SECONDS + 20,
    containers: [
      {
        ...container,
        args: [
          ...container.args,
          `--entrypoints.web.transport.lifeCycle.requestAcceptGraceTimeout=${DRAIN_SECONDS}s`,
          `--entrypoints.web.transport.keepAliveMaxTime=${CONNECTION_SECONDS}s`,
        ],
        // A gateway that has just started says "pong" before it knows a route, and answers 404.
        startupProbe: {
          httpGet: { path: healthPath, port: ports.gateway, httpHeaders: [{ name: "Host", value: host }] },
          periodSeconds: 1,
          failureThreshold: 60,
        },
        readinessProbe: { httpGet: { path: "/ping", port: ports.gatewayPing }, periodSeconds: 1 },
      },
    ],
  };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: INSTANCES,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations }, spec },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "NodePort", selector: labels, ports: [{ name: "web", port: ports.gateway, protocol: "TCP" }] },
    },
  ];
}
