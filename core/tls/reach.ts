import type { RouteShape } from "../rollout/route";
import { httpsParent } from "./objects";
import { httpsUrl, type TlsSettings } from "./settings";

/** What a stack decides about how users come to its services. */
export interface Reach {
  readonly namespace: string;
  /** A service answers at `<service>.<domain>`. */
  readonly domain: string;
  readonly gateway: {
    readonly name: string;
    readonly namespace: string;
    /** As URL; where its http listener is met. */
    readonly address: string;
    readonly section?: string;
  };
  /** Serves https besides. @default - http only */
  readonly tls?: TlsSettings;
}

export const serviceHost = ({ domain }: Pick<Reach, "domain">, service: string): string => `${service}.${domain}`;

/** Where users reach a service: by https where it is served. */
export function serviceUrl(reach: Reach, service: string): string {
  if (reach.tls) return httpsUrl(reach.tls, serviceHost(reach, service));
  const url = new URL(reach.gateway.address);
  url.hostname = serviceHost(reach, service);
  return url.href.replace(/\/$/, "");
}

/** The route of a service, https listener included: written without it, it would end https for the service's users. */
export function shapeOf(reach: Reach, service: string): RouteShape {
  const { namespace, gateway, tls } = reach;
  const { address: _outside, ...parent } = gateway;
  return {
    service,
    namespace,
    hostnames: [serviceHost(reach, service)],
    gateway: { ...parent, ...(tls === undefined ? {} : { https: httpsParent({ service, tls }) }) },
  };
}
