import { SANDBOXES_NAMESPACE, sandboxLabel } from "../../core/sandbox/identity";
import { REVIEW_GATE } from "../../core/sharing/names";
import type { KubeObject } from "../../platform/kube/objects";
import { CLUSTER } from "../../platform/local/layout";
import { AUTH_PATH } from "./gate";
import { AUTH_PORT, serviceHost } from "./objects";

const APPLIED = "traefik.io/v1alpha1";
const [ASKS, HEADERS] = [`${REVIEW_GATE}-asks`, `${REVIEW_GATE}-headers`];

/** What a sandbox's route has among the filters of every rule: without the gate's word nothing passes. */
export const reviewFilter = {
  type: "ExtensionRef",
  extensionRef: { group: "traefik.io", kind: "Middleware", name: REVIEW_GATE },
} as const;

/** Headers by which programs are told who somebody is, or that a request is another one than it looks. */
const BELIEVED = [
  ...["X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username"],
  ...["X-Forwarded-Access-Token", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups"],
  ...["Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name", "X-Remote-User"],
  ...["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"],
] as const;

/** The gate's address as the gateway of a context reaches it. */
export function gateAddress(kubeContext: string): string {
  const host = kubeContext === CLUSTER.context ? CLUSTER.reviewGate : serviceHost(SANDBOXES_NAMESPACE);
  return `http://${host}:${AUTH_PORT}${AUTH_PATH}`;
}

export interface ReviewObjectsArgs {
  readonly sandbox: string;
  /** Of the sandbox; its route is there too. @default the sandbox's name */
  readonly namespace?: string;
  /** Where the gateway asks; see `gateAddress`. */
  readonly address: string;
}

/**
 * What `reviewFilter` names, in the sandbox's own namespace. While one of these is missing, or the gate does not answer,
 * the gateway answers with an error and lets nothing pass.
 */
export function reviewObjects({ sandbox, namespace = sandbox, address }: ReviewObjectsArgs): readonly KubeObject[] {
  const middleware = (name: string, spec: object): KubeObject => ({
    apiVersion: APPLIED,
    kind: "Middleware",
    metadata: { name, namespace, labels: sandboxLabel(sandbox) },
    spec,
  });
  return [
    middleware(ASKS, {
      forwardAuth: {
        address,
        // What a client says of itself is not believed: the gateway says who asked for what.
        trustForwardHeader: false,
        authRequestHeaders: ["Accept", "Cookie", "Sec-WebSocket-Key"],
        // The request goes on with these as the gate gave them, and without those that it did not give.
        authResponseHeaders: ["Cookie", "Sec-WebSocket-Key", ...BELIEVED],
        maxResponseBodySize: 65_536,
      },
    }),
    middleware(HEADERS, {
      headers: {
        customResponseHeaders: {
          "Cache-Control": "no-store",
          "X-Robots-Tag": "noindex, nofollow",
          "Referrer-Policy": "same-origin",
        },
      },
    }),
    middleware(REVIEW_GATE, { chain: { middlewares: [{ name: ASKS }, { name: HEADERS }] } }),
  ];
}
