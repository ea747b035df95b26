import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileSigner, trust, type Signer, type TrustedKeys } from "../../core/ledger/seal";
import type { LedgerWish } from "../../core/ledger/wish";
import { RefusedError, reasonOf } from "../../platform/errors";
import { hmsHome } from "../../platform/home";
import { exists, makeSigningKey, publicHalf, publicKeyFile } from "../keyFiles";
import { FolderSink } from "./folder";
import { Ledger } from "./ledger";
import type { Witness } from "./reading";

/** What a ledger consists of on this machine. */
export interface LedgerPlace {
  readonly folder: string;
  /** File with the private key. */
  readonly key: string;
  /** Files with public keys. */
  readonly trust: readonly string[];
  /** Whether folder and key are made when they are not there. */
  readonly ours: boolean;
}

/** Where that is; nothing is looked at or made. */
export function placeOf({ store }: LedgerWish, env: NodeJS.ProcessEnv): LedgerPlace {
  if (store) return { ...store, ours: false };
  const folder = path.join(hmsHome(env), "ledger");
  return { folder, key: path.join(folder, "key.pem"), trust: [], ours: true };
}

/**
 * The ledger of a stack, ready to be added to.
 * @throws RefusedError for a key that is missing, unreadable or of another kind, and for a folder that is not there.
 */
export async function openLedger(
  wish: LedgerWish,
  witness: Witness | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ledger> {
  const place = placeOf(wish, env);
  if (place.ours) await makeSigningKey(place.key);
  const { signer, keys } = await readKeys(place);
  const sink = new FolderSink(place.folder, wish.name);
  return new Ledger({ ledger: wish.name, sink, signer, keys, ...(witness === undefined ? {} : { witness }) });
}

/**
 * The public keys (PEM) whose signatures count, for who only reads: the private key need not be there where its public
 * half lies beside it. @throws RefusedError
 */
export async function publicKeys(place: LedgerPlace): Promise<readonly string[]> {
  const others = await Promise.all(place.trust.map((file) => readKey(file, "public")));
  const beside = publicKeyFile(place.key);
  if (await exists(beside)) return [await readKey(beside, "public"), ...others];
  if (others.length > 0 && !(await exists(place.key))) return others;
  return [publicHalf(await readKey(place.key, "private")), ...others];
}

async function readKeys(place: LedgerPlace): Promise<{ readonly signer: Signer; readonly keys: TrustedKeys }> {
  const pem = await readKey(place.key, "private");
  try {
    const signer = fileSigner(pem);
    const others = await Promise.all(place.trust.map((file) => readKey(file, "public")));
    return { signer, keys: trust([publicHalf(pem), ...others]) };
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError(
      `the ledger's key ${place.key}: ${reasonOf(error)}. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`,
      { cause: error },
    );
  }
}

async function readKey(file: string, kind: "private" | "public"): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new RefusedError(
      `the ledger's ${kind} key ${file} cannot be read (${reasonOf(error)}); hms:ledger names it, and nothing is moved without a record`,
      { cause: error },
    );
  }
}
