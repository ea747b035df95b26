import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import { originOf, REVIEW_GATE, reviewHost, type Door } from "../../core/sharing/names";
import type { KubeObject } from "../../platform/kube/objects";
import { SINK_SECRET } from "../events/events";
import { runnerPodSpec } from "../runnerPod";
import { HEALTH_PATH } from "./gate";
import type { Person } from "./standIn";

/** Where the gateway asks who may pass; nobody else reaches it. */
export const AUTH_PORT = 8091;
export const PAGES_PORT = 8090;
const IDENTITY_PORT = 8092;

/** Name of the stand-in's objects, and first label of its host. */
export const STAND_IN = "identity";
/** Secret with the gate's own secret at the identity provider, under the key `secret`. */
export const CLIENT_SECRET = "review-gate-client";

/** An identity provider of one's own, registered there as a confidential client with `<public url>/callback`. */
export interface RealProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly groupsClaim?: string;
  readonly scope?: string;
}

export interface SharingArgs {
  readonly door: Door;
  /** The runner's, by digest. */
  readonly image: string;
  readonly gateway: { readonly name: string; readonly namespace: string };
  readonly provider: RealProvider | { readonly people: readonly Person[] };
  /** @default hms-sandboxes */
  readonly namespace?: string;
  /** Address of the gate's Service inside the cluster. @default the cluster's choice */
  readonly clusterIP?: string;
}

/** By which pods find the gate. */
export const serviceHost = (namespace: string): string => `${REVIEW_GATE}.${namespace}.svc.cluster.local`;

/** The stand-in's address: as it calls itself, and as browsers reach it. */
export const standInIssuer = (door: Door): string => originOf(door, `${STAND_IN}.${door.domain}`);

/** All of the gate but its Secret, in the order in which it is applied; the namespace is there already. */
export function sharingObjects(args: SharingArgs): readonly KubeObject[] {
  const { namespace = SANDBOXES_NAMESPACE, provider } = args;
  return [
    ...gateRights(namespace),
    ...gateObjects(args, namespace),
    ...("people" in provider ? standInObjects(args, provider.people, namespace) : []),
  ];
}

function gateRights(namespace: string): readonly KubeObject[] {
  const metadata = { name: REVIEW_GATE, namespace };
  const subjects = [{ kind: "ServiceAccount", ...metadata }];
  const wide = { name: `hms:${REVIEW_GATE}:${namespace}` };
  const group = "rbac.authorization.k8s.io";
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    {
      apiVersion: `${group}/v1`,
      kind: "Role",
      metadata,
      // Names of grants, records and events are new each time, so no rule can list them. The last three are for events.
      rules: [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "update", "list", "patch", "delete"] },
        { apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: [SINK_SECRET] },
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: REVIEW_GATE },
      subjects,
    },
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRole",
      metadata: wide,
      rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get"] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: wide,
      roleRef: { apiGroup: group, kind: "ClusterRole", name: wide.name },
      subjects,
    },
  ];
}

/** Words of the gate's command line. */
export function gateWords({ door, provider, namespace = SANDBOXES_NAMESPACE }: SharingArgs): readonly string[] {
  const own = "people" in provider;
  const issuer = own ? standInIssuer(door) : provider.issuer;
  const extra = own
    ? ["--back-channel", `http://${STAND_IN}.${namespace}.svc.cluster.local:${IDENTITY_PORT}`]
    : [
        "--client-id",
        provider.clientId,
        ...option("--groups-claim", provider.groupsClaim),
        ...option("--scope", provider.scope),
      ];
  return [
    REVIEW_GATE,
    ...["--public-url", originOf(door, reviewHost(door)), "--issuer", issuer, ...extra],
    ...["--client-secret-file", "/client/secret"],
    ...["--listen", `0.0.0.0:${PAGES_PORT}`, "--listen-auth", `0.0.0.0:${AUTH_PORT}`],
  ];
}

function gateObjects(all: SharingArgs, namespace: string): readonly KubeObject[] {
  const { door, image, gateway, clusterIP } = all;
  const args = gateWords(all);
  const ports = { pages: PAGES_PORT, auth: AUTH_PORT };
  const volumes = [{ name: "client", secret: { secretName: CLIENT_SECRET } }];
  const mounts = [{ name: "client", mountPath: "/client", readOnly: true }];
  return [
    deployment(REVIEW_GATE, namespace, { image, account: REVIEW_GATE, args, ports, volumes, mounts }),
    service(REVIEW_GATE, namespace, ports, clusterIP),
    route(REVIEW_GATE, namespace, gateway, reviewHost(door), PAGES_PORT),
    entrance(REVIEW_GATE, namespace, gateway, [PAGES_PORT, AUTH_PORT]),
  ];
}

