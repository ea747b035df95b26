import { RESTRICTED_POD } from "../restrictedPod";
import { ANNOTATION, LABEL } from "../rollout/names";

/** The account of the pods that update stacks, and the namespace they run in. */
export const FLEET = { namespace: "hms-fleet", account: "hms-fleet" } as const;

/** Where a pod finds its stacks' files. */
export const STACKS_FOLDER = "/run/hms-fleet/stacks";

/** How a pod's program ends that began nothing, because too many others had failed. */
export const NOT_BEGUN = 75;

/** The program in the image, which has no shell. */
const COMMAND = ["/usr/local/bin/node", "/app/bin/launch.cjs", "hms", "fleet", "work"] as const;

/** A restore moves traffic and waits for pods; a pod that is told to end has this long for it. */
const GRACE_SECONDS = 900;
/** Results of a run that nobody takes away. */
const KEPT_SECONDS = 24 * 3600;

/** What a pod of a fleet is told, in a variable of its environment. */
export interface FleetWork {
  readonly job: string;
  readonly context: string;
  readonly stacks: readonly string[];
  readonly mayFail: number;
}
export const WORK_VARIABLE = "HMS_FLEET_WORK";

/** One wave as one Job. */
export interface FleetJob {
  /** Of the Job, and of the Secret and ConfigMap beside it. */
  readonly name: string;
  /** Which stacks belong together, whatever they are updated from. */
  readonly fleet: string;
  readonly namespace: string;
  /** Name under which the stacks know the cluster that the Job runs in. */
  readonly context: string;
  /** In the order of the Job's indices. */
  readonly stacks: readonly string[];
  readonly parallel: number;
  /** So many pods may fail before the others begin nothing. */
  readonly mayFail: number;
  /** By digest. */
  readonly image: string;
  readonly account: string;
  /** Whether its sources are the same as of another Job. */
  readonly sources: string;
  /** Of each stack: text of its file. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Variables that nobody reads in a pod's spec. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Given where the cluster is this machine: its pods work as programs of this machine do. */
  readonly machine?: Machine;
}

export interface Machine {
  /** Folders that pods see at the same path. */
  readonly folders: readonly string[];
  /** Whose they are. */
  readonly user: number;
}

interface KubeManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** What one wave needs in the cluster: its stacks' files, its secrets, and the Job, which comes last. */
export function fleetJobManifests(job: FleetJob): readonly [KubeManifest, KubeManifest, KubeManifest] {
  const { name, namespace, fleet, stacks, files, secrets } = job;
  const metadata = { name, namespace, labels: { [LABEL.fleet]: fleet } };
  const texts = stacks.map((stack) => [`Pulumi.${stack}.yaml`, files[stack] ?? ""] as const);
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: Object.fromEntries(texts) },
    { apiVersion: "v1", kind: "Secret", metadata, stringData: secrets },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { ...metadata, annotations: { [ANNOTATION.fleetWork]: workOf(job) } },
      spec: {
        completionMode: "Indexed",
        completions: stacks.length,
        parallelism: Math.min(job.parallel, stacks.length),
        // An update that failed has restored itself; whether it is tried again is for a person to say.
        backoffLimitPerIndex: 0,
        // A pod that is being stopped still restores: nobody else updates its stack meanwhile.
        podReplacementPolicy: "Failed",
        ttlSecondsAfterFinished: KEPT_SECONDS,
        template: { metadata: { labels: metadata.labels }, spec: podSpec(job) },
      },
    },
  ];
}

/** What a Job does, as its annotation says it. */
export const workOf = ({ stacks, sources }: Pick<FleetJob, "stacks" | "sources">): string =>
  JSON.stringify({ stacks, sources });

function podSpec({ name, context, account, image, stacks, mayFail, env, machine }: FleetJob) {
  const volumes = [
    { name: "stacks", configMap: { name } },
    ...(machine?.folders ?? []).map((path, index) => ({
      name: `machine-${index}`,
      hostPath: { path, type: "Directory" },
    })),
  ];
  const work: FleetWork = { job: name, context, stacks, mayFail };
  const variables = { ...env, [WORK_VARIABLE]: JSON.stringify(work) };
  return {
    serviceAccountName: account,
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    // Addresses in the stack files of the local platform are this machine's, and the engine's locks name its processes.
    ...(machine === undefined ? {} : { hostNetwork: true, hostPID: true, dnsPolicy: "ClusterFirstWithHostNet" }),
    securityContext:
      machine === undefined
        ? { ...RESTRICTED_POD, runAsUser: 65532, runAsGroup: 65532 }
        : { runAsUser: machine.user, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "update",
        image,
        command: [...COMMAND],
        env: Object.entries(variables).map(([key, value]) => ({ name: key, value })),
        envFrom: [{ secretRef: { name } }],
        resources: { requests: { cpu: "100m", memory: "512Mi" } },
        terminationMessagePolicy: "FallbackToLogsOnError",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [
          { name: "stacks", mountPath: STACKS_FOLDER, readOnly: true },
          ...(machine?.folders ?? []).map((mountPath, index) => ({ name: `machine-${index}`, mountPath })),
        ],
      },
    ],
    volumes,
  };
}

