import * as path from "node:path";
import { ACCOUNT_REGISTRIES, AWS, awsParts, wantsAws } from "./aws";
import { kubeletConfig } from "./configs";
import { CLUSTER, type Layout } from "./layout";
import { containerd, dockerd, postgres, prometheus, registry } from "./machineParts";
import { networkPolicy, NETWORK_POLICY } from "./networkPolicyPart";
import { flags, type Part } from "./part";
import { CLIENTS, kubeconfigText } from "./pki";
import { probeHttp } from "./probe";

/** All processes of the platform. `withDocker` is off where a Docker of the machine's own answers. */
export function platformParts(layout: Layout, withDocker: boolean): readonly Part[] {
  const parts = [
    etcd(layout),
    containerd(layout),
    registry(layout),
    postgres(layout),
    apiserver(layout),
    controllerManager(layout),
    scheduler(layout),
    networkPolicy(layout),
    kubelet(layout),
    proxy(layout),
    prometheus(layout),
    ...(wantsAws(layout) ? awsParts(layout) : []),
  ];
  return withDocker ? [...parts, dockerd(layout)] : parts;
}

/** Names of all parts there can be, for stopping and for logs. Those that others need come last. */
export const PART_NAMES = [
  ...["prometheus", "kube-proxy", "kubelet", NETWORK_POLICY],
  ...[AWS, ...ACCOUNT_REGISTRIES.map(({ part }) => part)],
  ...[
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
    "registry",
    "postgres",
    "dockerd",
    "containerd",
  ],
] as const;

const pki = (layout: Layout, name: string): string => path.join(layout.pki, name);

function etcd(layout: Layout): Part {
  const client = `https://127.0.0.1:${layout.ports.etcd}`;
  const peer = `https://127.0.0.1:${layout.ports.etcdPeer}`;
  const tls = {
    ca: pki(layout, "etcd-ca.crt"),
    cert: pki(layout, "etcd-client.crt"),
    key: pki(layout, "etcd-client.key"),
  };
  const server = { crt: pki(layout, "etcd.crt"), key: pki(layout, "etcd.key") };
  return {
    name: "etcd",
    needs: [],
    spec: () => ({
      name: "etcd",
      argv: [
        path.join(layout.bin, "etcd"),
        ...flags({
          "data-dir": path.join(layout.data, "etcd"),
          "listen-client-urls": client,
          "advertise-client-urls": client,
          "listen-peer-urls": peer,
          "initial-advertise-peer-urls": peer,
          "initial-cluster": `default=${peer}`,
          "cert-file": server.crt,
          "key-file": server.key,
          "trusted-ca-file": tls.ca,
          "client-cert-auth": true,
          "peer-cert-file": server.crt,
          "peer-key-file": server.key,
          "peer-trusted-ca-file": tls.ca,
          "peer-client-cert-auth": true,
          "log-level": "warn",
        }),
      ],
      files: {},
    }),
    probe: () => probeHttp({ url: `${client}/health`, tls }),
  };
}

function apiserver(layout: Layout): Part {
  return {
    name: "kube-apiserver",
    needs: ["etcd"],
    spec: () => ({
      name: "kube-apiserver",
      argv: [
        path.join(layout.bin, "kube-apiserver"),
        ...flags({
          "etcd-servers": `https://127.0.0.1:${layout.ports.etcd}`,
          "etcd-cafile": pki(layout, "etcd-ca.crt"),
          "etcd-certfile": pki(layout, "etcd-client.crt"),
          "etcd-keyfile": pki(layout, "etcd-client.key"),
          "bind-address": CLUSTER.address,
          "advertise-address": CLUSTER.address,
          "secure-port": layout.ports.apiserver,
          "tls-cert-file": pki(layout, "apiserver.crt"),
          "tls-private-key-file": pki(layout, "apiserver.key"),
          "client-ca-file": pki(layout, "ca.crt"),
          "service-account-key-file": pki(layout, "sa.key"),
          "service-account-signing-key-file": pki(layout, "sa.key"),
          "service-account-issuer": "https://kubernetes.default.svc",
          "service-cluster-ip-range": CLUSTER.serviceCidr,
          "authorization-mode": "Node,RBAC",
          "enable-admission-plugins": "NodeRestriction",
          "anonymous-auth": false,
          profiling: false,
          "kubelet-client-certificate": pki(layout, "kubelet-client.crt"),
          "kubelet-client-key": pki(layout, "kubelet-client.key"),
          "kubelet-certificate-authority": pki(layout, "ca.crt"),
          "kubelet-preferred-address-types": "InternalIP",
          "allow-privileged": true,
        }),
      ],
      files: { [layout.kubeconfig]: kubeconfigText(layout, "admin") },
    }),
    probe: () =>
      probeHttp({
        url: `${layout.apiUrl}/readyz`,
        tls: { ca: pki(layout, "ca.crt"), cert: pki(layout, "admin.crt"), key: pki(layout, "admin.key") },
      }),
  };
}

