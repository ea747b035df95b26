/** Somebody's hands in one AWS account: who that is was asked before anything else, and is what was expected. */
import { dnsSuffixOf, parseArn, partitionOf, type Partition } from "../../core/aws/arn";
import { trusts } from "../../core/aws/trust";
import { CancelledError, reasonOf, RefusedError } from "../errors";
import { emulatorCredentials } from "./ambient";

export interface SessionRole {
  readonly arn: string;
  /** What the account's owner and we have agreed on, so that nobody else can have us enter it. */
  readonly externalId?: string | undefined;
  /** What the account's own trail calls us. @default "hms-delivery" */
  readonly sessionName?: string | undefined;
  /** Told to the account with every call of the session: service, stack, who deploys. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** A policy document; the session may do what both it and the role allow. @default what the role allows */
  readonly policy?: string | undefined;
}

export interface SessionOptions {
  readonly region: string;
  /** An emulator's URL, for all services. @default AWS itself */
  readonly endpoint?: string | undefined;
  /** Whether FIPS 140 endpoints are called. An emulator has none. @default true without `endpoint` */
  readonly fips?: boolean | undefined;
  /** Assumed with the caller's own credentials; without it these are used as they are. */
  readonly role?: SessionRole | undefined;
  /** Account id that the session must end up in. */
  readonly expectedAccount?: string | undefined;
  /** Only for who makes the role: an emulator lets one be assumed that does not exist. @default false */
  readonly roleMayBeMissing?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How each of AWS' clients is made. */
export interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly useFipsEndpoint?: boolean;
  readonly credentials?: CredentialSource;
  readonly forcePathStyle?: boolean;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

type CredentialSource = Credentials | (() => Promise<Credentials>);

/** A class of one of AWS' clients: `S3Client` of `@aws-sdk/client-s3`. */
export type ClientClass<C> = new (config: ClientConfig) => C;

export class AwsSession {
  private readonly clients = new Map<unknown, unknown>();

  constructor(
    readonly account: string,
    /** Of the caller: an assumed role's session, a user. */
    readonly arn: string,
    readonly userId: string,
    readonly region: string,
    private readonly config: ClientConfig,
    /** Who took on the role, where an emulator was not asked whether they may. */
    readonly enteredBy?: { readonly arn: string; readonly account: string },
  ) {}

  get partition(): Partition {
    return partitionOf(this.region);
  }

  get dnsSuffix(): string {
    return dnsSuffixOf(this.partition);
  }

