import type { Manifest } from "./objects";

const GROUP = "traefik.io";

/** Traefik's own kinds by plural. Its reader of them starts only when it can list every one. */
const KINDS = {
  middlewares: "Middleware",
  middlewaretcps: "MiddlewareTCP",
  ingressroutes: "IngressRoute",
  ingressroutetcps: "IngressRouteTCP",
  ingressrouteudps: "IngressRouteUDP",
  serverstransports: "ServersTransport",
  serverstransporttcps: "ServersTransportTCP",
  tlsoptions: "TLSOption",
  tlsstores: "TLSStore",
  traefikservices: "TraefikService",
} as const;

/**
 * Definitions of Traefik's kinds, so that a route can name a Middleware. They check no fields: Traefik itself refuses what
 * it cannot read, and a route whose filter is refused answers with an error.
 */
export function traefikDefinitions(): Manifest[] {
  return Object.entries(KINDS).map(([plural, kind]) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  }));
}

/** What Traefik needs to read them. */
export const TRAEFIK_RULE = { apiGroups: [GROUP], resources: ["*"], verbs: ["get", "list", "watch"] } as const;
