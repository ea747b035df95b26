import { z } from "zod";
import { PREDICATE_NAMES } from "./statement";

const name = z.string().min(1);

/** With what images are signed. */
export const signerSchema = z.union([
  /** A file with a private key (PKCS #8, PEM, P-256), as it is on the machines that deploy. */
  z.strictObject({ file: name }),
  /** A key of AWS KMS, ECC_NIST_P256, that never leaves it. */
  z.strictObject({
    kms: name,
    /** An emulator's address; AWS by its FIPS endpoints where there is none. */
    endpoint: name.exactOptional(),
    fips: z.boolean().exactOptional(),
    /** Taken on for it. */
    role: z.strictObject({ arn: name, externalId: name.exactOptional() }).exactOptional(),
    /** ARN of the role that alone may sign with the key; taken on from there. */
    as: name.exactOptional(),
  }),
]);
export type SignerWish = Readonly<z.infer<typeof signerSchema>>;

/** Whose signatures count, and what else must be said of an image. */
export const trustSchema = z.strictObject({
  /** Public keys, PEM (SubjectPublicKeyInfo, P-256). */
  keys: z.array(name),
  /** The key of this machine counts too, and signs what is built here; it is made when it is first used. */
  local: z.boolean(),
  attestations: z.array(z.enum(PREDICATE_NAMES)),
});
export type TrustWish = Readonly<z.infer<typeof trustSchema>>;

/** What a stack decides about signatures. */
export interface SigningWish extends TrustWish {
  /** Absent: what is built here must be signed by somebody else before it is deployed. */
  readonly signer?: SignerWish;
  /** Whether the cluster refuses pods that are not verified. */
  readonly admission: boolean;
}
