import { factsOf, judgeCertificate, type CertificateFacts, type CertificateVerdict } from "../../core/tls/certificate";
import type { KubeClient } from "../../platform/kube/client";
import type { Layout } from "../../platform/local/layout";
import { issueForUsers, readAuthority } from "../../platform/local/usersAuthority";
import { readPair, writePair, type SecretPlace } from "./certificateSecret";

export interface LocalCertificatePlace extends SecretPlace {
  readonly service: string;
  readonly hosts: readonly string[];
}

/** A certificate as it lies in its Secret, without its key. */
export interface StandingCertificate {
  readonly verdict: CertificateVerdict;
  /** Absent when what lies there cannot be read. */
  readonly facts?: CertificateFacts;
}

/** What the Secret holds, judged for these hosts; `undefined` without a Secret. */
export async function standingCertificate(
  kube: KubeClient,
  place: SecretPlace & { readonly hosts: readonly string[] },
  authority: string | undefined,
  now: Date,
): Promise<StandingCertificate | undefined> {
  const pair = await readPair(kube, place);
  if (!pair) return undefined;
  const use = { hosts: place.hosts, ...(authority === undefined ? {} : { authority }) };
  const verdict = judgeCertificate(pair, use, now);
  try {
    return { verdict, facts: factsOf(pair.certificate) };
  } catch {
    return { verdict };
  }
}

/**
 * A new key and a new certificate of the local authority, put into the Secret. The key is in the Secret alone: in no
 * state, no log, and in no file once this returns.
 */
export async function renewLocal(
  kube: KubeClient,
  layout: Layout,
  { service, hosts, ...place }: LocalCertificatePlace,
  signal?: AbortSignal,
): Promise<CertificateFacts> {
  const pair = await issueForUsers(layout, hosts, signal);
  await writePair(kube, place, service, pair, signal);
  return factsOf(pair.certificate);
}

/** The same, unless what lies there is good. */
export async function ensureLocal(
  kube: KubeClient,
  layout: Layout,
  place: LocalCertificatePlace,
  signal?: AbortSignal,
): Promise<CertificateFacts> {
  const standing = await standingCertificate(kube, place, readAuthority(layout), new Date());
  if (standing?.facts && standing.verdict.state === "valid") return standing.facts;
  return renewLocal(kube, layout, place, signal);
}
