/** AWS on this machine: whose accounts there are, and what every account has before anybody works in it. */
import { iamArn, partitionOf, rootArn } from "../../core/aws/arn";
import { openSession } from "./session";

/** An agency's emulated account. */
export interface EmulatedAccount {
  readonly name: string;
  readonly id: string;
}

export const EMULATED_REGION = "us-gov-west-1";

/** The account of whoever asks without a role: the emulator's own default. */
export const AMBIENT_ACCOUNT = "123456789012";

export const EMULATED_ACCOUNTS = [
  { name: "usda", id: "111111111111" },
  { name: "epa", id: "222222222222" },
  { name: "doi", id: "333333333333" },
] as const satisfies readonly EmulatedAccount[];

/** The role by which an organization enters an account that it has made. */
export const ORGANIZATION_ROLE = "OrganizationAccountAccessRole";

/**
 * Gives each emulated account what AWS Organizations leaves in a new one: the role by which its owner enters. Safe to
 * repeat, and to be repeated when the emulator has forgotten everything.
 */
export async function foundAccounts(
  endpoint: string,
  accounts: readonly EmulatedAccount[] = EMULATED_ACCOUNTS,
  signal?: AbortSignal,
): Promise<void> {
  const iam = await import("@aws-sdk/client-iam");
  const abort = signal === undefined ? {} : { abortSignal: signal };
  const name = { RoleName: ORGANIZATION_ROLE };
  for (const { id } of accounts) {
    const session = await openSession({
      region: EMULATED_REGION,
      endpoint,
      role: { arn: organizationRole(id) },
      // The emulator lets anybody into an account, by whatever role: here it is made.
      roleMayBeMissing: true,
      expectedAccount: id,
      signal,
    });
    const client = session.client(iam.IAMClient);
    const trust = policy({
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Principal: { AWS: rootArn(session.partition, AMBIENT_ACCOUNT) },
    });
    try {
      await client.send(new iam.CreateRoleCommand({ ...name, AssumeRolePolicyDocument: trust }), abort);
    } catch (error) {
      if (!(error instanceof iam.EntityAlreadyExistsException)) throw error;
    }
    const everything = policy({ Action: "*", Resource: "*" });
    await client.send(
      new iam.PutRolePolicyCommand({ ...name, PolicyName: "AdministratorAccess", PolicyDocument: everything }),
      abort,
    );
  }
}

/** ARN of the role by which an organization enters an emulated account. */
export const organizationRole = (account: string): string =>
  iamArn(partitionOf(EMULATED_REGION), account, `role/${ORGANIZATION_ROLE}`);

const policy = (statement: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
