import path from "node:path";
import { loadStackFile } from "../config/stackFile";
import { targetsOf, type TargetConfig } from "../config/targets";
import { describeOwed } from "../core/migrations/owed";
import { describeHolder } from "../core/rollout/lease";
import type { ServiceSeen } from "../core/rollout/status";
import type { ServiceConfig } from "../core/service/service";
import { serviceUrl } from "../core/tls/reach";
import { RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { CLUSTER, loadLayout } from "../platform/local/layout";
import { NoteStore } from "../provider/migration/noteStore";
import { readLease } from "../provider/rollout/lease";
import { Session } from "../provider/session";

/** Context of the local platform, and the default of `hms:kubeContext`. */
export const LOCAL_CONTEXT = CLUSTER.context;

/** Stack of commands that name none. */
export const DEFAULT_STACK = "dev";

/** `canary` is no stack of its own: it is the parked phase of production. */
export const stackOf = (env: string): string => (env === "canary" ? "prod" : env);

/** One stack as the commands use it: its decisions, and the cluster it runs in. */
export interface OpenStack {
  readonly config: TargetConfig;
  readonly session: Session;
  /** The services asked for. */
  readonly services: readonly ServiceConfig[];
}

/**
 * @param only one service instead of all.
 * @throws RefusedError for an unknown stack or service, or a wrong configuration.
 */
export function openStack(stack: string, only: string | undefined, env: NodeJS.ProcessEnv): OpenStack {
  const config = loadStackFile(projectRoot(), stack);
  const services = only === undefined ? config.services : config.services.filter((service) => service.name === only);
  if (services.length === 0) {
    const names = config.services.map((service) => service.name).join(", ");
    throw new RefusedError(`stack ${stack} has no service "${only ?? ""}"; it has ${names}`);
  }
  return { config, session: sessionOf(config, env), services };
}

/** The local platform keeps its kubeconfig to itself, so that it shows up in nobody's list of contexts. */
const sessionOf = ({ kubeContext, ledger }: TargetConfig, env: NodeJS.ProcessEnv, kubeconfig?: string): Session =>
  new Session(
    kubeContext,
    kubeconfig ?? (kubeContext === LOCAL_CONTEXT ? loadLayout(env).kubeconfig : undefined),
    ledger,
  );

/** As `sessionOf`, and the cluster of an account that has an EKS one is looked up first. */
async function sessionIn(target: TargetConfig, env: NodeJS.ProcessEnv): Promise<Session> {
  if (target.account === undefined) return sessionOf(target, env);
  // Loaded where it is needed: it brings AWS' clients along.
  const { mainKubeconfig } = await import("../provider/account/cluster");
  const hms = path.join(projectRoot(), "bin", "hms");
  return sessionOf(target, env, await mainKubeconfig(target, target.account, hms));
}

/** A target of which nobody was asked yet. */
export type MeantTarget = Omit<OpenStack, "session">;

/**
 * The targets of a stack: its own cluster, or its deployable accounts. Asks nobody.
 * @param account one of them instead of all.
 * @throws RefusedError for an unknown stack, service or account, or a wrong configuration.
 */
export function meantTargets(
  stack: string,
  only: string | undefined,
  account: string | undefined,
  env: NodeJS.ProcessEnv,
): readonly MeantTarget[] {
  const { config, services } = openStack(stack, only, env);
  const targets = targetsOf(config);
  const meant = account === undefined ? targets : targets.filter((target) => target.account === account);
  if (meant.length > 0) return meant.map((target) => ({ config: target, services }));
  const known = targets.flatMap((target) => target.account ?? []).join(", ") || "its own cluster";
  throw new RefusedError(`stack ${stack} delivers to no account "${account ?? ""}"; it delivers to ${known}`);
}

/** The same, each opened for itself. @throws RefusedError, also where the cluster of an account cannot be looked up */
export const openTargets = (...asked: Parameters<typeof meantTargets>): Promise<readonly OpenStack[]> =>
  Promise.all(
    meantTargets(...asked).map(async (target) => ({ ...target, session: await sessionIn(target.config, asked[3]) })),
  );

/** The same for what is done in one place. @throws RefusedError where the stack has several and none is named. */
export async function openTarget(
  stack: string,
  only: string | undefined,
  account: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<OpenStack> {
  const targets = await openTargets(stack, only, account, env);
  const [target] = targets;
  if (target && targets.length === 1) return target;
  const names = targets.flatMap((one) => one.config.account ?? []).join(", ");
  throw new RefusedError(`stack ${stack} delivers to ${names}; name one of them with --account`);
}

/** What the cluster says of each service now. */
export function seeServices({ config, session, services }: OpenStack): Promise<ServiceSeen[]> {
  return Promise.all(
    services.map(async ({ name }) => {
      const store = session.store(name, config.namespace);
      const [{ actual }, holder, notes] = await Promise.all([
        store.read(),
        readLease(session.kube, store),
        new NoteStore(session.kube, name, config.namespace).read(),
      ]);
      const owed = describeOwed(notes, actual);
      const mover = holder ? describeHolder(holder) : null;
      return {
        name,
        account: config.account ?? null,
        target: config.kubeContext,
        url: serviceUrl(config, name),
        actual,
        mover,
        owed,
        seenAt: new Date(),
      };
    }),
  );
}