const kubeconfigFile = (layout: Layout, user: string): string => path.join(layout.etc, `${user}.kubeconfig`);

/** A control-plane client: its kubeconfig is one of its files, so a new certificate restarts it. */
function apiClient(
  layout: Layout,
  name: string,
  user: keyof typeof CLIENTS | "node",
  args: Readonly<Record<string, string | number | boolean>>,
  health: string,
  files: Readonly<Record<string, string>> = {},
  needs: readonly string[] = [],
): Part {
  const kubeconfig = kubeconfigFile(layout, user);
  return {
    name,
    needs: ["kube-apiserver", ...needs],
    spec: () => ({
      name,
      argv: [path.join(layout.bin, name), ...flags({ kubeconfig, ...args })],
      files: { [kubeconfig]: kubeconfigText(layout, user), ...files },
    }),
    probe: () => probeHttp({ url: health }),
  };
}

function controllerManager(layout: Layout): Part {
  const kubeconfig = kubeconfigFile(layout, "controller-manager");
  return apiClient(
    layout,
    "kube-controller-manager",
    "controller-manager",
    {
      "authentication-kubeconfig": kubeconfig,
      "authorization-kubeconfig": kubeconfig,
      "service-account-private-key-file": pki(layout, "sa.key"),
      "root-ca-file": pki(layout, "ca.crt"),
      "use-service-account-credentials": true,
      "cluster-cidr": CLUSTER.podCidr,
      "leader-elect": false,
      "bind-address": "127.0.0.1",
      "secure-port": layout.ports.controllerManager,
      "cert-dir": path.join(layout.run, "controller-manager"),
      "flex-volume-plugin-dir": path.join(layout.data, "volume-plugins"),
    },
    `https://127.0.0.1:${layout.ports.controllerManager}/healthz`,
  );
}

function scheduler(layout: Layout): Part {
  const kubeconfig = kubeconfigFile(layout, "scheduler");
  return apiClient(
    layout,
    "kube-scheduler",
    "scheduler",
    {
      "authentication-kubeconfig": kubeconfig,
      "authorization-kubeconfig": kubeconfig,
      "leader-elect": false,
      "bind-address": "127.0.0.1",
      "secure-port": layout.ports.scheduler,
      "cert-dir": path.join(layout.run, "scheduler"),
    },
    `https://127.0.0.1:${layout.ports.scheduler}/healthz`,
  );
}

function kubelet(layout: Layout): Part {
  const config = path.join(layout.etc, "kubelet.json");
  return apiClient(
    layout,
    "kubelet",
    "node",
    {
      config,
      "hostname-override": CLUSTER.node,
      "node-ip": CLUSTER.address,
      "root-dir": path.join(layout.data, "kubelet"),
      "cert-dir": path.join(layout.run, "kubelet"),
    },
    `http://127.0.0.1:${layout.ports.kubeletHealth}/healthz`,
    { [config]: kubeletConfig(layout) },
    // No pod starts before the rules that isolate it are in force.
    ["containerd", NETWORK_POLICY],
  );
}

function proxy(layout: Layout): Part {
  return apiClient(
    layout,
    "kube-proxy",
    "proxy",
    {
      "hostname-override": CLUSTER.node,
      "cluster-cidr": CLUSTER.podCidr,
      "proxy-mode": "iptables",
      "bind-address": "127.0.0.1",
      "healthz-bind-address": `127.0.0.1:${layout.ports.proxyHealth}`,
      "metrics-bind-address": `127.0.0.1:${layout.ports.proxyMetrics}`,
      // NodePorts on loopback only: no other machine may reach a pod of ours.
      "nodeport-addresses": "127.0.0.0/8",
      "iptables-min-sync-period": "100ms",
      // Zero leaves the machine's own settings of connection tracking alone.
      "conntrack-max-per-core": 0,
      "conntrack-min": 0,
      "conntrack-tcp-timeout-established": "0s",
      "conntrack-tcp-timeout-close-wait": "0s",
    },
    `http://127.0.0.1:${layout.ports.proxyHealth}/livez`,
  );
}
