import * as fs from "node:fs";
import * as path from "node:path";
import { parseAllDocuments } from "yaml";
import { KubeClient, type KubeObject } from "../kube/client";
import { filesOf } from "../toolchain/install";
import { GATEWAY_API_VERSION } from "../toolchain/tools";
import { imageReference } from "./images";
import { CLUSTER, type Layout } from "./layout";
import { dnsManifests } from "./manifests/dns";
import { GATEWAY, gatewayManifests, gatewayResources } from "./manifests/gateway";
import type { Manifest } from "./manifests/objects";
import { rightsManifests } from "./manifests/rights";
import { traefikDefinitions } from "./manifests/traefikKinds";
import { probeDns, probeHttp, type Verdict } from "./probe";

const OWNER = { fieldManager: "hms-platform", force: true } as const;
const GATEWAY_API = "gateway.networking.k8s.io/v1";

export function localClient(layout: Layout): KubeClient {
  return KubeClient.load({ kubeconfig: layout.kubeconfig, context: CLUSTER.context });
}

/** Rights of the platform's own processes; without them no pod gets a network. */
export async function applyRights(client: KubeClient): Promise<void> {
  await applyAll(client, rightsManifests());
}

/** Everything that runs inside the cluster. Applying what is there already changes nothing. */
export async function applyPlatform(layout: Layout, client: KubeClient): Promise<void> {
  await applyGatewayApi(layout, client);
  await applyAll(client, traefikDefinitions());
  await applyAll(client, [
    ...dnsManifests(imageReference(layout, "coredns")),
    ...gatewayManifests(imageReference(layout, "traefik"), layout.ports),
    ...gatewayResources(layout.ports),
  ]);
}

/** Applies objects, namespaces before what lives in them. */
export async function applyAll(client: KubeClient, manifests: readonly Manifest[]): Promise<void> {
  const [first, rest] = [manifests.filter(isNamespace), manifests.filter((manifest) => !isNamespace(manifest))];
  for (const group of [first, rest]) await Promise.all(group.map((manifest) => client.apply(manifest, OWNER)));
}

const isNamespace = (manifest: Manifest): boolean => manifest.kind === "Namespace";

/** Applies the Gateway API's definitions where this version of them is not there yet. */
async function applyGatewayApi(layout: Layout, client: KubeClient): Promise<void> {
  const folder = filesOf(layout.home, "gateway-api");
  const files = fs.readdirSync(folder).sort();
  const there = await bundleVersions(client);
  const wanted = files.map(definitionOf).filter((name) => name !== undefined);
  // Parsing a megabyte of YAML takes longer than all other checks together: only when something is to be applied.
  if (wanted.every((name) => there.get(name) === `v${GATEWAY_API_VERSION}`)) return;
  const objects = files
    .flatMap((name) => parseAllDocuments(fs.readFileSync(path.join(folder, name), "utf8")))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object): object is KubeObject => object !== null);
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  const missing = definitions.filter(({ metadata }) => there.get(metadata.name ?? "") !== `v${GATEWAY_API_VERSION}`);
  await Promise.all(missing.map((definition) => client.apply(definition, OWNER)));
  for (const object of objects.filter((other) => !definitions.includes(other))) await client.apply(object, OWNER);
  await until(async () => {
    try {
      await client.list({ apiVersion: GATEWAY_API, kind: "Gateway" });
      await client.list({ apiVersion: GATEWAY_API, kind: "GatewayClass" });
      return true;
    } catch {
      return false;
    }
  });
}

/** Name of the definition in a file of the module: `GROUP_PLURAL.yaml`. */
function definitionOf(file: string): string | undefined {
  const match = /^(gateway\.networking\.k8s\.io)_([a-z]+)\.yaml$/.exec(file);
  return match === null ? undefined : `${match[2] ?? ""}.${match[1] ?? ""}`;
}

async function until(done: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end && !(await done());)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Version of the Gateway API by definition that is there. Metadata only: the definitions are a megabyte. */
async function bundleVersions(client: KubeClient): Promise<ReadonlyMap<string, string>> {
  const answer = await client.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    headers: { Accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
  });
  if (answer.status !== 200) return new Map();
  const { items } = JSON.parse(answer.text) as { items: KubeObject[] | null };
  return new Map(
    (items ?? []).map(({ metadata }) => [
      metadata.name ?? "",
      metadata.annotations?.["gateway.networking.k8s.io/bundle-version"] ?? "",
    ]),
  );
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const conditionsOf = (object: KubeObject | undefined): readonly Condition[] =>
  (object?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];

/** Why a condition of an object is not true. */
export function lacks(object: KubeObject | undefined, type: string, what: string): Verdict {
  if (object === undefined) return `${what} does not exist`;
  const condition = conditionsOf(object).find((candidate) => candidate.type === type);
  if (condition?.status === "True") return undefined;
  const why =
    condition === undefined ? "not reported yet" : (condition.message ?? condition.reason ?? condition.status);
  return `${what} is not ${type}: ${why}`;
}

/** A check of something inside the cluster, by the name that `status` shows. */
export interface ClusterCheck {
  readonly name: string;
  readonly probe: () => Promise<Verdict>;
}

/** All checks of what runs inside the cluster: asked for by its effect first, by its record second. */
export function clusterChecks(layout: Layout, client: KubeClient): readonly ClusterCheck[] {
  const check = (name: string, probe: () => Promise<Verdict>): ClusterCheck => ({
    name,
    probe: () => probe().catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
  });
  return [
    check("node", async () =>
      lacks(await client.get({ apiVersion: "v1", kind: "Node", name: CLUSTER.node }), "Ready", "the node"),
    ),
    check("dns", () => probeDns(CLUSTER.dnsService, `kubernetes.default.svc.${CLUSTER.domain}`)),
    check("gateway", async () => {
      const answers = await probeHttp({ url: `http://127.0.0.1:${layout.ports.gatewayPing}/ping` });
      if (answers !== undefined) return answers;
      const { namespace, name } = GATEWAY;
      const gateway = await client.get({ apiVersion: GATEWAY_API, kind: "Gateway", namespace, name });
      return lacks(gateway, "Programmed", `Gateway ${namespace}/${name}`);
    }),
  ];
}

interface PodStatus {
  readonly containerStatuses?: readonly { readonly ready: boolean; readonly state?: { readonly waiting?: unknown } }[];
}

/** Deletes platform pods that wait for their next try, so that the next try is now. */
export async function retryWaitingPods(client: KubeClient): Promise<void> {
  await retryWaiting(client, { namespace: "kube-system", labelSelector: "k8s-app=kube-dns" });
  await retryWaiting(client, { namespace: GATEWAY.namespace, labelSelector: "app=traefik" });
}

export async function retryWaiting(
  client: KubeClient,
  { namespace, labelSelector }: { readonly namespace: string; readonly labelSelector: string },
): Promise<void> {
  const pods = await client.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector });
  for (const pod of pods) {
    const status = pod.status as PodStatus | undefined;
    const waits = (status?.containerStatuses ?? []).some(({ ready, state }) => !ready && state?.waiting !== undefined);
    const name = pod.metadata.name;
    if (waits && name !== undefined)
      await client.delete({ apiVersion: "v1", kind: "Pod", namespace, name }, { gracePeriodSeconds: 0 });
  }
}
