import type { StackConfig } from "../../config/stackConfig";
import { type Account, sessionName } from "../../core/account/account";
import { type Piece, pieceLine, statePlace, type StatePlace } from "../../core/account/bootstrap";
import { bucketName } from "../../core/account/names";
import { isReachable, TO_DO } from "../../core/account/state";
import { iamArn, rootArn } from "../../core/aws/arn";
import { openSession, type AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";
import { refused, type PieceToMake } from "../../provider/account/piece";
import { rolePieces } from "../../provider/account/rolePieces";
import { stateBucketPiece, stateKeyArn, stateKeyPiece } from "../../provider/account/statePieces";

export interface BootstrapWish {
  /** One account instead of all that can be reached. */
  readonly only?: string;
  /** Role by which somebody who may make roles enters an account. */
  readonly through: string;
  /** ARNs of who may take on the deploy role; empty: whoever the caller's account lets. */
  readonly trusted: readonly string[];
  /** Looks, and changes nothing. */
  readonly dryRun: boolean;
}

/** Contract of `hms account bootstrap --json`. */
export interface BootstrapDocument {
  readonly stack: string;
  readonly accounts: readonly BootstrappedAccount[];
}

export interface BootstrappedAccount extends Partial<StatePlace> {
  readonly account: string;
  readonly id: string;
  readonly pieces: readonly Pick<Piece, "what" | "state" | "how">[];
  /** Whether everything is there now. */
  readonly done: boolean;
}

type Named = Account & { readonly externalId: string };

/**
 * Makes in each account what is there before the first update: the deploy role with its boundary, the state's key and
 * bucket. All accounts are looked at before one is changed; what is right is left alone, so it may be run again.
 * @param say each line as it is known: what will be done comes before it is.
 */
export async function bootstrapAccounts(
  config: StackConfig,
  wish: BootstrapWish,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<BootstrapDocument> {
  const accounts = meant(config, wish.only);
  const opened: { readonly account: Named; readonly session: AwsSession; readonly trusted: readonly string[] }[] = [];
  for (const account of accounts) opened.push({ account, ...(await enter(config, account, wish, signal)) });
  const looks = [];
  for (const one of opened) {
    const pieces = await look(one.session, one.account, one.trusted, signal);
    say(`${one.account.name} (${one.account.id}, ${one.account.region}):`);
    for (const piece of pieces) say(`  ${pieceLine(piece)}`);
    looks.push({ ...one, pieces });
  }
  const done: BootstrappedAccount[] = [];
  for (const { account, session, pieces } of looks) {
    const open = pieces.filter(({ state }) => state !== "right");
    if (!wish.dryRun) for (const piece of open) await makePiece(account, piece, signal, say);
    const key = await stateKeyArn(session, signal);
    done.push({
      ...{ account: account.name, id: account.id, done: open.length === 0 || !wish.dryRun },
      pieces: pieces.map(({ what, state, how }) => ({ what, state, how })),
      ...(key === undefined ? {} : statePlace(bucketName(account, "state"), key, account.region)),
    });
  }
  return { stack: config.stack, accounts: done };
}

async function makePiece(
  account: Account,
  piece: PieceToMake,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  signal.throwIfAborted();
  try {
    await piece.make(signal);
  } catch (error) {
    throw refused(error);
  }
  say(`${account.name}: ${piece.what} is done`);
}

/** The accounts that can be entered. @throws RefusedError for one that cannot, or has no external id. */
function meant({ stack, accounts }: StackConfig, only: string | undefined): readonly Named[] {
  if (accounts.length === 0)
    throw new RefusedError(`stack ${stack} has no accounts; register them under hms:accounts (docs/accounts.md)`);
  const named = only === undefined ? accounts : accounts.filter(({ name }) => name === only);
  if (named.length === 0) {
    const names = accounts.map(({ name }) => name).join(", ");
    throw new RefusedError(`stack ${stack} has no account "${only ?? ""}"; it has ${names}`);
  }
  const reachable = named.filter(({ state }) => isReachable(state));
  const [first] = named;
  if (reachable.length === 0 && first)
    throw new RefusedError(
      `account ${first.name} is ${first.state}, nobody can enter it yet. Next: ${TO_DO[first.state]}`,
    );
  const without = reachable.filter(({ externalId }) => externalId === undefined);
  if (without.length > 0)
    throw new RefusedError(
      `${without.map(({ name }) => `hms:accounts.${name}.externalId`).join(", ")}: got nothing; allowed is a text that the deploy role's trust asks for; choose one, it is no secret`,
    );
  return reachable.flatMap((account) =>
    account.externalId === undefined ? [] : [{ ...account, externalId: account.externalId }],
  );
}

async function enter(
  { stack, aws }: StackConfig,
  account: Named,
  { through, trusted }: BootstrapWish,
  signal: AbortSignal,
): Promise<{ readonly session: AwsSession; readonly trusted: readonly string[] }> {
  const reach = { region: account.region, endpoint: aws.endpoint, fips: aws.fips, signal };
  const caller = await openSession(reach);
  const trust = trusted.length > 0 ? trusted : [rootArn(account.partition, caller.account)];
  if (caller.account === account.id) return { session: caller, trusted: trust };
  const role = { arn: iamArn(account.partition, account.id, `role/${through}`), sessionName: sessionName(stack) };
  return { session: await openSession({ ...reach, role, expectedAccount: account.id }), trusted: trust };
}

async function look(
  session: AwsSession,
  account: Named,
  trusted: readonly string[],
  signal: AbortSignal,
): Promise<readonly PieceToMake[]> {
  try {
    return [
      ...(await rolePieces(session, account, trusted, signal)),
      await stateKeyPiece(session, account, signal),
      await stateBucketPiece(session, account, signal),
    ];
  } catch (error) {
    throw refused(error);
  }
}

/** What to type next, an account after the other. */
export function bootstrapText({ stack, accounts }: BootstrapDocument): string {
  return accounts
    .flatMap(({ account, backend, secretsProvider, done }) => [
      `${account}: ${done ? "has its deploy role, state key and state bucket" : "was only looked at"}`,
      ...(backend === undefined || secretsProvider === undefined
        ? []
        : [
            "  its own state, for a stack of this account alone:",
            `    pulumi login '${backend}'`,
            `    pulumi stack init ${stack} --secrets-provider '${secretsProvider}'`,
          ]),
    ])
    .join("\n");
}
