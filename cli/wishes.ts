import { readNotBefore } from "../core/schedule/notBefore";
import { problemText } from "../core/service/problem";
import { UsageError, type Invocation, type OptionSpec } from "./command";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./commands/status";
import type { DeployWishes } from "./deploy";
import { openTargets, stackOf, type OpenStack } from "./stack";

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** What one call may want on top of the stack's file; the same words for a preview and for the update. */
export const WISH_OPTIONS: readonly OptionSpec[] = [
  SERVICE_OPTION,
  ACCOUNT_OPTION,
  { flags: "--tag <tag>", description: "label of the new release; default is the commit's short SHA" },
  { flags: "--traffic <percent>", description: "parks the move at this share of the traffic, for example 1%" },
  {
    flags: "--not-before <when>",
    description: "proves the release now and moves the traffic at that instant, by a pod in the cluster",
  },
  { flags: "--retry", description: "lets a held release try again" },
  { flags: "--take-over", description: "overwrites weights that somebody else wrote" },
];

/** Names of the wishes as they are typed, for a call that brings its own. */
export const givenWishes = (invocation: Invocation): string[] => [
  ...["service", "account", "tag", "traffic", "notBefore"].filter((name) => invocation.text(name) !== undefined),
  ...["retry", "takeOver"].filter((name) => invocation.flag(name)),
];

/**
 * The stack that is named, and what is wanted of it.
 * @param env as typed: `canary` is the parked phase of production.
 * @throws UsageError, RefusedError
 */
export async function readWishes(
  env: string,
  invocation: Invocation,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly open: readonly OpenStack[]; readonly stack: string; readonly wishes: DeployWishes }> {
  const { stack, traffic } = target(env, invocation.text("traffic"));
  const tag = invocation.text("tag");
  if (tag !== undefined && !TAG.test(tag)) {
    throw new UsageError(
      `--tag: got "${tag}"; allowed are up to 128 letters, digits, _ . and -, not starting with . or -`,
    );
  }
  const notBefore = invocation.text("notBefore");
  if (notBefore !== undefined) refuseWrongTime(notBefore);
  const account = invocation.text("account");
  const open = await openTargets(stack, invocation.text("service"), account, environment);
  const names = open[0]?.services.map((service) => service.name) ?? [];
  const wishes = {
    ...(invocation.text("service") === undefined ? {} : { only: names }),
    ...(account === undefined ? {} : { onlyAccounts: [account] }),
    retry: invocation.flag("retry") ? names : [],
    takeOver: invocation.flag("takeOver") ? names : [],
    ...(traffic === undefined ? {} : { traffic }),
    ...(notBefore === undefined ? {} : { notBefore }),
    tags: tag === undefined ? {} : Object.fromEntries(names.map((name) => [name, tag])),
  };
  return { open, stack, wishes };
}

/** Whether it is past is for the plan to say: where the release is live already, that is no matter. */
function refuseWrongTime(text: string): void {
  const read = readNotBefore(text);
  if (!read.ok) throw new UsageError(problemText({ path: ["--not-before"], got: "nothing", ...read.problem }));
}

function target(env: string, traffic: string | undefined): { readonly stack: string; readonly traffic?: number } {
  const stack = stackOf(env);
  if (traffic === undefined) return stack === env ? { stack } : { stack, traffic: 1 };
  const percent = Number(/^(\d{1,2})\s*%?$/.exec(traffic.trim())?.[1]);
  if (!(percent >= 1 && percent <= 99)) {
    throw new UsageError(`--traffic: got "${traffic}"; allowed is a whole percentage from 1% to 99%`);
  }
  return { stack, traffic: percent };
}
