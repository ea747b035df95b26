import * as path from "node:path";
import { CLUSTER, type Layout } from "./layout";

/** Folder that a process with a user of its own sees its data under; see confined.ts. */
export const CONFINED = "/mnt";

/** Image of the pod sandbox, by the local registry. */
export const pauseImage = (layout: Layout): string => `${layout.registry}/hms/pause:1`;

export function containerdConfig(layout: Layout): string {
  const text = JSON.stringify;
  return [
    "version = 2",
    `root = ${text(path.join(layout.data, "containerd"))}`,
    `state = ${text(path.join(layout.run, "containerd"))}`,
    "oom_score = 0",
    "[grpc]",
    `  address = ${text(layout.containerdSocket)}`,
    "[ttrpc]",
    `  address = ${text(`${layout.containerdSocket}.ttrpc`)}`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `  path = ${text(path.join(layout.data, "containerd-opt"))}`,
    '[plugins."io.containerd.grpc.v1.cri"]',
    `  sandbox_image = ${text(pauseImage(layout))}`,
    "  # Without CAP_SYS_RESOURCE a container may not lower its oom score, and runc dies of trying.",
    "  restrict_oom_score_adj = true",
    '  stream_server_address = "127.0.0.1"',
    "  # Not /run/netns: the first `ip netns add` on a machine mounts that folder upon itself, which hides ours for good.",
    "  netns_mounts_under_state_dir = true",
    '  [plugins."io.containerd.grpc.v1.cri".cni]',
    '    bin_dir = "/usr/lib/cni"',
    `    conf_dir = ${text(path.join(layout.etc, "cni"))}`,
    "",
  ].join("\n");
}

/** Pods on a bridge of their own; addresses are kept under the home folder, so a purge takes them along. */
export function cniConfig(layout: Layout): string {
  return JSON.stringify({
    cniVersion: "0.4.0",
    name: CLUSTER.network,
    plugins: [
      {
        type: "bridge",
        bridge: CLUSTER.bridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: path.join(layout.run, "cni"),
          ranges: [[{ subnet: CLUSTER.podCidr }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  });
}

export function kubeletConfig(layout: Layout): string {
  const pki = (name: string) => path.join(layout.pki, name);
  return JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: CLUSTER.address,
    port: layout.ports.kubelet,
    healthzBindAddress: "127.0.0.1",
    healthzPort: layout.ports.kubeletHealth,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: pki("node.crt"),
    tlsPrivateKeyFile: pki("node.key"),
    failSwapOn: false,
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
    resolvConf: "",
    clusterDNS: [CLUSTER.dnsService],
    clusterDomain: CLUSTER.domain,
    enforceNodeAllocatable: [],
    evictionHard: {
      "memory.available": "0%",
      "nodefs.available": "0%",
      "imagefs.available": "0%",
      "nodefs.inodesFree": "0%",
    },
    // The node keeps its images: a rollback must work with the registry stopped.
    imageGCHighThresholdPercent: 100,
    nodeStatusUpdateFrequency: "2s",
    maxPods: 250,
    podLogsDir: path.join(layout.log, "pods"),
    volumePluginDir: path.join(layout.data, "volume-plugins"),
  });
}

export function registryConfig(address: string): string {
  return JSON.stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${CONFINED}/store` }, delete: { enabled: true } },
    http: { addr: address },
  });
}

/** Scrapes fast enough to judge a release in seconds: the gateway, and every pod that asks for it by annotation. */
export function prometheusConfig(layout: Layout): string {
  const annotation = "__meta_kubernetes_pod_annotation_prometheus_io_";
  return JSON.stringify({
    global: { scrape_interval: "2s", scrape_timeout: "1900ms", evaluation_interval: "2s" },
    scrape_configs: [
      {
        job_name: "gateway",
        scrape_interval: "1s",
        scrape_timeout: "900ms",
        static_configs: [{ targets: [`127.0.0.1:${layout.ports.gatewayMetrics}`] }],
      },
      {
        job_name: "pods",
        kubernetes_sd_configs: [{ role: "pod", kubeconfig_file: `${CONFINED}/kubeconfig` }],
        relabel_configs: [
          { source_labels: [`${annotation}scrape`], action: "keep", regex: "true" },
          { source_labels: ["__meta_kubernetes_pod_phase"], action: "keep", regex: "Running" },
          { source_labels: ["__meta_kubernetes_pod_container_init"], action: "drop", regex: "true" },
          { regex: "__meta_kubernetes_pod_label_(.+)", action: "labelmap" },
          { source_labels: [`${annotation}path`], regex: "(.+)", target_label: "__metrics_path__" },
          {
            source_labels: ["__meta_kubernetes_pod_ip", `${annotation}port`],
            regex: "(.+);(\\d+)",
            replacement: "$1:$2",
            target_label: "__address__",
          },
          { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
          { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
          { source_labels: ["__meta_kubernetes_pod_container_name"], target_label: "container" },
        ],
      },
    ],
  });
}
