import { bucketName, keyAlias } from "../../core/account/names";
import { OWN, type AccountWay } from "../../core/account/way";
import type { AccountStore } from "../../core/ledger/wish";
import { RefusedError } from "../../platform/errors";
import { enter, signerSession } from "../account/session";
import { BucketSink } from "./bucket";
import { kmsPublicKey, kmsSigner } from "./kmsSigner";
import type { LedgerParts } from "./ledger";
import type { Witness } from "./reading";
import { allWitnesses, sinkWitness } from "./sinkWitness";

const SIGNING_KEY = keyAlias("signing");

/** A ledger in an account's locked bucket, as whoever deploys there reaches it. */
export interface AccountLedger extends Pick<LedgerParts, "sink" | "witness"> {
  /** Public half of the account's signing key (PEM). */
  readonly publicKey: () => Promise<string>;
  /** Signs by that key, as the role that alone may. */
  readonly signer: () => Promise<LedgerParts["signer"]>;
}

/**
 * Enters the account, and those that keep its checkpoints.
 * @param cluster where the newest checkpoint is kept too; absent: no witness is asked at all, other accounts neither.
 * @throws RefusedError that names the account which cannot be entered, and the role.
 */
export async function accountLedger(
  ledger: string,
  { account, witnesses }: AccountStore,
  cluster: Witness | undefined,
): Promise<AccountLedger> {
  if (account === OWN)
    throw new RefusedError(`each account of stack ${ledger} has a ledger of its own, and none is named; use --account`);
  const asked = cluster === undefined ? [] : witnesses;
  const [session, others] = await Promise.all([
    enter(ledger, account),
    Promise.all(asked.map(async (other) => sinkIn(other, await enter(ledger, other), witnessOf(ledger, account)))),
  ]);
  const witness = cluster && allWitnesses([cluster, ...others.map(sinkWitness)]);
  return {
    sink: sinkIn(account, session, ledger),
    ...(witness === undefined ? {} : { witness }),
    publicKey: async () =>
      (await kmsPublicKey(session, SIGNING_KEY)).export({ type: "spki", format: "pem" }).toString(),
    signer: async () => kmsSigner(await signerSession(ledger, account), SIGNING_KEY),
  };
}

const sinkIn = (account: AccountWay, session: Awaited<ReturnType<typeof enter>>, folder: string): BucketSink =>
  new BucketSink({ session, bucket: bucketName(account, "ledger") }, folder);

/** Where checkpoints of another account's ledger lie; no stack's name begins with a dot. */
const witnessOf = (ledger: string, { name }: AccountWay): string => `.witness/${name}/${ledger}`;
