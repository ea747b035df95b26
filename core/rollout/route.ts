import { COLORS, type Color, type Weights } from "./color";
import { ANNOTATION, HEADER, LABEL, SERVICE_PORT, probeRouteName, routeName, workloadName } from "./names";
import type { RolloutRecord } from "./record";

/** Where a service is reached: its host names on one listener of one Gateway. */
export interface RouteShape {
  readonly service: string;
  readonly namespace: string;
  readonly hostnames: readonly string[];
  readonly gateway: { readonly name: string; readonly namespace: string; readonly section?: string };
}

const API_VERSION = "gateway.networking.k8s.io/v1";

/**
 * The one route of a service: both colors as backends, always, whatever their weights. Each backend marks its answers
 * with its color and with `marker`, which changes with every weight change: so the data plane itself says who
 * answered, and whether the answering proxy has this patch already.
 */
export function renderRoute(shape: RouteShape, weights: Weights, record: RolloutRecord, marker: string) {
  if (weights.blue + weights.green !== 100) {
    throw new RangeError(`weights of ${shape.service}: got ${weights.blue} + ${weights.green}, the sum must be 100`);
  }
  return {
    apiVersion: API_VERSION,
    kind: "HTTPRoute",
    metadata: {
      name: routeName(shape.service),
      namespace: shape.namespace,
      labels: { [LABEL.service]: shape.service },
      annotations: { [ANNOTATION.record]: JSON.stringify(record) },
    },
    spec: {
      parentRefs: [parentRef(shape)],
      hostnames: [...shape.hostnames],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: COLORS.map((color) => ({
            ...backendRef(shape.service, color, weights[color]),
            filters: [
              {
                type: "ResponseHeaderModifier",
                responseHeaderModifier: {
                  set: [
                    { name: HEADER.color, value: color },
                    { name: HEADER.move, value: marker },
                  ],
                },
              },
            ],
          })),
        },
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
    parentRefs: [parentRef(shape)],
    hostnames: [...shape.hostnames],
    rules: COLORS.map((color) => ({
      matches: [
        {
          path: { type: "PathPrefix", value: "/" },
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

const parentRef = ({ gateway }: RouteShape) => ({
  group: "gateway.networking.k8s.io",
  kind: "Gateway",
  name: gateway.name,
  namespace: gateway.namespace,
  ...(gateway.section === undefined ? {} : { sectionName: gateway.section }),
});

// Every default is written out: what the API server would add is then no difference to what we applied.
const backendRef = (service: string, color: Color, weight: number) => ({
  group: "",
  kind: "Service",
  name: workloadName(service, color),
  port: SERVICE_PORT,
  weight,
});
