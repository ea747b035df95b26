import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileSigner, trust, type Signer, type TrustedKeys } from "../../core/ledger/seal";
import { withoutValues } from "../../core/scrub/errors";
import { MASTER_KEY_BYTES, parseMasterKey } from "../../core/scrub/key";
import { hmsHome } from "../../platform/home";
import { makeOnce, makeSigningKey, publicHalf, publicKeyFile } from "../keyFiles";
import { SnapshotStore } from "./store";

/** Where snapshots and the keys to make them lie: a folder that nobody but the vault's own account may read. */
export interface VaultPlace {
  /** Absolute. */
  readonly folder: string;
  /** Key of the fakes: 32 bytes, or those in hex or base64. */
  readonly scrubKey: string;
  /** Key that signs manifests: P-256, PKCS #8, PEM. */
  readonly signingKey: string;
}

/** @param folder @default - `vault` in this program's own folder. */
export function vaultAt(folder: string | undefined, env: NodeJS.ProcessEnv): VaultPlace {
  const place = folder === undefined ? path.join(hmsHome(env), "vault") : path.resolve(folder);
  return { folder: place, scrubKey: path.join(place, "scrub.key"), signingKey: path.join(place, "sign.pem") };
}

export const snapshotsOf = ({ folder }: VaultPlace, service: string): SnapshotStore =>
  new SnapshotStore(path.join(folder, "snapshots"), service);

/** The keys to make snapshots with; made where there are none yet. @throws ScrubError key-unusable */
export async function openVault(place: VaultPlace): Promise<{ readonly masterKey: Buffer; readonly signer: Signer }> {
  try {
    await makeOnce(place.scrubKey, () => `${randomBytes(MASTER_KEY_BYTES).toString("hex")}\n`);
    await makeSigningKey(place.signingKey);
    const masterKey = parseMasterKey(await readFile(place.scrubKey));
    return { masterKey, signer: fileSigner(await readFile(place.signingKey, "utf8")) };
  } catch (error) {
    throw withoutValues(error, "key-unusable", { file: path.basename(place.scrubKey) });
  }
}

/** The keys whose signatures count; the private half need not be there. @throws ScrubError key-unusable */
export async function trustedBy({ signingKey }: VaultPlace): Promise<TrustedKeys> {
  try {
    const beside = await readFile(publicKeyFile(signingKey), "utf8").catch(() => undefined);
    return trust([beside ?? publicHalf(await readFile(signingKey, "utf8"))]);
  } catch (error) {
    throw withoutValues(error, "key-unusable", { file: path.basename(signingKey) });
  }
}
