import { SERVICE_PORT } from "../rollout/names";

const GROUP = "gateway.networking.k8s.io";

/** What stands between the gateway and a sandbox: who may pass. */
export type RouteFilter = Readonly<Record<string, unknown>>;

export interface SandboxRoute {
  readonly host: string;
  readonly gateway: { readonly name: string; readonly namespace: string; readonly section?: string };
  /** Paths that lead to a service, by its name. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
  /** Asked before a request goes on, on every rule. */
  readonly filters: readonly RouteFilter[];
}

/** Neither search engines nor caches keep what a sandbox answers: it is gone tomorrow, and it is nobody's truth. */
const UNKEPT = {
  type: "ResponseHeaderModifier",
  responseHeaderModifier: {
    set: [
      { name: "x-robots-tag", value: "noindex, nofollow" },
      { name: "cache-control", value: "no-store" },
    ],
  },
};

/** Spec of the one HTTPRoute of a sandbox, the longest path first. Defaults are written out, as the API server has them. */
export function sandboxRouteSpec({ host, gateway, paths, filters }: SandboxRoute) {
  const rules = Object.entries(paths)
    .flatMap(([service, prefixes]) => prefixes.map((prefix) => ({ service, prefix })))
    .sort((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1));
  return {
    parentRefs: [
      {
        group: GROUP,
        kind: "Gateway",
        name: gateway.name,
        namespace: gateway.namespace,
        ...(gateway.section === undefined ? {} : { sectionName: gateway.section }),
      },
    ],
    hostnames: [host],
    rules: rules.map(({ service, prefix }) => ({
      matches: [{ path: { type: "PathPrefix", value: prefix } }],
      filters: [...filters, UNKEPT],
      backendRefs: [{ group: "", kind: "Service", name: service, port: SERVICE_PORT, weight: 1 }],
    })),
  };
}
