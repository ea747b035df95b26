import { createPrivateKey, X509Certificate } from "node:crypto";

/** What a certificate says, as far as it matters to whoever keeps it. */
export interface CertificateFacts {
  /** Host names that it is for; may begin with `*.`. */
  readonly hosts: readonly string[];
  /** Upper-case hex digits. */
  readonly serial: string;
  /** SHA-256 of the whole, hex digits in pairs. */
  readonly fingerprint: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly notBefore: string;
  /** ISO 8601. */
  readonly notAfter: string;
}

/** Why a certificate is to be replaced, or that it is not. */
export interface CertificateVerdict {
  readonly state: "valid" | "due" | "expired" | "not-yet-valid" | "unusable";
  /** In words; for `valid` when it becomes due. */
  readonly why: string;
}

/** What lies in a Secret of type kubernetes.io/tls. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateUse {
  readonly hosts: readonly string[];
  /** PEM of the only authority that may have signed it. @default - any */
  readonly authority?: string;
}

/** A certificate is renewed when this share of its life is over, so that a third is left for what goes wrong. */
const RENEWED_AFTER = 2 / 3;

/** @throws Error when the text is no certificate. Of a chain, the first one counts. */
export function factsOf(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return {
    hosts: names.flatMap((name) => /^DNS:(.+)$/.exec(name)?.[1] ?? []),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256,
    issuer: certificate.issuer.split("\n").join(", "),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}

/** When two thirds of its life are over. */
export function renewalOf({ notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">): Date {
  const [begin, end] = [Date.parse(notBefore), Date.parse(notAfter)];
  return new Date(begin + Math.floor((end - begin) * RENEWED_AFTER));
}

/** By the clock alone: both ends of its life are part of it. */
export function judgeLife(facts: Pick<CertificateFacts, "notBefore" | "notAfter">, now: Date): CertificateVerdict {
  const { notBefore, notAfter } = facts;
  if (now.getTime() > Date.parse(notAfter)) return { state: "expired", why: `expired at ${notAfter}` };
  if (now.getTime() < Date.parse(notBefore))
    return {
      state: "not-yet-valid",
      why: `begins at ${notBefore}, and it is ${now.toISOString()}: a clock was or is wrong`,
    };
  const renewal = renewalOf(facts);
  return now < renewal
    ? { state: "valid", why: `until ${notAfter}, to be renewed from ${renewal.toISOString()}` }
    : { state: "due", why: `two thirds of its life were over at ${renewal.toISOString()}; it ends at ${notAfter}` };
}

/** Whether a gateway can serve these hosts with it, and whether it is time for another. */
export function judgeCertificate(pair: CertificatePair, use: CertificateUse, now: Date): CertificateVerdict {
  const unusable = (why: string): CertificateVerdict => ({ state: "unusable", why });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.certificate);
  } catch {
    return unusable("tls.crt is no certificate in PEM");
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      return unusable("tls.key belongs to another certificate");
  } catch {
    return unusable("tls.key is no private key in PEM");
  }
  const strangers = use.hosts.filter((host) => certificate.checkHost(host, { subject: "never" }) === undefined);
  if (strangers.length > 0) return unusable(`it is not for ${strangers.join(", ")}`);
  if (use.authority !== undefined && !isSignedBy(certificate, use.authority))
    return unusable("another authority has signed it");
  return judgeLife(factsOf(pair.certificate), now);
}

function isSignedBy(certificate: X509Certificate, authority: string): boolean {
  const issuer = new X509Certificate(authority);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
