import { sessionRules, setCookie } from "./affinity";
import { COLORS, type Color, type Weights } from "./color";
import { ANNOTATION, HEADER, LABEL, SERVICE_PORT, probeRouteName, routeName, workloadName } from "./names";
import type { RolloutRecord } from "./record";

/** Where a service is reached: its host names on one listener of one Gateway. */
export interface RouteShape {
  readonly service: string;
  readonly namespace: string;
  readonly hostnames: readonly string[];
  readonly gateway: {
    readonly name: string;
    readonly namespace: string;
    readonly section?: string;
    /** The listener for https, if the service has one: the same rules there and here, written by one patch. */
    readonly https?: HttpsParent;
  };
}

/** What holds a service's https listener, in the service's own namespace. */
export interface HttpsParent {
  readonly kind: "Gateway" | "ListenerSet";
  readonly name: string;
}

const GROUP = "gateway.networking.k8s.io";
const API_VERSION = `${GROUP}/v1`;
const ANY_PATH = { type: "PathPrefix", value: "/" } as const;

/**
 * The one route of a service: both colors as backends, always, whatever their weights. Each backend marks its answers
 * with its color and with `marker`, which changes with every weight change: so the data plane itself says who
 * answered, and whether the answering proxy has this patch already. The first rule has the weights; those after it lead
 * sessions, and stand there only while the traffic is divided.
 */
export function renderRoute(shape: RouteShape, weights: Weights, record: RolloutRecord, marker: string) {
  if (weights.blue + weights.green !== 100) {
    throw new RangeError(`weights of ${shape.service}: got ${weights.blue} + ${weights.green}, the sum must be 100`);
  }
  const { service } = shape;
  const { move } = record;
  const backends = (shares: Weights, deals: boolean) =>
    COLORS.map((color) => {
      const cookie = deals ? setCookie(service, color, weights, move) : undefined;
      return { ...backendRef(service, color, shares[color]), filters: [marks(color, marker, cookie)] };
    });
  return {
    apiVersion: API_VERSION,
    kind: "HTTPRoute",
    metadata: {
      name: routeName(service),
      namespace: shape.namespace,
      labels: { [LABEL.service]: service },
      annotations: { [ANNOTATION.record]: JSON.stringify(record) },
    },
    spec: {
      parentRefs: parentRefs(shape),
      hostnames: [...shape.hostnames],
      rules: [
        { matches: [{ path: ANY_PATH }], backendRefs: backends(weights, true) },
        ...sessionRules(service, weights, move).map((rule) => ({
          matches: [{ path: ANY_PATH, headers: [{ type: "RegularExpression", name: "Cookie", value: rule.cookie }] }],
          backendRefs: backends(rule.weights, rule.deals),
        })),
      ],
    },
  };
}

/**
 * A second route with the same host names that reaches one color by a header only testers know, so that the idle color
 * is proven through the real gateway before it has any traffic. It takes no part in a move.
 */
export function renderProbeRouteSpec(shape: RouteShape, token: string) {
  return {
    parentRefs: parentRefs(shape),
    hostnames: [...shape.hostnames],
    rules: COLORS.map((color) => ({
      matches: [
        {
          path: ANY_PATH,
          headers: [{ type: "Exact", name: HEADER.probe, value: probeHeader(color, token) }],
        },
      ],
      backendRefs: [backendRef(shape.service, color, 1)],
    })),
  };
}

export const probeHeader = (color: Color, token: string): string => `${color}.${token}`;

export const routeRef = (service: string, namespace: string) => ({
  apiVersion: API_VERSION,
  kind: "HTTPRoute",
  name: routeName(service),
  namespace,
});

export const probeRouteRef = (service: string, namespace: string) => ({
  apiVersion: API_VERSION,
  kind: "HTTPRoute",
  name: probeRouteName(service),
  namespace,
});

/** The shared Gateway comes first: who reads a route finds its shape by the order. */
const parentRefs = ({ gateway, namespace }: RouteShape) => [
  {
    group: GROUP,
    kind: "Gateway",
    name: gateway.name,
    namespace: gateway.namespace,
    ...(gateway.section === undefined ? {} : { sectionName: gateway.section }),
  },
  ...(gateway.https === undefined ? [] : [{ group: GROUP, ...gateway.https, namespace }]),
];

/** Added, not set: a cookie of ours must not take the service's own away. */
const marks = (color: Color, marker: string, cookie: string | undefined) => ({
  type: "ResponseHeaderModifier",
  responseHeaderModifier: {
    set: [
      { name: HEADER.color, value: color },
      { name: HEADER.move, value: marker },
    ],
    ...(cookie === undefined ? {} : { add: [{ name: "Set-Cookie", value: cookie }] }),
  },
});

// Every default is written out: what the API server would add is then no difference to what we applied.
const backendRef = (service: string, color: Color, weight: number) => ({
  group: "",
  kind: "Service",
  name: workloadName(service, color),
  port: SERVICE_PORT,
  weight,
});
