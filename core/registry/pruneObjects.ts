import { TO_NAME_SERVICE } from "../nameService";
import { RESTRICTED, RESTRICTED_POD } from "../restrictedPod";
import { sha256 } from "../sha256";
import type { PrunePlan } from "./prunePlan";

/** What prunes the registries of one stack by the clock. */
export interface PruneSettings {
  /** The stack's namespace; its own is beside it. */
  readonly namespace: string;
  /** Context of the cluster that it runs in, as the plan calls it. */
  readonly context: string;
  readonly plan: PrunePlan;
  readonly schedule: string;
  readonly timeZone: string;
  /** Whether what may go is removed; otherwise it is only told. */
  readonly apply: boolean;
  /** Seconds that one run may take. */
  readonly deadline: number;
  /** Secret of type `kubernetes.io/dockerconfigjson`: who it is to the registries. @default nobody */
  readonly credentials?: string;
  /** Secret with the key `kubeconfig`: how other clusters are asked. @default they cannot be, and nothing is removed */
  readonly kubeconfig?: string;
  /** Networks that its pods may reach. @default any */
  readonly networks?: readonly string[];
  /** Of its service account; some clouds say there which role of theirs it has. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether registries and emulators are on the node's own loopback, as on a local platform. */
  readonly onNode: boolean;
}

export const PRUNE = "hms-registry-prune";
/** Of its own namespace: whoever may start pods in the stack's must not have its rights. */
export const pruneNamespace = (namespace: string): string => `${namespace}-registry`;
/** Name of its ClusterRole and of what binds that; several stacks share a cluster. */
export const pruneRole = (namespace: string): string => `${PRUNE}-${namespace}`;
/** Of its pods. */
export const PRUNE_LABEL = "hms.delivery/registry-prune";

/**
 * To tell what is in use: all that names images, in every namespace, for a registry is shared. Lists alone, and nothing
 * of Secrets; notes of migrations are read by their name, which a service of anybody's may give.
 */
const RULES = [
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: ["list"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list"] },
  { apiGroups: ["apps"], resources: ["deployments", "replicasets", "statefulsets", "daemonsets"], verbs: ["list"] },
  { apiGroups: ["batch"], resources: ["jobs", "cronjobs"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
];

/** What stands in the cluster for it, as it is sent there. */
export function pruneObjects(settings: PruneSettings) {
  const { namespace, plan, annotations } = settings;
  const own = pruneNamespace(namespace);
  const labels = { [PRUNE_LABEL]: namespace };
  const metadata = { name: PRUNE, namespace: own, labels };
  const role = { name: pruneRole(namespace), labels };
  const text = JSON.stringify(plan, undefined, 1);
  return {
    home: { metadata: { name: own, labels } },
    plan: { metadata, data: { [PLAN_FILE]: text } },
    account: {
      metadata: { ...metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
      automountServiceAccountToken: false,
    },
    role: { metadata: role, rules: RULES },
    binding: {
      metadata: role,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.name },
      subjects: [{ kind: "ServiceAccount", name: PRUNE, namespace: own }],
    },
    policy: { metadata, spec: { podSelector: { matchLabels: labels }, ...waysOut(settings) } },
    /** @param image of the runner, by digest. */
    cronJob: <Image>(image: Image) => ({
      metadata,
      spec: {
        schedule: settings.schedule,
        timeZone: settings.timeZone,
        // Two would decide by what the other is removing.
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          metadata: { labels },
          spec: {
            // What it was refused for now, it is refused for at once again; the clock brings the next one.
            backoffLimit: 0,
            activeDeadlineSeconds: settings.deadline,
            template: {
              metadata: { labels, annotations: { "hms.delivery/plan": sha256(text).slice(0, 16) } },
              spec: podSpec(settings, image),
            },
          },
        },
      },
    }),
  };
}

const PLAN_FILE = "plan.json";
/** Of API servers, and of registries and clouds. */
const USUAL_PORTS = [443, 6443];

/** API servers, registries and the cloud are outside of the cluster's network; nobody comes in. */
function waysOut({ plan, networks }: PruneSettings) {
  const ports = plan.registries.flatMap((registry) =>
    "address" in registry ? Number(/:(\d+)(\/|$)/.exec(registry.address)?.[1] ?? 443) : [],
  );
  return {
    policyTypes: ["Ingress", "Egress"],
    ingress: [],
    egress: [
      {
        to: (networks ?? ["0.0.0.0/0"]).map((cidr) => ({ ipBlock: { cidr } })),
        ports: [...new Set([...USUAL_PORTS, ...ports])].map((port) => ({ protocol: "TCP", port })),
      },
      TO_NAME_SERVICE,
    ],
  };
}

function podSpec<Image>({ context, apply, credentials, kubeconfig, onNode }: PruneSettings, image: Image) {
  const volumes = [
    { name: "plan", configMap: { name: PRUNE } },
    ...(credentials === undefined ? [] : [secret("credentials", credentials, ".dockerconfigjson", "config.json")]),
    ...(kubeconfig === undefined ? [] : [secret("kubeconfig", kubeconfig, "kubeconfig", "kubeconfig")]),
  ];
  return {
    serviceAccountName: PRUNE,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    hostNetwork: onNode,
    restartPolicy: "Never",
    securityContext: { ...RESTRICTED_POD, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 },
    containers: [
      {
        name: "runner",
        image,
        args: [
          ...["prune", "--plan", `/plan/${PLAN_FILE}`, "--own", context],
          ...(kubeconfig === undefined ? [] : ["--kubeconfig", "/kubeconfig/kubeconfig"]),
          ...(apply ? ["--apply"] : []),
        ],
        env: credentials === undefined ? [] : [{ name: "DOCKER_CONFIG", value: "/credentials" }],
        // It holds the lists of whole clusters.
        resources: { requests: { cpu: "10m", memory: "128Mi" }, limits: { memory: "768Mi" } },
        terminationMessagePolicy: "FallbackToLogsOnError",
        securityContext: RESTRICTED,
        volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}`, readOnly: true })),
      },
    ],
    volumes,
  };
}

const secret = (name: string, secretName: string, key: string, path: string) => ({
  name,
  secret: { secretName, defaultMode: 0o440, items: [{ key, path }] },
});
