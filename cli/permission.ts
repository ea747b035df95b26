import path from "node:path";
import type { StackConfig } from "../config/stack";
import { loadStackFile, stackNames } from "../config/stackFile";
import type { AwsReach } from "../core/account/account";
import { PERMISSION_VARIABLE, type Action, type PermissionAsked } from "../core/permission/decision";
import { serviceFacts, type PermissionFacts } from "../core/permission/facts";
import type { Identity, PermissionWish } from "../core/permission/identity";
import type { ServiceConfig } from "../core/service/service";
import { RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { loadLayout } from "../platform/local/layout";
import { loadPermissions, type PermissionPolicy } from "../platform/permission";
import { Progress } from "../platform/progress";
import { proveRole, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE } from "../platform/roleProof";
import { ensureTools } from "../platform/toolchain/install";
import { UsageError, type Invocation, type Io, type OptionSpec } from "./command";
import type { SandboxPlace } from "./sandbox/place";
import { DEFAULT_STACK, type OpenStack } from "./stack";

/** Names the role that a command acts in: of several that are proven, or without a proof where the stack asks for none. */
export const ROLE_VARIABLE = "HMS_ROLE";

/** Of commands that put traffic back: they must be possible while whoever proves roles is away. */
export const EMERGENCY_OPTION: OptionSpec = {
  flags: "--emergency <reason>",
  description: `acts in the role of ${ROLE_VARIABLE} without a proof of it; the reason is recorded`,
};

/** Where permission is asked, and how a role is proven there. */
export interface PermissionPlace {
  readonly stack: string;
  /** Absent: a role need not be proven, and who names none is not asked. */
  readonly permission?: PermissionWish;
  readonly aws: AwsReach;
}

/** One thing that somebody is about to do. */
export interface Wanted {
  readonly action: Action;
  readonly resource: string;
  readonly facts?: PermissionFacts;
}

/** Actions that go back: they wait for no issuer whose keys are known. */
const BACK: readonly Action[] = ["abort", "rollback"];
const UNPROVEN: Pick<Identity, "proof" | "who"> = { proof: "none", who: "" };

/**
 * Asks the permission policy whether the caller's role may do all of that. Comes before anything is changed.
 * @param emergency why it cannot wait for a proof.
 * @returns what was decided, in words for the ledger; `undefined` where nobody had to be asked.
 * @throws RefusedError with every reason.
 */
export async function askPermission(
  place: PermissionPlace,
  wanted: readonly Wanted[],
  io: Io,
  emergency?: string,
): Promise<string | undefined> {
  const { stack, permission } = place;
  const named = io.env[ROLE_VARIABLE];
  const [first] = wanted;
  if (first === undefined || (permission === undefined && named === undefined)) return undefined;
  const { home } = loadLayout(io.env);
  const identity =
    emergency === undefined && permission ? await proofOf(permission, place, wanted, home, io) : undefined;
  const { proof, who } = identity ?? UNPROVEN;
  const roles = identity === undefined ? [named ?? ""] : rolesToAsk(identity, named);
  const policy = await policyOf(home, io);
  const context = { stack, proof, mustProve: permission !== undefined, emergency: emergency !== undefined };
  const refusals: string[] = [];
  for (const role of roles) {
    const reasons = wanted.flatMap(({ action, resource, facts = {} }) => {
      const asked: PermissionAsked = { role, action, resource, context: { ...facts, ...context } };
      const { allow, reasons: why } = policy.decide(asked);
      return allow ? [] : why;
    });
    if (reasons.length === 0) {
      const actions = [...new Set(wanted.map(({ action }) => action))].join(", ");
      const how =
        emergency === undefined
          ? proof === "none"
            ? ""
            : `, proven by ${who}`
          : `, unproven in an emergency: ${emergency}`;
      return `permission policy sha256:${policy.digest} lets role ${role} ${actions}${how}`;
    }
    refusals.push(...reasons);
  }
  const grants = `Grants are in policy/rego/roles.json; ${whoMay(policy, stack, wanted)}`;
  const asker = who === "" ? "" : ` (${who})`;
  const way = permission === undefined ? `the role is ${ROLE_VARIABLE}` : howToProve(permission, first.action);
  throw new RefusedError(
    `not permitted: ${[...new Set(refusals)].join("; ")}${asker}. ${grants}; ${way}. Nothing was changed`,
  );
}

/** Which roles have the grants for all of that, whoever may act in them, and whatever is known against it besides. */
function whoMay(policy: PermissionPolicy, stack: string, wanted: readonly Wanted[]): string {
  const context: PermissionAsked["context"] = { stack, proof: "none", mustProve: false, emergency: false };
  const mayAll = (role: string) =>
    wanted.every(({ action, resource }) => policy.decide({ role, action, resource, context }).allow);
  const may = policy.roles.filter(mayAll);
  const all = (words: readonly string[]) => [...new Set(words)].join(", ");
  const what = `${all(wanted.map(({ action }) => action))} ${all(wanted.map(({ resource }) => resource))} on stack ${stack}`;
  return may.length === 0 ? `no role may ${what}` : `${may.join(" or ")} may ${what}`;
}

/**
 * Asks for something of a stack for which its file is enough, and no cluster is looked at. Where a project is without the
 * stack that is meant by default, nobody has to prove anything for that one.
 * @throws RefusedError also for another stack without a file.
 */
export function askOnStack(
  action: Action,
  stack: string,
  resources: readonly string[],
  io: Io,
): Promise<string | undefined> {
  const root = projectRoot();
  const unwritten = stack === DEFAULT_STACK && !stackNames(root).includes(stack);
  const place = unwritten ? { stack, aws: { fips: true } } : placeOf(loadStackFile(root, stack));
  return askPermission(
    place,
    resources.map((resource) => ({ action, resource })),
    io,
  );
}

/** Asks for services of a stack. */
export const askForServices = (
  action: Action,
  { config, services }: Pick<OpenStack, "services"> & { readonly config: StackPlace },
  io: Io,
  emergency?: string,
): Promise<string | undefined> =>
  askPermission(
    placeOf(config),
    services.map((service) => wantedOf(action, service)),
    io,
    emergency,
  );

/** What is done to a service; what a deployment brings is known in part already. */
export const wantedOf = (action: Action, service: ServiceConfig): Wanted => ({
  action,
  resource: service.name,
  ...(action === "deploy" ? { facts: serviceFacts(service) } : {}),
});

type StackPlace = Pick<StackConfig, "stack" | "aws"> & { readonly permission?: PermissionWish };

export const placeOf = ({ stack, aws, permission }: StackPlace): PermissionPlace => ({
  stack,
  aws,
  ...(permission === undefined ? {} : { permission }),
});

/** Name of the place where sandboxes are made, and of all of them together, for grants. */
export const SANDBOXES = "sandboxes";

/** Asks for sandboxes, by name. @param names `SANDBOXES` for what concerns all of them, whichever there are. */
export const askForSandboxes = (
  action: Action,
  { common: { permission } }: Pick<SandboxPlace, "common">,
  names: readonly string[],
  io: Io,
): Promise<string | undefined> =>
  askPermission(
    { stack: SANDBOXES, aws: { fips: true }, ...(permission === undefined ? {} : { permission }) },
    names.map((resource) => ({ action, resource })),
    io,
  );

/** The reason of an emergency, where there is one. @throws UsageError for an empty one. */
export function emergencyOf(invocation: Invocation): string | undefined {
  const reason = invocation.text("emergency")?.trim();
  if (reason === "") throw new UsageError("--emergency: got an empty text; say why it cannot wait for a proof");
  return reason;
}

/** The same call with what was decided in it, for the engine to hand on to the ledger. */
export const withDecision = (io: Io, decided: string | undefined): Io => ({
  ...io,
  // What the caller's own environment says was decided by nobody.
  env: { ...io.env, [PERMISSION_VARIABLE]: decided },
});

/** For a reader: that a production stack asks nobody. */
export const nobodyIsAsked = ({ production, permission }: Pick<StackConfig, "production" | "permission">): string[] =>
  production && permission === undefined
    ? [`permission: nobody has to prove a role here (no hms:permission); ${ROLE_VARIABLE}, where set, is believed`]
    : [];

async function proofOf(
  permission: PermissionWish,
  { aws }: PermissionPlace,
  wanted: readonly Wanted[],
  home: string,
  io: Io,
): Promise<Identity | undefined> {
  const hurry = wanted.every(({ action }) => BACK.includes(action));
  try {
    const found = await proveRole(permission, { env: io.env, home, reach: aws, hurry, signal: io.signal });
    if (found === undefined || found.roles.length > 0) return found;
    throw new RefusedError(`${found.who} has none of the stack's roles`);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const way = howToProve(permission, wanted[0]?.action);
    throw new RefusedError(`not permitted: ${error.message}. ${way}. Nothing was changed`, { cause: error });
  }
}

/** All that are proven, or the one that was named. @throws RefusedError where that is not among them. */
function rolesToAsk({ roles, who }: Identity, named: string | undefined): readonly string[] {
  if (named === undefined || named === "") return roles;
  if (roles.includes(named)) return [named];
  throw new RefusedError(
    `not permitted: ${ROLE_VARIABLE} is ${named}, and ${who} has the role ${roles.join(", ")}. Leave ${ROLE_VARIABLE} out, or name one of these. Nothing was changed`,
  );
}

function howToProve({ oidc, aws }: PermissionWish, action: Action | undefined): string {
  const ways = [
    ...(oidc === undefined
      ? []
      : [
          `put a token of ${oidc.issuer} for ${oidc.audience} into ${TOKEN_VARIABLE} or a file that ${TOKEN_FILE_VARIABLE} names`,
        ]),
    ...(aws === undefined ? [] : ["use AWS credentials of a role in hms:permission.aws"]),
  ];
  const emergency =
    action !== undefined && BACK.includes(action)
      ? `; if that cannot be, --emergency "<reason>" with ${ROLE_VARIABLE}`
      : "";
  return `To prove a role, ${ways.join(", or ")}${emergency}`;
}

async function policyOf(home: string, io: Io): Promise<PermissionPolicy> {
  const { opa = "opa" } = await ensureTools(["opa"], { home, progress: new Progress(io.err), signal: io.signal });
  return loadPermissions(opa, projectRoot(), path.join(home, "cache", "rego"));
}
