import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileSigner, trust, type Signer, type TrustedKeys } from "../../core/ledger/seal";
import type { LedgerWish } from "../../core/ledger/wish";
import { RefusedError, reasonOf } from "../../platform/errors";
import { hmsHome } from "../../platform/home";
import { exists, makeSigningKey, publicHalf, publicKeyFile } from "../keyFiles";
import { accountLedger } from "./accountLedger";
import { FolderSink } from "./folder";
import { Ledger } from "./ledger";
import type { ReadingParts, Witness } from "./reading";

/** What a ledger in a folder consists of on this machine. */
export interface LedgerPlace {
  readonly folder: string;
  /** File with the private key. */
  readonly key: string;
  /** Files with public keys. */
  readonly trust: readonly string[];
  /** Whether folder and key are made when they are not there. */
  readonly ours: boolean;
}

type FolderStore = Extract<LedgerWish["store"], { readonly folder: string }>;

/** Where that is; nothing is looked at or made. */
export function placeOf(store: FolderStore | undefined, env: NodeJS.ProcessEnv): LedgerPlace {
  if (store) return { ...store, ours: false };
  const folder = path.join(hmsHome(env), "ledger");
  return { folder, key: path.join(folder, "key.pem"), trust: [], ours: true };
}

/**
 * The ledger of a stack, ready to be added to.
 * @param witness the cluster's; other accounts are found by the wish.
 * @throws RefusedError for a key that is missing, unreadable or of another kind, and for a folder or an account that
 *   cannot be reached.
 */
export async function openLedger(
  { name, store }: LedgerWish,
  witness: Witness | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ledger> {
  if (store && "account" in store) {
    const { signer: bySigner, publicKey, ...parts } = await accountLedger(name, store, witness);
    const [signer, own, others] = await Promise.all([bySigner(), publicKey(), publicFiles(store.trust)]);
    return new Ledger({ ledger: name, ...parts, signer, keys: trust([own, ...others]) });
  }
  const place = placeOf(store, env);
  if (place.ours) await makeSigningKey(place.key);
  const { signer, keys } = await readKeys(place);
  const sink = new FolderSink(place.folder, name);
  return new Ledger({ ledger: name, sink, signer, keys, ...(witness === undefined ? {} : { witness }) });
}

/** A ledger to look at: nothing of it can be signed. */
export interface OpenReading {
  readonly parts: ReadingParts;
  /** Public keys (PEM) whose signatures count. */
  readonly keys: readonly string[];
}

/**
 * The ledger of a stack for reading: needs its folder or account, and the public keys.
 * @param witness the cluster's; absent: no witness is asked, other accounts neither.
 * @throws RefusedError for keys that cannot be read, and for an account that cannot be entered.
 */
export async function readingOf(
  { name, store }: LedgerWish,
  witness: Witness | undefined,
  env: NodeJS.ProcessEnv,
): Promise<OpenReading> {
  if (store && "account" in store) {
    const { sink, witness: all, publicKey } = await accountLedger(name, store, witness);
    const keys = [await publicKey(), ...(await publicFiles(store.trust))];
    return { parts: { ledger: name, sink, keys: trust(keys), ...(all === undefined ? {} : { witness: all }) }, keys };
  }
  const place = placeOf(store, env);
  const keys = await publicKeys(place);
  const parts = { ledger: name, sink: new FolderSink(place.folder, name), keys: trust(keys) };
  return { parts: { ...parts, ...(witness === undefined ? {} : { witness }) }, keys };
}

/**
 * The public keys (PEM) whose signatures count, for who only reads: the private key need not be there where its public
 * half lies beside it. @throws RefusedError
 */
export async function publicKeys(place: LedgerPlace): Promise<readonly string[]> {
  const others = await publicFiles(place.trust);
  const beside = publicKeyFile(place.key);
  if (await exists(beside)) return [await readKey(beside, "public"), ...others];
  if (others.length > 0 && !(await exists(place.key))) return others;
  return [publicHalf(await readKey(place.key, "private")), ...others];
}

async function readKeys(place: LedgerPlace): Promise<{ readonly signer: Signer; readonly keys: TrustedKeys }> {
  const pem = await readKey(place.key, "private");
  try {
    const signer = fileSigner(pem);
    const others = await publicFiles(place.trust);
    return { signer, keys: trust([publicHalf(pem), ...others]) };
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError(
      `the ledger's key ${place.key}: ${reasonOf(error)}. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`,
      { cause: error },
    );
  }
}

const publicFiles = (files: readonly string[]): Promise<readonly string[]> =>
  Promise.all(files.map((file) => readKey(file, "public")));

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
