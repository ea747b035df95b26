import { CancelledError, RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { readyCluster } from "./cluster";
import type { Io } from "./command";
import { prepareEngine, type Prepared } from "./prepare";
import { reasonOf, up } from "./pulumi";
import { LOCAL_CONTEXT, openStack } from "./stack";

/** Wishes of one call, on top of the stack's file; names are services. */
export interface DeployWishes {
  /** The only services whose release may change. */
  readonly only?: readonly string[];
  /** The only accounts in which a release may change. */
  readonly onlyAccounts?: readonly string[];
  readonly retry?: readonly string[];
  readonly takeOver?: readonly string[];
  /** Percent at which every move of this call parks. */
  readonly traffic?: number;
  /** Earliest instant of every move of this call. */
  readonly notBefore?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Whether live releases of other services may lose what they need. */
  readonly breakDependents?: boolean;
  /** Release ids that were live before. */
  readonly pin?: Readonly<Record<string, string>>;
}

/**
 * One update of a stack by the engine, its output passed on as it comes.
 * @param prepared when the caller has made engine and cluster ready; otherwise the engine is made ready here, and a
 *   cluster that is not the local platform is looked at first.
 * @throws RefusedError whose message is the reason the engine gave; CancelledError after Ctrl-C, when the traffic is back.
 */
export async function deployStack(
  stack: string,
  wishes: DeployWishes,
  io: Io,
  prepared?: Pick<Prepared, "env">,
): Promise<void> {
  const { env: engine } = prepared ?? (await prepareForeign(stack, io));
  const env = { ...engine, HMS_OVERRIDES: JSON.stringify(wishes) };
  const onLine = (line: string) => void io.err.write(`${line}\n`);
  const { code, lines } = await up({ root: projectRoot(), stack, env, signal: io.signal, onLine });
  if (io.signal.aborted) throw new CancelledError(`cancelled: ${reasonOf(lines)}`);
  if (code !== 0) throw new RefusedError(reasonOf(lines));
}

/** Engine ready, and a cluster that is not the local platform looked at. */
export async function prepareForeign(stack: string, io: Io): Promise<Prepared> {
  const prepared = await prepareEngine(io);
  const { config } = openStack(stack, undefined, prepared.env);
  if (config.kubeContext !== LOCAL_CONTEXT) await readyCluster(config, prepared, io);
  return prepared;
}
