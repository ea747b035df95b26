import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import { sha256 } from "../sha256";
import { canonicalBytes } from "./entry";

/** Who signs, by the SHA-256 of the public key (DER, SubjectPublicKeyInfo). */
export interface Signer {
  readonly keyId: string;
  /** ECDSA P-256 with SHA-256, DER, as AWS KMS gives it too. */
  readonly sign: (bytes: Buffer) => Promise<Buffer>;
}

/** Keys whose signatures count, by id. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

const sealedSchema = z.strictObject({
  content: z.record(z.string(), z.unknown()),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** Base64. */
  signature: z.base64(),
});
export type Sealed = Readonly<z.infer<typeof sealedSchema>>;

export type Seal =
  | { readonly ok: true; readonly content: unknown }
  | {
      readonly ok: false;
      /** `unreadable`: no sealed text. `unknown-key`: signed by a key that is not trusted. `altered`: not what was signed. */
      readonly problem: "unreadable" | "unknown-key" | "altered";
    };

/** @param pem PKCS #8. @throws Error for a key that is not on the curve P-256. */
export function fileSigner(pem: string): Signer {
  const key = onP256(createPrivateKey(pem));
  return { keyId: keyIdOf(createPublicKey(key)), sign: (bytes) => Promise.resolve(sign("sha256", bytes, key)) };
}

/** @param pems public keys, SubjectPublicKeyInfo. @throws Error for a key that is not on the curve P-256. */
export function trust(pems: readonly string[]): TrustedKeys {
  const keys = pems.map((pem) => onP256(createPublicKey(pem)));
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}

/** The text of a file: canonical JSON of content, key and signature, and a line's end. */
export async function seal(content: object, signer: Signer): Promise<string> {
  const signature = (await signer.sign(canonicalBytes(content))).toString("base64");
  return `${canonicalBytes({ content, key: signer.keyId, signature }).toString()}\n`;
}

/**
 * What a sealed text says, if one of the trusted keys signed it. A text that reads the same but is written otherwise
 * counts as altered: of each entry there is one text only.
 */
export function unseal(text: string, keys: TrustedKeys): Seal {
  const sealed = readSealed(text);
  if (!sealed) return { ok: false, problem: "unreadable" };
  const key = keys.get(sealed.key);
  if (!key) return { ok: false, problem: "unknown-key" };
  const bytes = canonicalBytes(sealed.content);
  const signature = Buffer.from(sealed.signature, "base64");
  // Base64 has bits at its end that nobody reads.
  const plain = { ...sealed, signature: signature.toString("base64") };
  const same = text === `${canonicalBytes(plain).toString()}\n`;
  if (!same || !verify("sha256", bytes, key, signature)) return { ok: false, problem: "altered" };
  return { ok: true, content: sealed.content };
}

function readSealed(text: string): Sealed | undefined {
  try {
    return sealedSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Id of a public key: SHA-256 of its DER (SubjectPublicKeyInfo). */
export const keyIdOf = (key: KeyObject): string => sha256(key.export({ type: "spki", format: "der" }));

function onP256(key: KeyObject): KeyObject {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && curve === "prime256v1") return key;
  throw new Error(`a ledger is signed with a key on the curve P-256, got ${curve ?? key.asymmetricKeyType ?? "none"}`);
}
