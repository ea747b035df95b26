import type { CertificateVerdict } from "../core/tls/certificate";
import { renewalOf } from "../core/tls/certificate";
import { secretOf } from "../core/tls/objects";
import type { TlsSettings } from "../core/tls/settings";
import { serviceHost, serviceUrl } from "../core/tls/reach";
import { reasonOf, RefusedError } from "../platform/errors";
import type { Layout } from "../platform/local/layout";
import { readAuthority } from "../platform/local/usersAuthority";
import { renewLocal, standingCertificate } from "../provider/tls/local";
import { servedSerial, untilServed, type Door } from "../provider/tls/served";
import type { OpenStack } from "./stack";

/** Contract of `hms tls status --json`: people script against it, so keys are added, never renamed. */
export interface TlsDocument {
  readonly stack: string;
  /** Who makes the certificates; null: http only. */
  readonly kind: TlsSettings["kind"] | null;
  readonly services: readonly ServiceCertificate[];
}

export interface ServiceCertificate {
  readonly name: string;
  readonly url: string;
  /** Secret with certificate and key; null where none is in the cluster. */
  readonly secret: string | null;
  /** `elsewhere`: kept by AWS Certificate Manager. */
  readonly state: CertificateVerdict["state"] | "missing" | "elsewhere";
  /** The state in words. */
  readonly why: string;
  /** Of the certificate in the Secret, as the rest. */
  readonly serial: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** From when it is renewed. */
  readonly renewal: string | null;
  /** Serial number of the certificate that users are shown; null when none was seen from here. */
  readonly served: string | null;
}

/** The certificate of each service, in its Secret and at the gateway. Changes nothing. */
export async function tlsStatus(open: OpenStack, layout: Layout, signal: AbortSignal): Promise<TlsDocument> {
  const { config, services } = open;
  const { stack, tls } = config;
  if (!tls) return { stack, kind: null, services: [] };
  const seen = services.map(({ name }) => serviceCertificate(open, tls, name, layout, signal));
  return { stack, kind: tls.kind, services: await Promise.all(seen) };
}

async function serviceCertificate(
  { config, session }: OpenStack,
  tls: TlsSettings,
  name: string,
  layout: Layout,
  signal: AbortSignal,
): Promise<ServiceCertificate> {
  const host = serviceHost(config, name);
  const secret = secretOf({ service: name, tls }) ?? null;
  const shown = servedSerial(doorOf(config.gateway.address, tls, host), signal).catch(() => null);
  const place = { namespace: config.namespace, secret: secret ?? "", hosts: [host] };
  const authority = tls.kind === "local" ? readAuthority(layout) : undefined;
  const standing = secret === null ? undefined : await standingCertificate(session.kube, place, authority, new Date());
  const { facts } = standing ?? {};
  const verdict =
    secret === null
      ? { state: "elsewhere" as const, why: "kept and renewed by AWS Certificate Manager" }
      : (standing?.verdict ?? { state: "missing" as const, why: `there is no Secret ${secret}; deploy the service` });
  return {
    name,
    url: serviceUrl(config, name),
    secret,
    ...verdict,
    serial: facts?.serial ?? null,
    notBefore: facts?.notBefore ?? null,
    notAfter: facts?.notAfter ?? null,
    renewal: facts ? renewalOf(facts).toISOString() : null,
    served: await shown,
  };
}

/** Why users are not served as they should be; undefined: nothing is wrong, as far as can be seen from here. */
export function wrongAt({ state, why, serial, served }: ServiceCertificate): string | undefined {
  if (state !== "valid" && state !== "due" && state !== "elsewhere") return `${state}: ${why}`;
  if (serial === null || served === null || served === serial) return undefined;
  return `the gateway shows the certificate ${served}, not ${serial} of the Secret`;
}

export function tlsText({ stack, kind, services }: TlsDocument): string {
  if (kind === null) return `stack ${stack} serves http only; hms:tls says who makes certificates`;
  return services
    .flatMap((one) => [
      `${one.name}  ${one.url}  ${wrongAt(one) ?? `${one.state}: ${one.why}`}`,
      ...(one.served === null && one.state !== "missing" ? ["  no certificate was seen at the gateway from here"] : []),
    ])
    .join("\n");
}

/** Contract of `hms tls renew --json`. */
export interface RenewDocument {
  readonly stack: string;
  readonly services: readonly {
    readonly name: string;
    readonly serial: string;
    readonly notAfter: string;
    /** From the write to the first of an unbroken run of connections that were shown it. */
    readonly servedAfterMs: number;
  }[];
}

const RENEWED_BY: Readonly<Record<Exclude<TlsSettings["kind"], "local">, string>> = {
  issuer:
    "cert-manager renews its certificates by itself; to have one now: cmctl renew --namespace <namespace> <service>-tls",
  secret: "somebody else keeps the Secret; the gateway takes up what is put into it",
  acm: "AWS Certificate Manager renews its certificates by itself",
};

/**
 * New certificates for services that have one of the local authority, one after the other, each seen at the gateway
 * before the next.
 * @throws RefusedError when another one makes them, or a service has none yet.
 */
export async function renewCertificates(
  { config, services, session }: OpenStack,
  layout: Layout,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<RenewDocument> {
  const { stack, tls, namespace } = config;
  if (!tls) throw new RefusedError(`stack ${stack} serves http only: set hms:tls, then deploy`);
  if (tls.kind !== "local") throw new RefusedError(`stack ${stack}: ${RENEWED_BY[tls.kind]}`);
  const authority = readAuthority(layout);
  const renewed: RenewDocument["services"][number][] = [];
  for (const { name } of services) {
    signal.throwIfAborted();
    const host = serviceHost(config, name);
    const secret = secretOf({ service: name, tls }) ?? "";
    const place = { service: name, namespace, secret, hosts: [host] };
    if (!(await standingCertificate(session.kube, place, authority, new Date())))
      throw new RefusedError(`${name}: it has no certificate yet; deploy it first`);
    const { serial, notAfter } = await renewLocal(session.kube, layout, place, signal);
    try {
      const servedAfterMs = await untilServed(doorOf(config.gateway.address, tls, host), serial, signal);
      say(`${name}: renewed until ${notAfter}, shown by the gateway after ${servedAfterMs} ms`);
      renewed.push({ name, serial, notAfter, servedAfterMs });
    } catch (error) {
      signal.throwIfAborted();
      throw new RefusedError(`${reasonOf(error)}; the Secret ${secret} has it. See: hms local logs gateway`);
    }
  }
  return { stack, services: renewed };
}

/** Names below localhost are this machine whatever its name service says; a Gateway of its own is found by its name. */
function doorOf(gateway: string, tls: TlsSettings, host: string): Door {
  if (tls.kind === "local") return { address: "127.0.0.1", port: tls.port, host };
  const named = host.endsWith(".localhost") ? "127.0.0.1" : host;
  return { address: tls.class === undefined ? new URL(gateway).hostname : named, port: tls.publicPort, host };
}
