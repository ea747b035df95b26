import { roleArnOf, sessionName, sessionTags, type Account, type AwsReach } from "../../core/account/account";
import { openSession, type AwsSession } from "../../platform/aws/session";

/** In an account by its deploy role, as the stack; whose account it is was asked. @throws RefusedError */
export const accountSession = (
  stack: string,
  account: Account,
  { endpoint, fips }: AwsReach,
  signal?: AbortSignal,
): Promise<AwsSession> =>
  openSession({
    ...{ region: account.region, endpoint, fips, expectedAccount: account.id, signal },
    role: {
      arn: roleArnOf(account),
      externalId: account.externalId,
      sessionName: sessionName(stack),
      tags: sessionTags(stack, account),
    },
  });
