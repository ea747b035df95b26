import { CLUSTER } from "../layout";
import { clusterRights, LOCKED_DOWN, type Manifest } from "./objects";

/** The Service's own: a network policy is judged by the pod's port, and everybody writes 53. */
const PORT = 53;

const COREFILE = `.:${PORT} {
  errors
  health :8080
  ready :8181
  kubernetes ${CLUSTER.domain} in-addr.arpa ip6.arpa {
    pods insecure
    ttl 5
  }
  cache 5
  reload
}
`;

/** Name service of the cluster. It knows the cluster's names only: there is no way out to ask for others. */
export function dnsManifests(image: string): Manifest[] {
  const metadata = { name: "coredns", namespace: "kube-system" };
  const labels = { "k8s-app": "kube-dns" };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    ...clusterRights("hms:coredns", { kind: "ServiceAccount", ...metadata }, [
      { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: COREFILE } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: "coredns",
            dnsPolicy: "Default",
            priorityClassName: "system-cluster-critical",
            // Lets a server without any right listen there, in this pod's own network.
            securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(PORT) }] },
            containers: [
              {
                name: "coredns",
                image,
                args: ["-conf", "/etc/coredns/Corefile"],
                securityContext: LOCKED_DOWN,
                volumeMounts: [{ name: "config", mountPath: "/etc/coredns" }],
                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
                livenessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 5, failureThreshold: 3 },
              },
            ],
            volumes: [{ name: "config", configMap: { name: "coredns" } }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: {
        clusterIP: CLUSTER.dnsService,
        selector: labels,
        ports: [
          { name: "dns", port: 53, targetPort: PORT, protocol: "UDP" },
          { name: "dns-tcp", port: 53, targetPort: PORT, protocol: "TCP" },
        ],
      },
    },
  ];
}