function standInObjects(
  { door, image, gateway }: SharingArgs,
  people: readonly Person[],
  namespace: string,
): readonly KubeObject[] {
  const args = [
    "stand-in-identity",
    ...["--issuer", standInIssuer(door), "--public-url", originOf(door, reviewHost(door))],
    ...["--people", "/people/people.json", "--client-secret-file", "/client/secret"],
    ...["--listen", `0.0.0.0:${IDENTITY_PORT}`],
  ];
  const map = `${STAND_IN}-people`;
  const ports = { web: IDENTITY_PORT };
  const volumes = [
    { name: "client", secret: { secretName: CLIENT_SECRET } },
    { name: "people", configMap: { name: map } },
  ];
  const mounts = [
    { name: "client", mountPath: "/client", readOnly: true },
    { name: "people", mountPath: "/people", readOnly: true },
  ];
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: map, namespace },
      data: { "people.json": JSON.stringify(people, null, 2) },
    },
    deployment(STAND_IN, namespace, { image, args, ports, volumes, mounts }),
    service(STAND_IN, namespace, ports),
    route(STAND_IN, namespace, gateway, `${STAND_IN}.${door.domain}`, IDENTITY_PORT),
    entrance(STAND_IN, namespace, gateway, [IDENTITY_PORT], REVIEW_GATE),
  ];
}

const option = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [name, value];

interface Pod {
  readonly image: string;
  /** Whose token it gets; absent: none. */
  readonly account?: string;
  readonly args: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
  readonly volumes: readonly object[];
  readonly mounts: readonly object[];
}

function deployment(
  name: string,
  namespace: string,
  { image, account, args, ports, volumes, mounts }: Pod,
): KubeObject {
  const labels = { app: name };
  const spec = runnerPodSpec({ image, account: account ?? "default", args });
  const [first] = Object.values(ports);
  const probe = {
    httpGet: { path: account === undefined ? "/.well-known/openid-configuration" : HEALTH_PATH, port: first },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      // What it remembers it remembers alone: two of them would not know each other's sessions.
      replicas: 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...spec,
          automountServiceAccountToken: account !== undefined,
          restartPolicy: "Always",
          volumes,
          containers: spec.containers.map((container) => ({
            ...container,
            ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
            volumeMounts: mounts,
            readinessProbe: { ...probe, periodSeconds: 2 },
            livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
          })),
        },
      },
    },
  };
}

const service = (
  name: string,
  namespace: string,
  ports: Readonly<Record<string, number>>,
  clusterIP?: string,
): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: {
    ...(clusterIP === undefined ? {} : { clusterIP }),
    selector: { app: name },
    ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, targetPort: number })),
  },
});

const route = (
  name: string,
  namespace: string,
  gateway: SharingArgs["gateway"],
  host: string,
  port: number,
): KubeObject => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name, namespace },
  spec: {
    parentRefs: [{ name: gateway.name, namespace: gateway.namespace }],
    hostnames: [host],
    rules: [{ backendRefs: [{ name, port }] }],
  },
});

/** Only the gateway comes in, and `also`, a neighbour. (One on the node's own network comes in by the node's address.) */
function entrance(
  name: string,
  namespace: string,
  gateway: SharingArgs["gateway"],
  ports: readonly number[],
  also?: string,
): KubeObject {
  const from = [
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": gateway.namespace } } },
    ...(also === undefined ? [] : [{ podSelector: { matchLabels: { app: also } } }]),
  ];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels: { app: name } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from, ports: ports.map((port) => ({ port, protocol: "TCP" })) }],
      // The gate asks the API server, the name service, the identity provider and where events go; the stand-in nobody.
      egress: also === undefined ? [{ ports: EGRESS }] : [],
    },
  };
}

const EGRESS = [
  ...[53].flatMap((port) => [
    { port, protocol: "UDP" },
    { port, protocol: "TCP" },
  ]),
  ...[80, 443, 4222, 6443, IDENTITY_PORT].map((port) => ({ port, protocol: "TCP" })),
];
