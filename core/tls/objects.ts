import { httpsName, LABEL, tlsSecretName } from "../rollout/names";
import type { HttpsParent } from "../rollout/route";
import type { TlsSettings } from "./settings";

/** The https side of one service, as it is to be rendered. */
export interface ServedHost {
  readonly service: string;
  readonly namespace: string;
  readonly host: string;
  /** The stack's shared Gateway. */
  readonly gateway: { readonly name: string; readonly namespace: string };
  readonly tls: TlsSettings;
}

/** An object of the cluster beside its certificate. */
export interface TlsObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: object;
}

const LISTENER = "https";
/** GatewayClass of the local platform. */
const LOCAL_CLASS = "traefik";
/** An update fails rather than go on without https: the listener must serve before any traffic moves. */
const WAIT_FOR = "pulumi.com/waitFor";

/** Secret that the listener takes certificate and key from; `undefined` where none is in the cluster. */
export function secretOf({ service, tls }: Pick<ServedHost, "service" | "tls">): string | undefined {
  if (tls.kind === "acm") return undefined;
  return tls.kind === "secret" ? tls.secret : tlsSecretName(service);
}

/** What the route attaches to, besides the shared Gateway. */
export const httpsParent = ({ service, tls }: Pick<ServedHost, "service" | "tls">): HttpsParent => ({
  kind: classOf(tls) === undefined ? "ListenerSet" : "Gateway",
  name: httpsName(service),
});

/** Objects in the order in which they are made, each after what it names. */
export function tlsObjects(of: ServedHost): readonly TlsObject[] {
  return [...certificateObjects(of), listenerObject(of)];
}

function certificateObjects(of: ServedHost): readonly TlsObject[] {
  const { service, host, tls } = of;
  if (tls.kind === "issuer") {
    const spec = {
      secretName: tlsSecretName(service),
      dnsNames: [host],
      issuerRef: { ...tls.issuer, group: "cert-manager.io" },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    };
    const metadata = { ...metadataOf(of, tlsSecretName(service)), annotations: { [WAIT_FOR]: "condition=Ready" } };
    return [{ apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata, spec }];
  }
  if (tls.kind !== "acm") return [];
  const listenerConfigurations = [{ protocolPort: `HTTPS:${tls.port}`, defaultCertificate: tls.arn }];
  return [
    {
      apiVersion: "gateway.k8s.aws/v1beta1",
      kind: "LoadBalancerConfiguration",
      metadata: metadataOf(of, httpsName(service)),
      spec: { listenerConfigurations },
    },
  ];
}

/**
 * The listener is an object of the service's own, in its namespace: no right to the shared Gateway is needed, none of
 * its other listeners can break, and the key is read where it lies.
 */
function listenerObject(of: ServedHost): TlsObject {
  const { service, host, gateway, tls } = of;
  const secret = secretOf(of);
  const listener = {
    name: LISTENER,
    port: tls.port,
    protocol: "HTTPS",
    hostname: host,
    // AWS's controller takes the certificate from its own object, and refuses any reference.
    ...(secret === undefined
      ? {}
      : { tls: { mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name: secret }] } }),
    allowedRoutes: { namespaces: { from: "Same" } },
  };
  const { kind, name } = httpsParent(of);
  const gatewayClassName = classOf(tls);
  const metadata = { ...metadataOf(of, name), annotations: { [WAIT_FOR]: "condition=Programmed" } };
  const apiVersion = "gateway.networking.k8s.io/v1";
  if (gatewayClassName === undefined)
    return { apiVersion, kind, metadata, spec: { parentRef: { ...GATEWAY_KIND, ...gateway }, listeners: [listener] } };
  const infrastructure =
    tls.kind === "acm"
      ? { parametersRef: { group: "gateway.k8s.aws", kind: "LoadBalancerConfiguration", name: httpsName(service) } }
      : undefined;
  return {
    apiVersion,
    kind,
    metadata,
    spec: { gatewayClassName, listeners: [listener], ...(infrastructure === undefined ? {} : { infrastructure }) },
  };
}

const GATEWAY_KIND = { group: "gateway.networking.k8s.io", kind: "Gateway" };

const classOf = (tls: TlsSettings): string | undefined => (tls.kind === "local" ? LOCAL_CLASS : tls.class);

const metadataOf = ({ service, namespace }: ServedHost, name: string) => ({
  name,
  namespace,
  labels: { [LABEL.service]: service },
});
