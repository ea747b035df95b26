import { describeHolder } from "../core/rollout/lease";
import { reasonOf, RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { readLease, watchLease, type LeaseSeen } from "../provider/rollout/lease";
import { describeLock, ownerOf, readLocks, removeLock, type EngineLock, type Owner } from "./engineLock";
import type { OpenStack } from "./stack";

/** Contract of `hms unlock --json`: people script against it, so keys are added, never renamed. */
export interface UnlockDocument {
  readonly stack: string;
  /** The engine's locks as they were found. */
  readonly locks: readonly (EngineLock & { readonly owner: Owner })[];
  /** Who holds the rollout of each service, in each account where the stack delivers to accounts. */
  readonly leases: readonly ({ readonly service: string; readonly account: string | null } & LeaseSeen)[];
  /** Whether the engine's locks were removed. */
  readonly unlocked: boolean;
}

/**
 * Removes the engine's locks of a stack when nothing that could still act on them lives: their owners have ended, and
 * nobody holds the rollout of a service. What lives keeps all of it.
 * @param targets all that the stack delivers to: any of them may have a mover.
 * @param backend where the engine keeps the stack's state and locks.
 * @param progress told when a holder on another machine has to be waited for.
 */
export async function unlockStack(
  stack: string,
  targets: readonly OpenStack[],
  backend: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<UnlockDocument> {
  const files = readLocks(backend, projectRoot(), stack);
  const locks = files.map(({ lock }) => ({ ...lock, owner: ownerOf(lock) }));
  const look = async ({ config, session }: OpenStack, service: string): Promise<LeaseSeen> => {
    const store = session.store(service, config.namespace);
    if (locks.length === 0) {
      const holder = await readLease(session.kube, store);
      return { holder, since: null, alive: holder !== null };
    }
    return watchLease(session.kube, store, signal, (holder, seconds) => {
      progress(
        `${labelOf(config.account ?? null, service)}: ${describeHolder(holder)} has its rollout; waiting up to ${seconds} s for a sign of life`,
      );
    });
  };
  const looks = targets.flatMap((target) =>
    target.services.map(async ({ name }) => ({
      service: name,
      account: target.config.account ?? null,
      ...(await look(target, name)),
    })),
  );
  const leases = await Promise.all(looks).catch((error: unknown) => {
    signal.throwIfAborted();
    const unseen = `who moves traffic of stack ${stack} cannot be seen, so it stays as it is: ${reasonOf(error)}`;
    throw new RefusedError([...locks.map(lockText), unseen].join("\n"));
  });
  const mayUnlock = locks.every(({ owner }) => owner === "ended") && leases.every(({ alive }) => !alive);
  // Each by its own file: a lock that somebody takes meanwhile is another one.
  if (mayUnlock) files.forEach(removeLock);
  return { stack, locks, leases, unlocked: mayUnlock && files.length > 0 };
}

/** @throws RefusedError that says what still lives, and what to do about it; none when nothing was locked. */
export function refuseLocked({ stack, locks, leases, unlocked }: UnlockDocument): void {
  if (unlocked || locks.length === 0) return;
  const living = locks.flatMap((lock) =>
    lock.owner === "ended"
      ? []
      : lock.owner === "alive"
        ? `${describeLock(lock)} is updating stack ${stack}: wait until that ends, or stop it`
        : `${describeLock(lock)} took the lock on another machine: look there; when that process has ended, unlock there, or pulumi cancel ${stack}`,
  );
  const moving = leases.flatMap(({ service, account, holder, alive }) =>
    holder && alive
      ? `${labelOf(account, service)}: ${describeHolder(holder)} still works on its rollout: wait until that ends, or stop it`
      : [],
  );
  throw new RefusedError([...living, ...moving, `stack ${stack} stays locked`].join("\n"));
}

/** What was found and done, for people. */
export function unlockText({ stack, locks, leases, unlocked }: UnlockDocument): string {
  const done = unlocked
    ? `unlocked stack ${stack}; go on with: hms-deploy --env ${stack}`
    : locks.length === 0
      ? `nothing to unlock: nobody holds the engine's lock of stack ${stack}`
      : `stack ${stack} stays locked`;
  return [...locks.map(lockText), ...leases.map(leaseText), done].join("\n");
}

const OWNER = { alive: "that process runs", ended: "that process has ended", elsewhere: "on another machine" } as const;

const lockText = (lock: EngineLock & { readonly owner: Owner }): string =>
  `engine's lock: ${describeLock(lock)}${lock.since === undefined ? "" : `, since ${lock.since}`}: ${OWNER[lock.owner]}`;

const labelOf = (account: string | null, service: string): string =>
  account === null ? service : `${account}/${service}`;

function leaseText({ service, account, holder, since, alive }: UnlockDocument["leases"][number]): string {
  const label = labelOf(account, service);
  if (!holder) return `${label}: nobody has its rollout`;
  const state = alive ? "it lives" : "it has ended, or gave no sign for a whole lease; the next update takes it";
  return `${label}: ${describeHolder(holder)} has its rollout${since === null ? "" : ` since ${since}`}: ${state}`;
}
