import { roleArnOf, sessionName, sessionTags, type AccountDoor, type AwsReach } from "../../core/account/account";
import { openSession, type AwsSession } from "../../platform/aws/session";

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
    role: {
      arn: roleArnOf(account),
      externalId: account.externalId,
      sessionName: sessionName(stack),
      tags: sessionTags(stack, account),
      policy,
    },
  });