  /**
   * The session's client of that class, made once. Load its package where it is used, `await import(…)`: each costs
   * memory and time. In a region other than the session's for what stands elsewhere.
   */
  client<C>(Class: ClientClass<C>, region: string = this.region): C {
    const known = this.clients.get(Class) as Map<string, C> | undefined;
    const byRegion = known ?? new Map<string, C>();
    if (known === undefined) this.clients.set(Class, byRegion);
    const client = byRegion.get(region) ?? new Class({ ...this.config, region });
    byRegion.set(region, client);
    return client;
  }
}

/** How to get into an account, without a word on which one it should be. */
export interface ConnectOptions {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly fips: boolean;
  /** @default those of the environment */
  readonly credentials?: Credentials | undefined;
  /** Each is assumed with what the one before gave. */
  readonly roles?: readonly SessionRole[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

const SESSION_NAME = "hms-delivery";

/**
 * Opens a session: ambient credentials, then the role, then the question who that is. Nothing is written.
 * @throws RefusedError where the role cannot be assumed or does not exist, or the account is another than expected.
 */
export async function openSession(options: SessionOptions): Promise<AwsSession> {
  const { region, endpoint, role, expectedAccount, signal } = options;
  const fips = options.fips ?? endpoint === undefined;
  if (fips && endpoint !== undefined)
    throw new RefusedError(
      `FIPS endpoints and the endpoint ${endpoint} exclude each other: turn FIPS off (fips: false)`,
    );
  if (!fips && endpoint === undefined)
    throw new RefusedError("FIPS endpoints can be turned off only with an endpoint of an emulator: leave fips out");
  const session = await connect({ region, endpoint, fips, roles: role === undefined ? [] : [role], signal });
  if (expectedAccount !== undefined && session.account !== expectedAccount)
    throw new RefusedError(
      `these credentials are of account ${session.account} (${session.arn}), and account ${expectedAccount} is meant: nothing was done. ` +
        (role === undefined ? "Sign in to that account, or name a role of it." : "Name a role of that account."),
    );
  if (role !== undefined && options.roleMayBeMissing !== true) await checkRole(session, role, endpoint, signal);
  return session;
}

/** The steps of a session without a policy of its own. @throws RefusedError */
export async function connect(options: ConnectOptions): Promise<AwsSession> {
  const { region, endpoint, fips, roles = [], signal } = options;
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const dummy = emulatorCredentials(process.env, endpoint);
  const given =
    options.credentials ??
    (dummy.AWS_ACCESS_KEY_ID === undefined
      ? undefined
      : { accessKeyId: dummy.AWS_ACCESS_KEY_ID, secretAccessKey: dummy.AWS_SECRET_ACCESS_KEY ?? "" });
  let config: ClientConfig = {
    region,
    // A bucket's name cannot be put in front of an emulator's host.
    ...(endpoint === undefined ? { useFipsEndpoint: fips } : { endpoint, forcePathStyle: true }),
    ...(given && { credentials: given }),
  };
  let enteredBy: AwsSession["enteredBy"];
  for (const [index, role] of roles.entries()) {
    const asker = config;
    config = { ...config, credentials: await assume(role, config, signal) };
    if (endpoint !== undefined) enteredBy = await whoIsThere(asker, roles[index - 1], signal);
  }
  const caller = await whoIsThere(config, roles.at(-1), signal);
  const session = new AwsSession(caller.account, caller.arn, caller.userId, region, config, enteredBy);
  const partition = parseArn(session.arn)?.partition;
  if (partition !== session.partition)
    throw new RefusedError(
      `these credentials are of partition ${partition ?? "?"} (${session.arn}), and region ${region} is in ${session.partition}: nothing was done. Use credentials of that partition.`,
    );
  return session;
}

/** Sees to it that a role exists which was assumed, and trusts who did, where only an emulator's word stands for it. */
export async function checkRole(
  session: AwsSession,
  role: SessionRole,
  endpoint: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (endpoint !== undefined) await mustLetIn(session, role, signal);
}

const until = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

/** A source of credentials that assumes the role anew when they near their end. The first time is now. */
async function assume(
  role: SessionRole,
  ambient: ClientConfig,
  signal: AbortSignal | undefined,
): Promise<CredentialSource> {
  const sts = await import("@aws-sdk/client-sts");
  const client = new sts.STSClient(ambient);
  const command = new sts.AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: role.sessionName ?? SESSION_NAME,
    ExternalId: role.externalId,
    Policy: role.policy,
    ...(role.tags && { Tags: Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })) }),
  });
  const ask = async (abort?: AbortSignal): Promise<Credentials> => {
    const { Credentials: given } = await client.send(command, until(abort));
    if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined)
      throw new RefusedError(`role ${role.arn} was assumed, but no credentials came with the answer`);
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
      ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
    };
  };
  let first: Credentials | undefined;
  try {
    first = await ask(signal);
  } catch (error) {
    throw refusal(`role ${role.arn} cannot be assumed`, error, signal);
  }
  return async () => {
    const given = first ?? (await ask());
    first = undefined;
    return given;
  };
}

async function whoIsThere(config: ClientConfig, role: SessionRole | undefined, signal: AbortSignal | undefined) {
  const sts = await import("@aws-sdk/client-sts");
  try {
    const answer = await new sts.STSClient(config).send(new sts.GetCallerIdentityCommand({}), until(signal));
    return { account: answer.Account ?? "", arn: answer.Arn ?? "", userId: answer.UserId ?? "" };
  } catch (error) {
    const who = role === undefined ? "the credentials of the environment" : `the session of ${role.arn}`;
    throw refusal(`AWS does not say whose ${who} are`, error, signal);
  }
}

/** AWS lets nobody assume a role that does not exist or does not trust them. An emulator does, and would be believed. */
async function mustLetIn(session: AwsSession, role: SessionRole, signal: AbortSignal | undefined): Promise<void> {
  const { arn } = role;
  const iam = await import("@aws-sdk/client-iam");
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  try {
    const { Role: found } = await session
      .client(iam.IAMClient)
      .send(new iam.GetRoleCommand({ RoleName: name }), until(signal));
    if (found?.Arn === arn) {
      mustTrust(session, role, decodeURIComponent(found.AssumeRolePolicyDocument ?? "{}"));
      return;
    }
  } catch (error) {
    if (!(error instanceof iam.NoSuchEntityException)) throw refusal(`role ${arn} cannot be looked up`, error, signal);
  }
  throw new RefusedError(
    `account ${session.account} has no role ${arn}: nothing was done. Make it first (hms account bootstrap), or name another.`,
  );
}

function mustTrust({ account, partition, enteredBy }: AwsSession, role: SessionRole, document: string): void {
  const { externalId, tags } = role;
  if (enteredBy === undefined || trusts(document, { ...enteredBy, partition, externalId, tags })) return;
  throw new RefusedError(
    `role ${role.arn} of account ${account} does not trust ${enteredBy.arn} of account ${enteredBy.account}, with that external id and these tags: nothing was done. ` +
      "Use credentials that it trusts, or have it trust them (hms account bootstrap).",
  );
}

/** AWS' own errors say little without their name. A stop stays a stop. */
function refusal(what: string, error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return new CancelledError();
  if (error instanceof RefusedError) return error;
  const name = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  return new RefusedError(`${what}: ${name}${reasonOf(error)}`, { cause: error });
}
