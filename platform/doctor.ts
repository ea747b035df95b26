import { reasonOf } from "./errors";
import { KubeClient, type KubeObject } from "./kube/client";
import { lacks } from "./local/cluster";
import { CLUSTER, type Layout } from "./local/layout";
import { probeHttp, type Verdict } from "./local/probe";

/** One thing that a delivery needs: whether it is there and, if not, what to do about it. */
export interface Finding {
  readonly name: string;
  readonly lacks?: string;
  readonly advice?: string;
}

export interface Patient {
  readonly layout: Layout;
  /** Context of the user's kubeconfig; without it the local platform is looked at. */
  readonly context?: string;
  /** Namespace whose rights are checked. */
  readonly namespace: string;
  readonly prometheus?: string;
  readonly registry?: string;
}

interface Check {
  readonly name: string;
  readonly advice: string;
  readonly probe: () => Promise<Verdict>;
}

const GATEWAY_API = "gateway.networking.k8s.io/v1";

interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly string[];
}

/** Rights that a delivery uses. */
const RIGHTS: readonly Right[] = [
  { group: "apps", resource: "deployments", verbs: ["get", "create", "patch", "delete"] },
  { group: "policy", resource: "poddisruptionbudgets", verbs: ["get", "create", "patch", "delete"] },
  { group: "", resource: "services", verbs: ["get", "create", "patch", "delete"] },
  { group: "", resource: "services", subresource: "proxy", verbs: ["get"] },
  { group: "", resource: "configmaps", verbs: ["get", "list", "create", "patch", "delete"] },
  { group: "", resource: "secrets", verbs: ["get"] },
  { group: "", resource: "pods", verbs: ["list"] },
  { group: "discovery.k8s.io", resource: "endpointslices", verbs: ["list"] },
  { group: "batch", resource: "jobs", verbs: ["get", "create", "delete"] },
  { group: "coordination.k8s.io", resource: "leases", verbs: ["get", "create", "update"] },
  { group: "gateway.networking.k8s.io", resource: "httproutes", verbs: ["get", "create", "patch", "delete"] },
];

/** Looks at everything that a delivery needs, all at once, and changes nothing. */
export async function diagnose(patient: Patient): Promise<readonly Finding[]> {
  let client: KubeClient;
  try {
    client = clientOf(patient);
  } catch (error) {
    return [{ name: "cluster", lacks: reasonOf(error), advice: adviceToReach(patient) }];
  }
  const reach = await judge({
    name: `cluster (${client.context})`,
    advice: adviceToReach(patient),
    probe: () => reached(client),
  });
  // Without the cluster every other answer would say the same again.
  const inside = reach.lacks === undefined ? await Promise.all(clusterChecks(client, patient).map(judge)) : [];
  return [reach, ...inside, ...(await Promise.all(outsideChecks(patient).map(judge)))];
}

function clientOf({ layout, context }: Patient): KubeClient {
  return context === undefined || context === CLUSTER.context
    ? KubeClient.load({ kubeconfig: layout.kubeconfig, context: CLUSTER.context })
    : KubeClient.load({ context });
}

async function judge({ name, advice, probe }: Check): Promise<Finding> {
  const verdict = await probe().catch(reasonOf);
  return verdict === undefined ? { name } : { name, lacks: verdict, advice };
}

function adviceToReach({ context }: Patient): string {
  return context === undefined
    ? "run: hms local up"
    : "check the context, your credentials and the way to its API server";
}

async function reached(client: KubeClient): Promise<Verdict> {
  const answer = await client.request("GET", "/version", { timeoutMs: 5_000 });
  return answer.status === 200 ? undefined : `${client.server} answers ${answer.status} to /version`;
}

function clusterChecks(client: KubeClient, { namespace }: Patient): readonly Check[] {
  return [
    {
      name: "Gateway API",
      advice: "install its standard channel, version 1.2 or newer: https://gateway-api.sigs.k8s.io/guides/",
      probe: async () => {
        await client.kind({ apiVersion: GATEWAY_API, kind: "HTTPRoute" });
        return undefined;
      },
    },
    {
      name: "GatewayClass",
      advice: "install a gateway controller, and see in its log why it does not accept the class",
      probe: () => anyWith(client, "GatewayClass", "Accepted"),
    },
    {
      name: "Gateway",
      advice: "make a Gateway that takes routes from the service's namespace, and name it under hms:gateway",
      probe: () => anyWith(client, "Gateway", "Programmed"),
    },
    {
      name: "filters on a backend",
      advice: "use a gateway whose class names this feature: without it a move cannot see who answers, and is undone",
      probe: async () => lacksBackendFilters(await client.list({ apiVersion: GATEWAY_API, kind: "GatewayClass" })),
    },
    {
      name: `rights in namespace ${namespace}`,
      advice: "bind a role with these rights to the identity that delivers",
      probe: () => missingRights(client, namespace),
    },
  ];
}

