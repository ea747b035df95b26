import type { CertificatePair } from "../../core/tls/certificate";
import { asString, path } from "../../core/json";
import { FIELD_MANAGER, LABEL } from "../../core/rollout/names";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { Refusal } from "../rollout/errors";

/** Where certificate and key of a service lie. */
export interface SecretPlace {
  readonly namespace: string;
  readonly secret: string;
}

const refOf = ({ namespace, secret }: SecretPlace) => ({ apiVersion: "v1", kind: "Secret", namespace, name: secret });

/** What lies there; `undefined` without a Secret. A key that it lacks is read as empty, which is no certificate. */
export async function readPair(kube: KubeClient, place: SecretPlace): Promise<CertificatePair | undefined> {
  const secret = await kube.get(refOf(place));
  return secret && pairIn(secret);
}

/**
 * Puts both parts there in one write, so that no gateway sees a certificate with the key of another.
 * @throws Refusal when a Secret of that name is not one of ours: its key would be lost.
 */
export async function writePair(
  kube: KubeClient,
  place: SecretPlace,
  service: string,
  pair: CertificatePair,
  signal?: AbortSignal,
): Promise<void> {
  const standing = await kube.get(refOf(place), { signal });
  if (standing && standing.metadata.labels?.[LABEL.service] !== service) {
    throw new Refusal(
      `${service}: the Secret ${place.secret} in namespace ${place.namespace} is there and not ours, so it is left alone. ` +
        `Delete it, or have it served by hms:tls: { secret: ${place.secret} }`,
    );
  }
  const metadata = { name: place.secret, namespace: place.namespace, labels: { [LABEL.service]: service } };
  const data = { "tls.crt": encode(pair.certificate), "tls.key": encode(pair.key) };
  const { apiVersion, kind } = refOf(place);
  const secret = { apiVersion, kind, metadata, type: "kubernetes.io/tls", data };
  await kube.apply(secret, { fieldManager: FIELD_MANAGER.certificate, force: true, signal });
}

/** Removes it if it is ours. */
export async function removePair(kube: KubeClient, place: SecretPlace, service: string): Promise<void> {
  const standing = await kube.get(refOf(place));
  if (standing?.metadata.labels?.[LABEL.service] === service) await kube.delete(refOf(place));
}

function pairIn(secret: KubeObject): CertificatePair {
  const part = (key: string) => Buffer.from(asString(path(secret, "data", key)) ?? "", "base64").toString("utf8");
  return { certificate: part("tls.crt"), key: part("tls.key") };
}

const encode = (text: string): string => Buffer.from(text).toString("base64");
