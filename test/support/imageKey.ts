import { generateKeyPairSync } from "node:crypto";
import { fileSigner, type ImageSigner } from "../../core/attest/keys";

/** A new key that signs images, with both halves in PEM. */
export function newImageKey(): { readonly signer: ImageSigner; readonly pem: string; readonly privatePem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    signer: fileSigner(privatePem),
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    privatePem,
  };
}
