import * as fs from "node:fs";
import * as path from "node:path";
import type { AwsReach } from "../core/account/account";
import { rolesOfCaller, type AwsWish, type Identity, type PermissionWish } from "../core/permission/identity";
import { connect } from "./aws/session";
import { reasonOf, RefusedError } from "./errors";
import { identityOfToken } from "./roleToken";

/** A signed token that proves a role, or the path of a file that holds one. */
export const TOKEN_VARIABLE = "HMS_ROLE_TOKEN";
export const TOKEN_FILE_VARIABLE = "HMS_ROLE_TOKEN_FILE";

export interface ProofOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Home of what is kept between calls. */
  readonly home: string;
  /** How the stack reaches AWS. */
  readonly reach: AwsReach;
  /** Whether the caller goes back, and must not wait for an issuer whose keys are known. */
  readonly hurry: boolean;
  readonly signal: AbortSignal;
}

/**
 * Who somebody is, by what they have: their token where the stack believes an issuer, else who AWS says they are. A token
 * that does not count is not passed over.
 * @returns `undefined` where they have nothing that the stack believes.
 * @throws RefusedError that says what is wrong with what they have.
 */
export async function proveRole(wish: PermissionWish, options: ProofOptions): Promise<Identity | undefined> {
  const { oidc, aws } = wish;
  const token = oidc && tokenIn(options.env);
  if (oidc && token !== undefined) {
    const { hurry, signal } = options;
    const cache = path.join(options.home, "cache", "issuers");
    return identityOfToken(token, oidc, { cache, anyAge: hurry, signal });
  }
  return aws && callerOf(aws, options);
}

/** @throws RefusedError for a file that cannot be read. */
function tokenIn(env: NodeJS.ProcessEnv): string | undefined {
  const { [TOKEN_VARIABLE]: token = "", [TOKEN_FILE_VARIABLE]: file = "" } = env;
  if (token !== "") return token;
  if (file === "") return undefined;
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`${TOKEN_FILE_VARIABLE}: ${reasonOf(error)}; name a file that holds the token`);
  }
}

async function callerOf({ region, roles }: AwsWish, { reach, signal }: ProofOptions): Promise<Identity> {
  const { arn } = await connect({ ...reach, region, signal });
  return { proof: "aws", who: arn, roles: rolesOfCaller(arn, roles) };
}
