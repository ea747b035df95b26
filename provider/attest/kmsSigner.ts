import { createPublicKey, verify } from "node:crypto";
import { onP256, type ImageSigner } from "../../core/attest/keys";
import type { SignerWish } from "../../core/attest/wish";
import { parseArn } from "../../core/aws/arn";
import { sha256 } from "../../core/sha256";
import { keyIdOf } from "../../core/ledger/seal";
import { openSession, type AwsSession } from "../../platform/aws/session";
import { RefusedError, reasonOf } from "../../platform/errors";

/** What KMS takes as it is; of what is longer it gets the hash. */
const LONGEST_MESSAGE = 4096;

type KmsWish = Extract<SignerWish, { readonly kms: string }>;

/**
 * Signs by a key of KMS, which never leaves it.
 * @throws RefusedError when the caller is of another account than the key's, or the key is of another kind.
 */
export async function kmsSigner(wish: KmsWish, signal?: AbortSignal): Promise<ImageSigner> {
  const { region = "", account } = parseArn(wish.kms) ?? {};
  const { endpoint, fips, role } = wish;
  const session = await openSession({ region, endpoint, fips, role, expectedAccount: account, signal });
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import("@aws-sdk/client-kms");
  const reach = endpoint === undefined ? { useFipsEndpoint: fips ?? true } : { endpoint };
  const { as } = wish;
  const client =
    as === undefined
      ? session.client(KMSClient)
      : new KMSClient({ region, ...reach, credentials: () => takenOn(session, as, signal) });
  const options = signal === undefined ? {} : { abortSignal: signal };
  const refuse = (error: unknown): never => {
    signal?.throwIfAborted();
    throw new RefusedError(`the key ${wish.kms}, which hms:signing names as signer: ${reasonOf(error)}`, {
      cause: error,
    });
  };
  const { PublicKey: der } = await client.send(new GetPublicKeyCommand({ KeyId: wish.kms }), options).catch(refuse);
  if (der === undefined) return refuse(new Error("KMS gave no public key"));
  try {
    const publicKey = onP256(createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }));
    return {
      keyId: keyIdOf(publicKey),
      publicKey,
      sign: async (bytes) => {
        const short = bytes.length <= LONGEST_MESSAGE;
        const asked = new SignCommand({
          KeyId: wish.kms,
          Message: short ? bytes : Buffer.from(sha256(bytes), "hex"),
          MessageType: short ? "RAW" : "DIGEST",
          SigningAlgorithm: "ECDSA_SHA_256",
        });
        const { Signature: given = [] } = await client.send(asked, options).catch(refuse);
        const signature = Buffer.from(given);
        // An emulator hashes a hash once more: nobody could verify that.
        if (!verify("sha256", bytes, publicKey, signature))
          return refuse(new Error("KMS gave no signature of that key"));
        return signature;
      },
    };
  } catch (error) {
    return refuse(error);
  }
}

/** Credentials of a role that the session may take on: who deploys is not who signs. @throws RefusedError */
export async function takenOn(session: AwsSession, role: string, signal?: AbortSignal) {
  const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
  const asked = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: "hms-signing" });
  const { Credentials: given } = await session
    .client(STSClient)
    .send(asked, signal === undefined ? {} : { abortSignal: signal })
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new RefusedError(`${session.arn} cannot take on ${role}, which signs images: ${reasonOf(error)}`);
    });
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    throw new RefusedError(`${role} was taken on, but no credentials came with the answer`);
  const expiration = given?.Expiration;
  return { accessKeyId, secretAccessKey, sessionToken, ...(expiration === undefined ? {} : { expiration }) };
}
