import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { keyIdOf } from "../../core/ledger/seal";
import type { ImageSigner } from "../../core/attest/keys";
import { awsRefusal } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";

/** Bytes that KMS takes. */
const LONGEST_RAW = 4096;

const nameOf = ({ account }: AwsSession, key: string): string => `the signing key ${key} of account ${account}`;

/**
 * The public half of a key of AWS KMS, for whoever verifies.
 * @param key id, alias or ARN of an asymmetric key that signs.
 * @throws RefusedError for a key that is not there, is of another kind, or may not be looked at.
 */
export async function kmsPublicKey(session: AwsSession, key: string): Promise<KeyObject> {
  const kms = await import("@aws-sdk/client-kms");
  const what = nameOf(session, key);
  const ask = new kms.GetPublicKeyCommand({ KeyId: key });
  const shown = await session
    .client(kms.KMSClient)
    .send(ask)
    .catch((error: unknown) => {
      throw awsRefusal(`${what} cannot be looked at`, error, session);
    });
  const publicKey =
    shown.PublicKey && createPublicKey({ key: Buffer.from(shown.PublicKey), format: "der", type: "spki" });
  const curve = publicKey?.asymmetricKeyDetails?.namedCurve ?? publicKey?.asymmetricKeyType ?? "of no known kind";
  if (publicKey === undefined || curve !== "prime256v1" || shown.KeyUsage !== "SIGN_VERIFY")
    throw new RefusedError(
      `${what} is ${curve} for ${shown.KeyUsage ?? "nothing"}; allowed is prime256v1 (ECC_NIST_P256) for SIGN_VERIFY`,
    );
  return publicKey;
}

/**
 * Signs by a key that never leaves AWS KMS: ECDSA P-256 with SHA-256, the bytes that a key in a file signs too. Good for
 * ledgers and images.
 * @param key see kmsPublicKey, which says what is refused.
 */
export async function kmsSigner(session: AwsSession, key: string): Promise<ImageSigner> {
  const kms = await import("@aws-sdk/client-kms");
  const client = session.client(kms.KMSClient);
  const what = nameOf(session, key);
  const publicKey = await kmsPublicKey(session, key);
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    async sign(bytes) {
      // The signature is the same; only what is longer than KMS takes is sent as its digest.
      const message =
        bytes.length <= LONGEST_RAW
          ? ({ Message: bytes, MessageType: "RAW" } as const)
          : ({ Message: createHash("sha256").update(bytes).digest(), MessageType: "DIGEST" } as const);
      const ask = { KeyId: key, ...message, SigningAlgorithm: "ECDSA_SHA_256" } as const;
      const signed = await client.send(new kms.SignCommand(ask)).catch((error: unknown) => {
        throw awsRefusal(`${what} does not sign`, error, session);
      });
      const signature = Buffer.from(signed.Signature ?? []);
      // An emulator hashes a hash once more; what is written down here cannot be taken back.
      if (!verify("sha256", bytes, publicKey, signature))
        throw new RefusedError(`${what} gave no signature of itself; nothing was written`);
      return signature;
    },
  };
}
