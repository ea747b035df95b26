import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { keyIdOf, type Signer, type TrustedKeys } from "../ledger/seal";

export type { TrustedKeys } from "../ledger/seal";

/** Who signs images: ECDSA P-256 with SHA-256, DER. */
export interface ImageSigner extends Signer {
  /** By which its signatures are known again. */
  readonly publicKey: KeyObject;
}

/**
 * Signs by a key that lies in a file.
 * @param pem private key, PKCS #8.
 * @throws Error for a key that is not on the curve P-256.
 */
export function fileSigner(pem: string): ImageSigner {
  const key = onP256(createPrivateKey(pem));
  const publicKey = createPublicKey(key);
  return { keyId: keyIdOf(publicKey), publicKey, sign: (bytes) => Promise.resolve(sign("sha256", bytes, key)) };
}

/** @param pems public keys (SubjectPublicKeyInfo). @throws Error for a key that is not on the curve P-256. */
export const trustedKeys = (pems: readonly string[]): TrustedKeys =>
  new Map(pems.map((pem) => onP256(createPublicKey(pem))).map((key) => [keyIdOf(key), key]));

/** Id of the trusted key that made this signature (ECDSA P-256, SHA-256, DER); `undefined` if none of them did. */
export function madeBy(keys: TrustedKeys, bytes: Buffer, signature: Buffer): string | undefined {
  for (const [id, key] of keys) if (verify("sha256", bytes, key, signature)) return id;
  return undefined;
}

/** Enough of an id to tell keys apart in a message. */
export const shortKey = (id: string): string => id.slice(0, 12);

/** @throws Error for a key that is not on the curve P-256. */
export function onP256(key: KeyObject): KeyObject {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && curve === "prime256v1") return key;
  throw new Error(`images are signed with a key on the curve P-256, got ${curve ?? key.asymmetricKeyType ?? "none"}`);
}
