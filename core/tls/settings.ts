/** Who makes the certificate of a service, and on which listener it is served. */
export type TlsSettings =
  | {
      /** The authority of the local platform; whoever asks must trust it. */
      readonly kind: "local";
      /** Port of the local gateway, for listener and users alike. */
      readonly port: number;
    }
  | ({
      /** cert-manager, by a Certificate of each service. */
      readonly kind: "issuer";
      readonly issuer: { readonly name: string; readonly kind: "Issuer" | "ClusterIssuer" };
    } & Listening)
  | ({
      /** A Secret of type kubernetes.io/tls in the stack's namespace, which somebody else keeps. */
      readonly kind: "secret";
      readonly secret: string;
    } & Listening)
  | ({
      /** A certificate of AWS Certificate Manager, which a load balancer of its own serves. */
      readonly kind: "acm";
      readonly arn: string;
    } & Listening & { readonly class: string });

interface Listening {
  /** GatewayClass of a Gateway of its own for each service. @default - a ListenerSet on the stack's Gateway */
  readonly class?: string;
  /** Port of the listener. */
  readonly port: number;
  /** Port that users connect to: what stands before the gateway may map one to the other. */
  readonly publicPort: number;
}

/** The default port of https is left out, as browsers do. */
export function httpsUrl(tls: TlsSettings, host: string): string {
  const port = tls.kind === "local" ? tls.port : tls.publicPort;
  return port === 443 ? `https://${host}` : `https://${host}:${port}`;
}
