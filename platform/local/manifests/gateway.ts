import { CLUSTER } from "../layout";
import type { Ports } from "../ports";
import { clusterRights, LOCKED_DOWN, type Manifest } from "./objects";
import { TRAEFIK_RULE } from "./traefikKinds";

/** Namespace and name of the one Gateway that all routes of this machine hang on. */
export const GATEWAY = { namespace: "gateway", name: "public", className: "traefik" } as const;

const READ = ["get", "list", "watch"];

/**
 * Seconds. From 7.5 ms on each is less than 1.5 times the one before: a percentile read from them then shows a release
 * that takes three times as long as more than twice as slow, wherever between two of them it lies.
 */
const LATENCY_BUCKETS = [
  ...[0.001, 0.0025, 0.005, 0.0075, 0.01, 0.014, 0.02, 0.028, 0.04, 0.055, 0.075],
  ...[0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 1, 1.4, 2, 2.8, 4, 5.5, 7.5, 10],
].join(",");

/** Account that a gateway reads routes and endpoints with. */
export const GATEWAY_ACCOUNT = "traefik";

/**
 * The container of a Traefik that serves all routes of the Gateway.
 * @param host it listens on; empty: all addresses that its pod has.
 */
export function gatewayContainer(image: string, ports: Ports, host: string) {
  const at = (port: number) => `${host}:${port}`;
  return {
    name: "traefik",
    image,
    args: [
      `--entrypoints.web.address=${at(ports.gateway)}`,
      `--entrypoints.websecure.address=${at(ports.gatewayTls)}`,
      `--entrypoints.traefik.address=${at(ports.gatewayPing)}`,
      `--entrypoints.metrics.address=${at(ports.gatewayMetrics)}`,
      "--providers.kubernetesgateway",
      "--providers.kubernetesgateway.throttleDuration=0s",
      // Only for the Middlewares that routes name: sandboxes put the review gate before theirs.
      "--providers.kubernetescrd",
      // A namespace and a name joined by "-" may be those of another namespace.
      "--providers.kubernetescrd.safeNaming=true",
      "--providers.providersThrottleDuration=100ms",
      "--metrics.prometheus",
      "--metrics.prometheus.addServicesLabels=true",
      "--metrics.prometheus.addRoutersLabels=true",
      "--metrics.prometheus.entryPoint=metrics",
      `--metrics.prometheus.buckets=${LATENCY_BUCKETS}`,
      "--ping",
      "--log.level=INFO",
      "--global.checknewversion=false",
      "--global.sendanonymoususage=false",
    ],
    // Straight to the API server's own address: the gateway must not depend on the service network.
    env: [
      { name: "KUBERNETES_SERVICE_HOST", value: CLUSTER.address },
      { name: "KUBERNETES_SERVICE_PORT", value: String(ports.apiserver) },
    ],
    securityContext: LOCKED_DOWN,
  };
}

/** Traefik as the data plane: on the host's network, and on loopback only. */
export function gatewayManifests(image: string, ports: Ports): Manifest[] {
  const metadata = { name: GATEWAY_ACCOUNT, namespace: GATEWAY.namespace };
  const labels = { app: "traefik" };
  const host = "127.0.0.1";
  const probe = { httpGet: { host, path: "/ping", port: ports.gatewayPing } };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: GATEWAY.namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    ...clusterRights("hms:traefik", { kind: "ServiceAccount", ...metadata }, [
      { apiGroups: [""], resources: ["services", "namespaces", "nodes", "secrets", "configmaps"], verbs: READ },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
      { apiGroups: ["gateway.networking.k8s.io"], resources: ["*"], verbs: READ },
      TRAEFIK_RULE,
      {
        apiGroups: ["gateway.networking.k8s.io"],
        resources: ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "tcproutes", "tlsroutes"].map(
          (kind) => `${kind}/status`,
        ),
        verbs: ["update", "patch"],
      },
    ]),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        // One port, one process: a new one can only start when the old one has left.
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            hostNetwork: true,
            serviceAccountName: GATEWAY_ACCOUNT,
            priorityClassName: "system-cluster-critical",
            containers: [
              {
                ...gatewayContainer(image, ports, host),
                readinessProbe: { ...probe, periodSeconds: 1 },
                livenessProbe: { ...probe, periodSeconds: 5, failureThreshold: 3 },
              },
            ],
          },
        },
      },
    },
  ];
}

/** What needs the Gateway API's definitions to be known already. */
export function gatewayResources(ports: Ports): Manifest[] {
  const apiVersion = "gateway.networking.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "GatewayClass",
      metadata: { name: GATEWAY.className },
      spec: { controllerName: "traefik.io/gateway-controller" },
    },
    {
      apiVersion,
      kind: "Gateway",
      metadata: { name: GATEWAY.name, namespace: GATEWAY.namespace },
      spec: {
        gatewayClassName: GATEWAY.className,
        listeners: [
          { name: "web", port: ports.gateway, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } },
        ],
      },
    },
  ];
}
