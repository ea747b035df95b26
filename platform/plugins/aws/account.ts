/** The account that a provider works in: entered and checked before anything is asked or written. */
import { checkRole, connect, type AwsSession } from "../../aws/session";
import type { ServiceName } from "./clients";
import { callService } from "./services";
import type { Answer, Call, Where } from "./kind";
import type { Settings } from "./settings";

export class Account {
  private constructor(
    readonly session: AwsSession,
    readonly settings: Settings,
  ) {}

  /** @throws Error with both account ids, if it is not one that is allowed */
  static async enter(settings: Settings, signal: AbortSignal): Promise<Account> {
    const { region, endpoint, fips, credentials, roles, allowedAccountIds, forbiddenAccountIds } = settings;
    if (endpoint !== undefined && fips)
      throw new Error(`useFipsEndpoint and the endpoint ${endpoint} exclude each other: leave one of them out`);
    const session = await connect({ region, endpoint, fips, credentials, roles, signal });
    if (allowedAccountIds !== undefined && !allowedAccountIds.includes(session.account))
      throw new Error(
        `AWS account ID not allowed: ${session.account} (allowed: ${allowedAccountIds.join(", ")}); ` +
          `the caller is ${session.arn}, and nothing was done`,
      );
    if (forbiddenAccountIds.includes(session.account))
      throw new Error(`AWS account ID not allowed: ${session.account} is forbidden; nothing was done`);
    const role = roles.at(-1);
    if (role !== undefined) await checkRole(session, role, endpoint, signal);
    return new Account(session, settings);
  }

  where(region = this.settings.region): Where {
    const { account, partition, dnsSuffix } = this.session;
    return { account, partition, dnsSuffix, region };
  }

  call(service: ServiceName, call: Call, signal: AbortSignal, region = this.settings.region): Promise<Answer> {
    return callService(this.session, service, region, call, signal);
  }
}
