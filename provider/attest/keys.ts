import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileSigner, trustedKeys, type ImageSigner, type TrustedKeys } from "../../core/attest/keys";
import type { SignerWish, TrustWish } from "../../core/attest/wish";
import { RefusedError, reasonOf } from "../../platform/errors";
import { hmsHome } from "../../platform/home";
import { makeSigningKey, publicHalf } from "../keyFiles";
import { kmsSigner } from "./kmsSigner";

/** The private key of this machine, for platforms that live and end with it. */
const localKeyFile = (env: NodeJS.ProcessEnv): string => path.join(hmsHome(env), "signing", "key.pem");

/** The public keys (PEM) whose signatures count; the one of this machine is made where it is wanted and not there. */
export async function publicKeysOf(
  { keys, local }: Pick<TrustWish, "keys" | "local">,
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly string[]> {
  if (!local) return keys;
  const file = localKeyFile(env);
  await makeSigningKey(file);
  return [...keys, publicHalf(await readFile(file, "utf8"))];
}

/** The same, to verify with. */
export const keysOf = async (trust: Pick<TrustWish, "keys" | "local">, env?: NodeJS.ProcessEnv): Promise<TrustedKeys> =>
  trustedKeys(await publicKeysOf(trust, env));

/**
 * Who signs here; `undefined` where somebody else does.
 * @throws RefusedError for a key that is missing, of another kind or in another account.
 */
export async function signerFor(
  { local, signer }: { readonly local: boolean; readonly signer?: SignerWish },
  signal?: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ImageSigner | undefined> {
  if (signer !== undefined && "kms" in signer) return kmsSigner(signer, signal);
  if (!local) return signer && readSigner(signer.file);
  await makeSigningKey(localKeyFile(env));
  return readSigner(localKeyFile(env));
}

async function readSigner(file: string): Promise<ImageSigner> {
  try {
    return fileSigner(await readFile(file, "utf8"));
  } catch (error) {
    throw new RefusedError(
      `the key ${file}, which hms:signing names as signer: ${reasonOf(error)}. ` +
        "Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
      { cause: error },
    );
  }
}
