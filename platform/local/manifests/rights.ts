import { clusterBinding, clusterRights, type Manifest } from "./objects";

const READ = ["get", "list", "watch"];

const user = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name });

/** Rights of the platform's own processes, beyond what Kubernetes grants them by itself. */
export function rightsManifests(): Manifest[] {
  return [
    clusterBinding("hms:node-proxier", "system:node-proxier", [user("system:kube-proxy")]),
    clusterBinding("hms:kubelet-clients", "system:kubelet-api-admin", [
      { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "hms:kubelet-clients" },
    ]),
    ...clusterRights("hms:prometheus", { kind: "User", name: "hms-prometheus" }, [
      { apiGroups: [""], resources: ["pods"], verbs: READ },
    ]),
    ...clusterRights("hms:network-policy", { kind: "User", name: "hms-network-policy" }, [
      { apiGroups: [""], resources: ["pods", "namespaces"], verbs: READ },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: READ },
    ]),
  ];
}
