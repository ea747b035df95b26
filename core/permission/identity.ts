import { iamArn, parseArn } from "../aws/arn";
import { asArray, asString } from "../json";
import type { ProofKind } from "./decision";

/** A public key of an issuer, as RFC 7517 writes it; what it must hold is for the one who verifies with it. */
export type Jwk = Readonly<Record<string, unknown>>;

/** Tokens that prove a role: a person's, or a CI job's. */
export interface OidcWish {
  /** As it calls itself in its tokens. */
  readonly issuer: string;
  /** Whom a token must be made for. */
  readonly audience: string;
  /** Claim that says who somebody is or belongs to: a text, or a list of texts. */
  readonly claim: string;
  /** The issuer's keys. Absent: asked for at the issuer, and kept. */
  readonly keys?: readonly Jwk[];
  /** Value of the claim -> role. */
  readonly roles: Readonly<Record<string, string>>;
}

/** Callers of AWS whose identity proves a role. */
export interface AwsWish {
  readonly region: string;
  /** ARN of an IAM role or user -> role. */
  readonly roles: Readonly<Record<string, string>>;
}

/** How somebody proves in which role they act; at least one of the two. */
export interface PermissionWish {
  readonly oidc?: OidcWish;
  readonly aws?: AwsWish;
}

/** Who somebody has shown to be. */
export interface Identity {
  readonly proof: ProofKind;
  /** For messages and the ledger: whose token of whom, or the caller's ARN. */
  readonly who: string;
  /** Roles that they may act in; empty: none of the stack's. */
  readonly roles: readonly string[];
}

/** Roles that a token's claim stands for, each once, in the order of the claim. */
export function rolesOfClaims(
  claims: Readonly<Record<string, unknown>>,
  { claim, roles }: Pick<OidcWish, "claim" | "roles">,
): readonly string[] {
  const value = claims[claim];
  const values = typeof value === "string" ? [value] : asArray(value);
  return [...new Set(values.flatMap((one) => roleAt(roles, asString(one))))];
}

/** Roles of whoever AWS says somebody is. @param caller `sts get-caller-identity`'s Arn. */
export function rolesOfCaller(caller: string, roles: Readonly<Record<string, string>>): readonly string[] {
  const known = new Map(Object.entries(roles).map(([arn, role]) => [principalOf(arn), role]));
  const principal = principalOf(caller);
  const role = principal === undefined ? undefined : known.get(principal);
  return role === undefined ? [] : [role];
}

/**
 * The role or user behind an ARN, without a path: the session of a role is told without the path that the role's own ARN
 * has, and names are unique in an account without it. `undefined` for what is neither.
 */
export function principalOf(arn: string): string | undefined {
  const { partition, service, account, resource } = parseArn(arn) ?? {};
  if (partition === undefined || account === undefined || !/^\d{12}$/.test(account)) return undefined;
  const parts = (resource ?? "").split("/");
  const [kind, name] = [parts[0], parts.at(-1) ?? ""];
  if (service === "sts" && kind === "assumed-role" && parts.length === 3 && parts[1] !== "")
    return iamArn(partition, account, `role/${parts[1] ?? ""}`);
  if (service === "iam" && (kind === "role" || kind === "user") && parts.length > 1 && name !== "")
    return iamArn(partition, account, `${kind}/${name}`);
  return undefined;
}

const roleAt = (roles: Readonly<Record<string, string>>, value: string | undefined): readonly string[] => {
  const role = value !== undefined && Object.hasOwn(roles, value) ? roles[value] : undefined;
  return role === undefined ? [] : [role];
};
