import { canonicalJson } from "../core/canonicalJson";
import type { LedgerWish } from "../core/ledger/wish";
import { SANDBOXES_NAMESPACE } from "../core/sandbox/identity";
import { SANDBOX_LEDGER } from "../core/sharing/facts";
import type { KubeClient } from "../platform/kube/client";
import { RefusedError } from "../platform/errors";
import { readingOf, type OpenReading } from "../provider/ledger/open";
import { allWitnesses } from "../provider/ledger/sinkWitness";
import { clusterWitness } from "../provider/ledger/witness";
import type { Session } from "../provider/session";
import { sandboxPlace } from "./sandbox/place";
import { sandboxLedgerWish } from "./sandbox/settle";
import { meantTargets, openTargets, type MeantTarget } from "./stack";

export interface LedgerAsked {
  readonly stack: string;
  /** Whose ledger, where each account of the stack has its own. */
  readonly account?: string | undefined;
  /** Whether nobody is asked for the newest checkpoint that they know. */
  readonly offline: boolean;
}

/**
 * The ledger of a stack, for reading: needs its folder or account, the public keys and, unless `offline`, its witnesses.
 * @throws RefusedError for an unknown stack or account, where several have a ledger and none is named, and for keys that
 *   cannot be read.
 */
export async function openStackLedger(
  { stack, account, offline }: LedgerAsked,
  env: NodeJS.ProcessEnv,
): Promise<OpenReading> {
  // Who reads without a cluster looks none up either.
  const targets =
    stack === SANDBOX_LEDGER
      ? []
      : offline
        ? meantTargets(stack, undefined, account, env)
        : await openTargets(stack, undefined, account, env);
  const [chain, ...others] = chainsOf(stack, targets, env);
  if (chain === undefined) throw new RefusedError(`stack ${stack} delivers to nothing, and has no ledger`);
  if (others.length === 0) return read(chain, offline, env);
  const names = [chain, ...others].flatMap((one) => one.account ?? []).join(", ");
  throw new RefusedError(`each account of ${stack} has its own ledger; name one of ${names} with --account`);
}

/** All ledgers of a stack, which has several where each of its accounts has its own; witnesses are not asked. */
export const openStackLedgers = (stack: string, env: NodeJS.ProcessEnv): readonly Promise<OpenReading>[] =>
  chainsOf(stack, stack === SANDBOX_LEDGER ? [] : meantTargets(stack, undefined, undefined, env), env).map((chain) =>
    read(chain, true, env),
  );

interface Chain {
  readonly wish: LedgerWish;
  /** Whose, where each account has its own. */
  readonly account?: string | undefined;
  /** Clusters that keep its newest checkpoint: each knows the one of its own last move. */
  readonly kept: readonly { readonly kube: () => KubeClient; readonly namespace: string }[];
}

function read({ wish, kept }: Chain, offline: boolean, env: NodeJS.ProcessEnv): Promise<OpenReading> {
  const witnesses = offline ? [] : kept.map(({ kube, namespace }) => clusterWitness(kube(), namespace));
  return readingOf(wish, offline ? undefined : allWitnesses(witnesses), env);
}

/** `sandboxes` is the chain of all sandboxes' doors, and no stack. */
function chainsOf(
  stack: string,
  targets: readonly (MeantTarget & { readonly session?: Session })[],
  env: NodeJS.ProcessEnv,
): readonly Chain[] {
  if (stack === SANDBOX_LEDGER) {
    const place = sandboxPlace(env);
    const kept = [{ kube: () => place.kube, namespace: SANDBOXES_NAMESPACE }];
    return [{ wish: sandboxLedgerWish(place), kept }];
  }
  const chains = new Map<string, Chain>();
  for (const { config, session } of targets) {
    const key = canonicalJson(config.ledger);
    const { kept = [] } = chains.get(key) ?? {};
    const clusters = session === undefined ? [] : [{ kube: () => session.kube, namespace: config.namespace }];
    chains.set(key, { wish: config.ledger, account: config.account, kept: [...kept, ...clusters] });
  }
  return [...chains.values()];
}