async function anyWith(client: KubeClient, kind: string, condition: string): Promise<Verdict> {
  const found: readonly KubeObject[] = await client.list({ apiVersion: GATEWAY_API, kind });
  if (found.length === 0) return `the cluster has no ${kind}`;
  const verdicts = found.map((object) => lacks(object, condition, `${kind} ${object.metadata.name ?? ""}`));
  return verdicts.includes(undefined) ? undefined : verdicts.join("; ");
}

/** The nearest to what we use, filters on a `backendRef`, of the features that a GatewayClass may name. */
const BACKEND_FILTERS = "HTTPRouteBackendRequestHeaderModification";

/**
 * Says when every class of the cluster names its features and none honours filters on a backend. A class that names
 * nothing is given the benefit of the doubt: the field came with Gateway API 1.1, and many controllers leave it empty.
 */
export function lacksBackendFilters(classes: readonly KubeObject[]): Verdict {
  const named = classes.map((one) => ({
    name: one.metadata.name ?? "",
    features: featuresOf(one),
  }));
  if (named.length === 0) return "the cluster has no GatewayClass";
  if (named.some(({ features }) => features.length === 0 || features.includes(BACKEND_FILTERS))) return undefined;
  return `${named.map(({ name }) => name).join(", ")}: ${BACKEND_FILTERS} is not among the supported features`;
}

function featuresOf(gatewayClass: KubeObject): readonly unknown[] {
  const { supportedFeatures } = (gatewayClass.status ?? {}) as { readonly supportedFeatures?: readonly unknown[] };
  // Gateway API 1.1 had plain names here, later versions have objects.
  return (supportedFeatures ?? []).map((entry) =>
    typeof entry === "object" && entry !== null && "name" in entry ? entry.name : entry,
  );
}

/** Asks the API server itself what the caller may do. */
async function missingRights(client: KubeClient, namespace: string): Promise<Verdict> {
  const wanted = RIGHTS.flatMap(({ verbs, ...what }) => verbs.map((verb) => ({ ...what, verb })));
  const answers = await Promise.all(
    wanted.map(async (attributes) => {
      const review = await client.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes: { namespace, ...attributes } },
        },
      });
      const { status } = JSON.parse(review.text) as { status?: { allowed?: boolean } };
      const { verb, group, resource, subresource } = attributes;
      const name = subresource === undefined ? resource : `${resource}/${subresource}`;
      return status?.allowed === true ? undefined : `${verb} ${name}${group === "" ? "" : `.${group}`}`;
    }),
  );
  const missing = answers.filter((answer) => answer !== undefined);
  return missing.length === 0 ? undefined : `may not ${missing.join(", ")}`;
}

function outsideChecks({ layout, context, prometheus, registry }: Patient): readonly Check[] {
  const local = context === undefined || context === CLUSTER.context;
  const metrics = prometheus ?? (local ? `http://127.0.0.1:${layout.ports.prometheus}` : undefined);
  const images = registry ?? (local ? layout.registry : undefined);
  return [
    {
      name: "Prometheus",
      advice: local ? "run: hms local up" : "say where it answers with --prometheus URL, and set hms:prometheus to it",
      probe: () =>
        metrics === undefined
          ? Promise.resolve("nobody has said where it answers")
          : probeHttp({ url: `${metrics.replace(/\/$/, "")}/-/ready` }),
    },
    {
      name: "registry",
      advice: local ? "run: hms local up" : "say where it answers with --registry HOST:PORT",
      probe: () => (images === undefined ? Promise.resolve("nobody has said where it answers") : probeRegistry(images)),
    },
  ];
}

/** A registry that asks for a login is there all the same: only a missing answer is a finding. */
async function probeRegistry(host: string): Promise<Verdict> {
  const scheme = /^(127\.|localhost)/.test(host) ? "http" : "https";
  const verdict = await probeHttp({ url: `${scheme}://${host}/v2/` });
  return verdict?.endsWith("answers 401") === true ? undefined : verdict;
}
