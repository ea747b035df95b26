import { roleArnOf, sessionName, sessionTags, type AccountDoor, type AwsReach } from "../../core/account/account";
import { SIGNER_ROLE } from "../../core/account/names";
import type { AccountWay } from "../../core/account/way";
import { checkRole, connect, openSession, type AwsSession, type SessionRole } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";

const deployRole = (stack: string, account: AccountDoor): SessionRole => ({
  arn: roleArnOf(account),
  externalId: account.externalId,
  sessionName: sessionName(stack),
  tags: sessionTags(stack, account),
});

/**
 * In an account by its deploy role, as the stack; whose account it is was asked.
 * @param policy what the session may do of what the role may, as a document. @default all of it
 * @throws RefusedError
 */
export const accountSession = (
  stack: string,
  account: AccountDoor,
  { endpoint, fips }: AwsReach,
  signal?: AbortSignal,
  policy?: string,
): Promise<AwsSession> =>
  openSession({
    ...{ region: account.region, endpoint, fips, expectedAccount: account.id, signal },
    role: { ...deployRole(stack, account), policy },
  });

const entered = new Map<string, Promise<AwsSession>>();

/** The same, once in a process: the ledger, the freeze and each service's questions share it. @throws RefusedError */
export function enter(stack: string, way: AccountWay): Promise<AwsSession> {
  const key = JSON.stringify([stack, way]);
  const session = entered.get(key) ?? accountSession(stack, way, way);
  entered.set(key, session);
  // What failed is tried again by whoever asks next.
  session.catch(() => entered.delete(key));
  return session;
}

/** In an account as the role that alone signs, which whoever deploys may take on. @throws RefusedError */
export async function signerSession(stack: string, way: AccountWay): Promise<AwsSession> {
  const { region, endpoint, fips } = way;
  const signer: SessionRole = {
    arn: roleArnOf({ ...way, role: SIGNER_ROLE }),
    sessionName: sessionName(stack),
  };
  const session = await connect({ region, endpoint, fips, roles: [deployRole(stack, way), signer] });
  if (session.account !== way.id)
    throw new RefusedError(`${signer.arn} led to account ${session.account} (${session.arn}): nothing was done`);
  await checkRole(session, signer, endpoint, undefined);
  return session;
}
