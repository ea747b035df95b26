import type { SandboxIdentity } from "../sandbox/identity";
import { LEVELS, type Grant, type Level } from "./grant";

/** Who signed in, as the identity provider said at that time. */
export interface Identity {
  /** The provider's own name of the person, which it never gives to another. */
  readonly subject: string;
  /** Only one that the provider has verified. */
  readonly email: string | null;
  /** For people to read. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly authTime: Date;
}

export interface AccessRequest {
  readonly method: string;
  /** Host name that was asked, without a port. */
  readonly host: string;
  /** Host name of the sandbox. */
  readonly sandboxHost: string;
}

/** Why not. Codes are contract: they stand in records. */
export const REFUSALS = {
  "no-sandbox": "there is no such sandbox",
  "wrong-host": "the address is not one of the sandbox",
  "sandbox-expired": "the sandbox has expired",
  "no-login": "nobody is signed in",
  "login-expired": "the sign-in is too long ago",
  "no-grant": "it was not shared with you",
  "other-sandbox": "what was shared with you is another sandbox",
  "grant-expired": "it was shared with you until a time that has passed",
  "missing-group": "it was shared with a role that the identity provider does not say you have",
  "read-only": "it was shared with you to look at, and this changes something",
} as const;
export type Refusal = keyof typeof REFUSALS;

export type Access =
  | {
      readonly allowed: true;
      /** The most that the matching grants give. */
      readonly as: Level;
      /** In whose names the person is here. */
      readonly roles: readonly string[];
      readonly grants: readonly string[];
    }
  | { readonly allowed: false; readonly reason: Refusal };

/** Longest time that a sign-in counts, in seconds: what the provider says of somebody's groups is that old at most. */
export const LOGIN_SECONDS = 3600;

/** Methods that by the rules of HTTP change nothing. */
const SAFE: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/**
 * Whether a request may pass. Nothing may that no grant names: no sandbox, no sign-in and no grant each say no, and there
 * is no path, method or person that is let in without one.
 * @param grants all that are known, of whatever sandbox.
 * @param sandbox absent: there is none.
 */
export function decide(
  request: AccessRequest,
  identity: Identity | undefined,
  grants: readonly Grant[],
  sandbox: SandboxIdentity | undefined,
  now: Date,
): Access {
  if (!sandbox) return refused("no-sandbox");
  if (!isHostOf(request.host, request.sandboxHost)) return refused("wrong-host");
  if (!(now < sandbox.expiresAt)) return refused("sandbox-expired");
  if (!identity) return refused("no-login");
  // A time in the future is as wrong as one too long ago: whoever can write one could write any.
  const age = (now.getTime() - identity.authTime.getTime()) / 1000;
  if (!(age >= -SKEW_SECONDS && age <= LOGIN_SECONDS)) return refused("login-expired");
  return ofGrants(request, identity, grants, sandbox, now);
}
/** By which two clocks may differ. */
const SKEW_SECONDS = 60;

function ofGrants(
  { method }: AccessRequest,
  identity: Identity,
  grants: readonly Grant[],
  sandbox: SandboxIdentity,
  now: Date,
): Access {
  const found = grants.map((grant) => ({ grant, lacks: lacking(grant, identity, sandbox, now) }));
  const good = found.filter(({ lacks }) => lacks === undefined).map(({ grant }) => grant);
  const first = good[0];
  if (!first) {
    const reasons = new Set(found.map(({ lacks }) => lacks));
    return refused(NEAREST.find((reason) => reasons.has(reason)) ?? "no-grant");
  }
  const as = LEVELS.findLast((level) => good.some((grant) => grant.as === level)) ?? "view";
  if (as === "view" && !SAFE.includes(method)) return refused("read-only");
  const roles = [...new Set(good.map(({ role }) => role))].sort();
  return { allowed: true, as, roles, grants: good.map(({ id }) => id) };
}

/** Of several reasons the one that says most: the closer a grant came, the earlier. */
const NEAREST = ["grant-expired", "missing-group", "other-sandbox"] as const;

type Lack = (typeof NEAREST)[number] | "no-grant";

/** What keeps a grant from letting somebody in. */
function lacking(grant: Grant, identity: Identity, sandbox: SandboxIdentity, now: Date): Lack | undefined {
  if (!isFor(grant, identity)) return "no-grant";
  // One that was made before the sandbox was made for an earlier one of the same name.
  if (grant.sandbox !== sandbox.name || new Date(grant.at) < sandbox.createdAt) return "other-sandbox";
  if (!identity.groups.includes(grant.role)) return "missing-group";
  if (!(now < new Date(grant.until))) return "grant-expired";
  return undefined;
}

function isFor({ to: { users, groups } }: Grant, { subject, email, groups: own }: Identity): boolean {
  if (users.length === 0 && groups.length === 0) return true;
  const address = email?.toLowerCase();
  const named = users.some((user) => user === subject || (address !== undefined && user.toLowerCase() === address));
  return named || groups.some((group) => own.includes(group));
}

/** A sandbox answers under its own name and under names below it. */
const isHostOf = (host: string, own: string): boolean => host === own || host.endsWith(`.${own}`);

const refused = (reason: Refusal): Access => ({ allowed: false, reason });
