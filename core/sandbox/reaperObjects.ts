import { SANDBOX_LABEL, SANDBOXES_NAMESPACE } from "./identity";
import { SWEEP_MINUTES } from "./reap";

/** Service account of the reaper, in the namespace of what sandboxes share. */
export const REAPER = "hms-reaper";

/** What the reaper may do inside a sandbox; bound there, by the sandbox itself. */
const INSIDE = "hms-reaper-inside";
const ALL = "hms-reaper";

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1" } as const;
const roleRef = (kind: "Role" | "ClusterRole", name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
const SUBJECTS = [{ kind: "ServiceAccount", name: REAPER, namespace: SANDBOXES_NAMESPACE }];

/** Of a RoleBinding in a sandbox's namespace. */
export const reaperBinding = () => ({ roleRef: roleRef("ClusterRole", INSIDE), subjects: SUBJECTS });

export interface ReaperSettings {
  /** Spec of its pod; made by provider/runnerPod. */
  readonly pod: Readonly<Record<string, unknown>>;
  /** Secret with the database server's administrator, `<namespace>/<name>`. */
  readonly server: string;
  /** Label that the database server's policy lets in. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/**
 * The reaper's objects. It may list and delete namespaces, and an admission policy holds it to those that are a sandbox by
 * their own label: a mistake of ours cannot cost anybody else's namespace.
 */
export function reaperObjects({ pod, server, podLabels }: ReaperSettings) {
  const [serverNamespace = "", serverSecret = ""] = server.split("/");
  const own = { name: REAPER, namespace: SANDBOXES_NAMESPACE };
  const everywhere = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "delete"] }];
  const inside = [
    { apiGroups: [""], resources: ["pods"], verbs: ["list", "delete"] },
    { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: ["list", "delete"] },
  ];
  const secret = (name: string) => ({ apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: [name] });
  const shared = [
    {
      apiGroups: [""],
      resources: ["configmaps"],
      verbs: ["get", "list", "create", "patch", "update", "delete"],
    },
    // Where events of sandboxes are sent to.
    secret("events-sink"),
  ];
  const events = [{ apiGroups: [""], resources: ["events"], verbs: ["get", "create", "patch"] }];
  const role = (name: string, namespace: string, rules: readonly object[]) => [
    { ...RBAC, kind: "Role", metadata: { name, namespace }, rules },
    { ...RBAC, kind: "RoleBinding", metadata: { name, namespace }, roleRef: roleRef("Role", name), subjects: SUBJECTS },
  ];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: SANDBOXES_NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: own, automountServiceAccountToken: false },
    { ...RBAC, kind: "ClusterRole", metadata: { name: ALL }, rules: everywhere },
    {
      ...RBAC,
      kind: "ClusterRoleBinding",
      metadata: { name: ALL },
      roleRef: roleRef("ClusterRole", ALL),
      subjects: SUBJECTS,
    },
    { ...RBAC, kind: "ClusterRole", metadata: { name: INSIDE }, rules: inside },
    ...role(REAPER, SANDBOXES_NAMESPACE, shared),
    ...role(`${REAPER}-server`, serverNamespace, [secret(serverSecret)]),
    ...role(`${REAPER}-events`, "default", events),
    ...admission(),
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: own,
      spec: {
        schedule: `*/${SWEEP_MINUTES} * * * *`,
        // Two at once would only stand in each other's way.
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: SWEEP_MINUTES * 60,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            activeDeadlineSeconds: SWEEP_MINUTES * 60 - 30,
            template: { metadata: { labels: podLabels }, spec: pod },
          },
        },
      },
    },
  ];
}

const ADMISSION = { apiVersion: "admissionregistration.k8s.io/v1" } as const;

function admission() {
  const account = `system:serviceaccount:${SANDBOXES_NAMESPACE}:${REAPER}`;
  const label = `'${SANDBOX_LABEL}'`;
  return [
    {
      ...ADMISSION,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: REAPER },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["namespaces"] }],
        },
        matchConditions: [{ name: "reaper", expression: `request.userInfo.username == '${account}'` }],
        validations: [
          {
            expression: `has(oldObject.metadata.labels) && ${label} in oldObject.metadata.labels && oldObject.metadata.labels[${label}] == oldObject.metadata.name`,
            message: "the reaper of sandboxes deletes namespaces of sandboxes only",
          },
        ],
      },
    },
    {
      ...ADMISSION,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: REAPER },
      spec: { policyName: REAPER, validationActions: ["Deny"] },
    },
  ];
}
