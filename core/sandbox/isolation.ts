/** What keeps a sandbox to itself: who may reach it, whom it may reach, and how much it may take. */
import { TO_NAME_SERVICE } from "../nameService";

/** Where the sandbox's database server is: pods of the cluster, or an address outside. */
export interface DatabaseReach {
  readonly namespace?: string;
  readonly pods?: Readonly<Record<string, string>>;
  readonly cidr?: string;
  readonly port: number;
}

const byName = (namespace: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
});

/** Specs of its network policies, by name: nothing is allowed but what one of them names. */
export function networkPolicies(reach: DatabaseReach, gatewayNamespace: string) {
  const database =
    reach.cidr !== undefined
      ? { ipBlock: { cidr: reach.cidr } }
      : {
          ...byName(reach.namespace ?? ""),
          ...(reach.pods === undefined ? {} : { podSelector: { matchLabels: { ...reach.pods } } }),
        };
  const within = { podSelector: {} };
  return {
    "deny-all": { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    inside: {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [within] }],
      egress: [{ to: [within] }],
    },
    gateway: {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [byName(gatewayNamespace)] }],
    },
    names: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [TO_NAME_SERVICE],
    },
    database: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [database], ports: [{ port: reach.port, protocol: "TCP" }] }],
    },
  };
}

/** Most of each that one sandbox may have. */
export const QUOTA = {
  pods: "10",
  services: "10",
  "services.nodeports": "0",
  "services.loadbalancers": "0",
  persistentvolumeclaims: "0",
  configmaps: "20",
  secrets: "20",
  "requests.cpu": "1",
  "requests.memory": "1Gi",
  "limits.memory": "2Gi",
  "limits.ephemeral-storage": "2Gi",
} as const;

/** What a container gets that asks for nothing, and the most that it may ask for. */
export const LIMIT = {
  type: "Container",
  default: { memory: "128Mi", "ephemeral-storage": "128Mi" },
  defaultRequest: { cpu: "10m", memory: "32Mi", "ephemeral-storage": "16Mi" },
  max: { memory: "512Mi", "ephemeral-storage": "512Mi" },
} as const;
