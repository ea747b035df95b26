import * as fs from "node:fs";
import * as path from "node:path";
import { cniConfig, CONFINED, containerdConfig, kubeletConfig, prometheusConfig, registryConfig } from "./configs";
import { accountNamed, claimFolder, confined } from "./confined";
import type { DaemonSpec } from "./daemon";
import { CLUSTER, type Layout } from "./layout";
import { CLIENTS, kubeconfigText } from "./pki";
import { probeHttp, probePostgres, probeSocket, type Verdict } from "./probe";
import { initialiseDatabase, POSTGRES_BIN } from "./postgres";

/** A process of the platform: what it waits for, how it starts, how it shows that it works. */
export interface Part {
  readonly name: string;
  /** Parts that must be healthy before this one starts. */
  readonly needs: readonly string[];
  /** What must be on disk before the first start. */
  readonly prepare?: () => Promise<void>;
  readonly spec: () => DaemonSpec;
  readonly probe: () => Promise<Verdict>;
}

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
    kubelet(layout),
    proxy(layout),
    prometheus(layout),
  ];
  return withDocker ? [...parts, dockerd(layout)] : parts;
}

/** Names of all parts there can be, for stopping and for logs. Those that others need come last. */
export const PART_NAMES = [
  ...["prometheus", "kube-proxy", "kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver"],
  ...["etcd", "registry", "postgres", "dockerd", "containerd"],
] as const;

const pki = (layout: Layout, name: string): string => path.join(layout.pki, name);
const flags = (values: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

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
    ["containerd"],
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

function containerd(layout: Layout): Part {
  const config = path.join(layout.etc, "containerd.toml");
  return {
    name: "containerd",
    needs: [],
    spec: () => ({
      name: "containerd",
      argv: [program("containerd"), "--config", config],
      files: {
        [config]: containerdConfig(layout),
        [path.join(layout.etc, "cni", "10-hms.conflist")]: cniConfig(layout),
      },
    }),
    probe: () => probeSocket(layout.containerdSocket),
  };
}

function dockerd(layout: Layout): Part {
  const config = path.join(layout.etc, "docker.json");
  return {
    name: "dockerd",
    needs: ["containerd"],
    spec: () => ({
      name: "dockerd",
      argv: [
        program("dockerd"),
        ...flags({
          host: `unix://${layout.dockerSocket}`,
          "config-file": config,
          "data-root": path.join(layout.data, "docker"),
          "exec-root": path.join(layout.run, "docker"),
          pidfile: path.join(layout.run, "dockerd.pid"),
          containerd: layout.containerdSocket,
          // It only builds and pushes: no bridge, no rules, no change to the machine's network.
          bridge: "none",
          iptables: false,
          ip6tables: false,
          "ip-forward": false,
          "ip-masq": false,
          "userland-proxy": false,
          "oom-score-adjust": 0,
          "log-level": "warn",
        }),
      ],
      files: { [config]: "{}\n" },
    }),
    probe: () => probeHttp({ socketPath: layout.dockerSocket, path: "/_ping" }),
  };
}

function registry(layout: Layout): Part {
  const folder = path.join(layout.data, "registry");
  return {
    name: "registry",
    needs: [],
    spec: () => {
      const account = accountNamed("docker-registry");
      claimFolder(folder, account);
      return {
        name: "registry",
        argv: confined(account, folder, [program("docker-registry"), "serve", `${CONFINED}/config.json`]),
        files: { [path.join(folder, "config.json")]: registryConfig(layout) },
        owner: account,
        env: { OTEL_TRACES_EXPORTER: "none" },
      };
    },
    probe: () => probeHttp({ url: `http://${layout.registry}/v2/` }),
  };
}

function postgres(layout: Layout): Part {
  const folder = path.join(layout.data, "postgres");
  return {
    name: "postgres",
    needs: [],
    prepare: () => initialiseDatabase(layout, folder),
    spec: () => ({
      name: "postgres",
      argv: confined(accountNamed("postgres"), folder, [
        `${POSTGRES_BIN}/postgres`,
        ...["-D", `${CONFINED}/db`, "-p", String(layout.ports.postgres)],
        ...["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${CONFINED}`],
      ]),
      files: {},
    }),
    probe: () => probePostgres(layout.ports.postgres),
  };
}

function prometheus(layout: Layout): Part {
  const folder = path.join(layout.data, "prometheus");
  return {
    name: "prometheus",
    needs: ["kube-apiserver"],
    spec: () => {
      const account = accountNamed("nobody");
      claimFolder(folder, account);
      return {
        name: "prometheus",
        env: { HMS_PROGRAM: linkInto(folder, path.join(layout.bin, "prometheus")) },
        argv: confined(account, folder, [
          `${CONFINED}/prometheus`,
          ...flags({
            "config.file": `${CONFINED}/prometheus.json`,
            "storage.tsdb.path": `${CONFINED}/tsdb`,
            "storage.tsdb.retention.time": "2d",
            "storage.tsdb.retention.size": "1GB",
            "web.listen-address": `127.0.0.1:${layout.ports.prometheus}`,
            "log.level": "warn",
          }),
        ]),
        files: {
          [path.join(folder, "prometheus.json")]: prometheusConfig(layout),
          [path.join(folder, "kubeconfig")]: kubeconfigText(layout, "prometheus"),
        },
        owner: account,
      };
    },
    probe: () => probeHttp({ url: `http://127.0.0.1:${layout.ports.prometheus}/-/ready` }),
  };
}

/** Puts a program of ours where a confined process can reach it; tells which one it is, so a new one is noticed. */
function linkInto(folder: string, file: string): string {
  const link = path.join(folder, path.basename(file));
  const wanted = fs.statSync(file);
  if (fs.statSync(link, { throwIfNoEntry: false })?.ino !== wanted.ino) {
    fs.rmSync(link, { force: true });
    fs.linkSync(file, link);
  }
  return `${wanted.mtimeMs}:${wanted.size}`;
}

function program(name: string): string {
  for (const folder of ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]) {
    if (fs.existsSync(path.join(folder, name))) return path.join(folder, name);
  }
  throw new Error(`${name} is not installed`);
}
