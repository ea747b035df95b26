import { loadStackFile } from "../config/stackFile";
import type { StackConfig } from "../config/stackConfig";
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

/** `canary` is no stack of its own: it is the parked phase of production. */
export const stackOf = (env: string): string => (env === "canary" ? "prod" : env);

/** One stack as the commands use it: its decisions, and the cluster it runs in. */
export interface OpenStack {
  readonly config: StackConfig;
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
  // The local platform keeps its kubeconfig to itself, so that it shows up in nobody's list of contexts.
  const kubeconfig = config.kubeContext === LOCAL_CONTEXT ? loadLayout(env).kubeconfig : undefined;
  return { config, session: new Session(config.kubeContext, kubeconfig, config.ledger), services };
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
      return { name, target: config.kubeContext, url: serviceUrl(config, name), actual, mover, owed };
    }),
  );
}