const MANAGE = ["get", "list", "watch", "create", "update", "patch", "delete"];
const READ = ["get", "list", "watch"];

/** Namespace and account of the pods, with the rights of somebody who delivers: all that an update of any stack makes. */
export function fleetAccountManifests(): readonly KubeManifest[] {
  const { namespace, account: name } = FLEET;
  const labels = { "app.kubernetes.io/managed-by": "hms" };
  const rbac = "rbac.authorization.k8s.io";
  const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]) => ({
    apiGroups: [apiGroup],
    resources,
    verbs,
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name, labels },
      rules: [
        rule("", ["namespaces", "services", "configmaps", "secrets", "serviceaccounts"], MANAGE),
        rule("", ["persistentvolumes", "persistentvolumeclaims"], MANAGE),
        rule("", ["pods", "pods/log", "events", "services/proxy", "nodes"], READ),
        rule("", ["pods"], ["delete"]),
        rule("", ["pods/eviction"], ["create"]),
        rule("apps", ["deployments"], MANAGE),
        rule("apps", ["replicasets", "statefulsets", "daemonsets"], READ),
        rule("policy", ["poddisruptionbudgets"], MANAGE),
        rule("autoscaling", ["horizontalpodautoscalers"], MANAGE),
        rule("batch", ["jobs", "cronjobs"], MANAGE),
        rule("networking.k8s.io", ["networkpolicies"], MANAGE),
        rule("coordination.k8s.io", ["leases"], MANAGE),
        rule("discovery.k8s.io", ["endpointslices"], READ),
        rule("gateway.networking.k8s.io", ["httproutes", "gateways", "listenersets"], MANAGE),
        rule("gateway.networking.k8s.io", ["gatewayclasses"], READ),
        rule("cert-manager.io", ["certificates"], MANAGE),
        rule("admissionregistration.k8s.io", ["validatingwebhookconfigurations"], MANAGE),
        // Accounts of a namespace get rights that this one need not have itself.
        rule(rbac, ["roles", "rolebindings", "clusterroles", "clusterrolebindings"], [...MANAGE, "escalate", "bind"]),
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name, labels },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
}

/** What a stack must be like for pods to update it. */
export interface JobStack {
  readonly stack: string;
  /** Contexts of all clusters that it delivers to. */
  readonly contexts: readonly string[];
  /** Whether its ledger is kept in a folder. */
  readonly ledgerInFolder: boolean;
  /** Services that are built from source. */
  readonly built: readonly string[];
  /** Whether it is deployed from approved sources alone. */
  readonly approvedSources: boolean;
}

/**
 * Why pods of a cluster cannot update these stacks, all reasons at once.
 * @param context of the cluster that the pods run in.
 * @param backend address of the engine's state.
 * @param isMachine whether that cluster is this machine: its pods see its folders and its Docker.
 */
export function jobProblems(
  stacks: readonly JobStack[],
  context: string,
  backend: string,
  isMachine: boolean,
): readonly string[] {
  const elsewhere = stacks.flatMap(({ stack, contexts }) => {
    const others = contexts.filter((one) => one !== context);
    return others.length === 0
      ? []
      : [`stack ${stack} delivers to ${others.join(", ")}; pods of ${context} reach no other cluster than their own`];
  });
  const approved = stacks
    .filter(({ approvedSources }) => approvedSources)
    .map(({ stack }) => `stack ${stack} has hms:approvedSources; a pod has no git to ask: update it without --runner`);
  if (isMachine) return [...elsewhere, ...approved];
  const state = /^(file:|$)/.test(backend)
    ? [`the state is at "${backend}", on this machine; pods need a backend of all, such as s3://bucket`]
    : [];
  const ledgers = stacks
    .filter(({ ledgerInFolder }) => ledgerInFolder)
    .map(({ stack }) => `stack ${stack} keeps its ledger in a folder; what a pod writes there is gone with the pod`);
  const built = stacks
    .filter((one) => one.built.length > 0)
    .map(
      ({ stack, built: names }) =>
        `stack ${stack} builds ${names.join(", ")}; pods have no Docker: name images by digest`,
    );
  return [...elsewhere, ...approved, ...state, ...ledgers, ...built];
}
