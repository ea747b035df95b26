import type { StackConfig } from "../../config/stackConfig";
import { type Account, roleArnOf, sessionName, sessionTags } from "../../core/account/account";
import { isBaselined } from "../../core/account/state";
import { openSession } from "../../platform/aws/session";
import { reasonOf, RefusedError } from "../../platform/errors";
import { inventory, type Thing } from "../../provider/account/inventory";
import { refused } from "../../provider/account/piece";

/** Contract of `hms account status --json`. */
export interface AccountsDocument {
  readonly stack: string;
  readonly accounts: readonly {
    readonly account: string;
    readonly id: string;
    readonly state: Account["state"];
    /** Who the program is in it; null: it did not get in. */
    readonly arn: string | null;
    /** Why it did not. */
    readonly problem: string | null;
    readonly things: readonly Thing[];
  }[];
}

/** What of this program's is in each account now, as the deploy role sees it: also after a destroy. Changes nothing. */
export async function accountsStatus(
  { stack, accounts, aws }: StackConfig,
  only: string | undefined,
  signal: AbortSignal,
): Promise<AccountsDocument> {
  const meant = accounts.filter(({ name, state }) => (only === undefined || name === only) && isBaselined(state));
  if (meant.length === 0)
    throw new RefusedError(
      `stack ${stack} has no ${only === undefined ? "baselined account" : `baselined account "${only}"`}; see: hms account list --stack ${stack}`,
    );
  const seen = meant.map(async (account) => {
    const { name, id, state, region, externalId } = account;
    try {
      const session = await openSession({
        ...{ region, endpoint: aws.endpoint, fips: aws.fips, expectedAccount: id, signal },
        role: {
          ...{ arn: roleArnOf(account), externalId, sessionName: sessionName(stack) },
          tags: sessionTags(stack, account),
        },
      });
      const things = await inventory(session, account, signal);
      return { account: name, id, state, arn: session.arn, problem: null, things };
    } catch (error) {
      signal.throwIfAborted();
      const known = refused(error);
      if (!(known instanceof RefusedError)) throw known;
      return { account: name, id, state, arn: null, problem: reasonOf(known), things: [] };
    }
  });
  return { stack, accounts: await Promise.all(seen) };
}

export const accountsText = ({ accounts }: AccountsDocument): string =>
  accounts
    .flatMap(({ account, id, state, arn, problem, things }) => [
      `${account}  ${id}  ${state}  ${arn ?? problem ?? ""}`,
      ...things.map(({ kind, name, note }) => `  ${kind} ${name}${note === "" ? "" : `: ${note}`}`),
    ])
    .join("\n");
