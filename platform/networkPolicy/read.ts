/** Objects of the API server as this program knows them. Reading is forgiving in form, never in effect. */
import { z } from "zod";
import type { KubeObject } from "../kube/objects";
import {
  PROTOCOLS,
  type Direction,
  type Namespace,
  type Peer,
  type Pod,
  type Policy,
  type PolicyRule,
  type Selector,
} from "./model";
import { addressOf } from "./ranges";

const labels = z.record(z.string(), z.string());

const selector = z
  .object({
    matchLabels: labels.nullish(),
    matchExpressions: z
      .array(
        z.object({
          key: z.string(),
          operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
          values: z.array(z.string()).nullish(),
        }),
      )
      .nullish(),
  })
  .transform(({ matchLabels, matchExpressions }): Selector => ({
    matchLabels: matchLabels ?? {},
    matchExpressions: (matchExpressions ?? []).map(({ values, ...rest }) => ({ ...rest, values: values ?? [] })),
  }));

const EVERYTHING: Selector = { matchLabels: {}, matchExpressions: [] };

const peer = z
  .object({
    podSelector: selector.nullish(),
    namespaceSelector: selector.nullish(),
    ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).nullish() }).nullish(),
  })
  .transform(({ podSelector, namespaceSelector, ipBlock }): readonly Peer[] => {
    if (ipBlock) return [{ cidr: ipBlock.cidr, except: ipBlock.except ?? [] }];
    if (podSelector) return [{ pods: podSelector, ...(namespaceSelector ? { namespaces: namespaceSelector } : {}) }];
    // A peer without a word selects nobody.
    return namespaceSelector ? [{ pods: EVERYTHING, namespaces: namespaceSelector }] : [];
  });

const port = z.object({
  protocol: z.enum(PROTOCOLS).nullish(),
  port: z.union([z.number().int(), z.string()]).nullish(),
  endPort: z.number().int().nullish(),
});

const ports = z
  .array(port)
  .nullish()
  .transform((given): Pick<PolicyRule, "ports"> => {
    if (!given || given.length === 0) return {};
    return {
      ports: given.map(({ protocol, port: number, endPort }) => ({
        protocol: protocol ?? "TCP",
        ...(number === null || number === undefined ? {} : { port: number }),
        ...(endPort === null || endPort === undefined ? {} : { endPort }),
      })),
    };
  });

const peers = z
  .array(peer)
  .nullish()
  .transform((given): Pick<PolicyRule, "peers"> => (given && given.length > 0 ? { peers: given.flat() } : {}));

const spec = z.object({
  podSelector: selector.nullish(),
  policyTypes: z.array(z.enum(["Ingress", "Egress"])).nullish(),
  ingress: z.array(z.object({ from: peers, ports })).nullish(),
  egress: z.array(z.object({ to: peers, ports })).nullish(),
});

/** The policy, and why it could not be understood, if it could not: it then isolates its whole namespace, both ways. */
export function readPolicy({ metadata, spec: given }: KubeObject): {
  readonly policy: Policy;
  readonly problem?: string;
} {
  const identity = { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
  const parsed = spec.safeParse(given);
  if (!parsed.success)
    return {
      policy: { ...identity, pods: EVERYTHING, ingress: [], egress: [] },
      problem: parsed.error.issues.map((issue) => `spec.${issue.path.join(".")}: ${issue.message}`).join("; "),
    };
  const { podSelector, policyTypes, ingress, egress } = parsed.data;
  const types =
    policyTypes && policyTypes.length > 0 ? policyTypes : ["Ingress", ...(egress?.length ? ["Egress"] : [])];
  const rules: Record<Direction, readonly PolicyRule[]> = {
    ingress: (ingress ?? []).map((rule) => ({ ...rule.from, ...rule.ports })),
    egress: (egress ?? []).map((rule) => ({ ...rule.to, ...rule.ports })),
  };
  return {
    policy: {
      ...identity,
      pods: podSelector ?? EVERYTHING,
      ...(types.includes("Ingress") ? { ingress: rules.ingress } : {}),
      ...(types.includes("Egress") ? { egress: rules.egress } : {}),
    },
  };
}

const podShape = z.object({
  spec: z.object({
    hostNetwork: z.boolean().nullish(),
    containers: z.array(containerShape()),
    initContainers: z.array(containerShape()).nullish(),
  }),
  status: z
    .object({
      phase: z.string().nullish(),
      podIP: z.string().nullish(),
      podIPs: z.array(z.object({ ip: z.string() })).nullish(),
    })
    .nullish(),
});

function containerShape() {
  const offered = z.object({
    name: z.string().nullish(),
    protocol: z.enum(PROTOCOLS).nullish(),
    containerPort: z.number().int(),
  });
  return z.object({ ports: z.array(offered).nullish() });
}

/** Undefined for a pod that has no address of its own: on the host's network, or ended. @throws ZodError */
export function readPod(object: KubeObject): Pod | undefined {
  const { metadata } = object;
  const { spec: asked, status } = podShape.parse(object);
  if (asked.hostNetwork === true || status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
  const addresses = [...(status?.podIPs ?? []).map(({ ip }) => ip), ...(status?.podIP ? [status.podIP] : [])];
  const address = addresses.find((text) => addressOf(text) !== undefined);
  // Sidecars are init containers too, and their ports are open as long as the others'.
  const containers = [...asked.containers, ...(asked.initContainers ?? [])];
  return {
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    labels: metadata.labels ?? {},
    ...(address === undefined ? {} : { address }),
    ports: containers.flatMap(({ ports: offered }) =>
      (offered ?? []).flatMap(({ name, protocol, containerPort }) =>
        name ? [{ name, protocol: protocol ?? ("TCP" as const), port: containerPort }] : [],
      ),
    ),
    since: metadata.creationTimestamp ?? "",
  };
}

export const readNamespace = ({ metadata }: KubeObject): Namespace => ({
  name: metadata.name ?? "",
  labels: metadata.labels ?? {},
});
