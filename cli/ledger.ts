import { trust } from "../core/ledger/seal";
import type { LedgerWish } from "../core/ledger/wish";
import { SANDBOXES_NAMESPACE } from "../core/sandbox/identity";
import { SANDBOX_LEDGER } from "../core/sharing/facts";
import type { KubeClient } from "../platform/kube/client";
import { FolderSink } from "../provider/ledger/folder";
import { placeOf, publicKeys } from "../provider/ledger/open";
import type { ReadingParts, Witness } from "../provider/ledger/reading";
import { clusterWitness } from "../provider/ledger/witness";
import { sandboxPlace } from "./sandbox/place";
import { sandboxLedgerWish } from "./sandbox/settle";
import { openStack } from "./stack";

/** A ledger to look at. */
export interface StackLedger {
  readonly parts: ReadingParts;
  /** Its folder. */
  readonly where: string;
  /** Public keys (PEM) whose signatures count. */
  readonly keys: readonly string[];
  readonly witness: Witness | undefined;
}

/**
 * The ledger of a stack, for reading: needs its folder, the public keys and, unless `offline`, the cluster.
 * @throws RefusedError for an unknown stack, and for keys that cannot be read.
 */
export async function openStackLedger(stack: string, env: NodeJS.ProcessEnv, offline: boolean): Promise<StackLedger> {
  const { wish, kube, namespace } = chainOf(stack, env);
  const place = placeOf(wish, env);
  const keys = await publicKeys(place);
  const sink = new FolderSink(place.folder, wish.name);
  const witness = offline ? undefined : clusterWitness(kube(), namespace);
  const parts = { ledger: wish.name, sink, keys: trust(keys), ...(witness === undefined ? {} : { witness }) };
  return { parts, where: sink.where, keys, witness };
}

interface Chain {
  readonly wish: LedgerWish;
  readonly kube: () => KubeClient;
  /** Of its witness. */
  readonly namespace: string;
}

/** `sandboxes` is the chain of all sandboxes' doors, and no stack. */
function chainOf(stack: string, env: NodeJS.ProcessEnv): Chain {
  if (stack === SANDBOX_LEDGER) {
    const place = sandboxPlace(env);
    return { wish: sandboxLedgerWish(place), kube: () => place.kube, namespace: SANDBOXES_NAMESPACE };
  }
  const { config, session } = openStack(stack, undefined, env);
  return { wish: config.ledger, kube: () => session.kube, namespace: config.namespace };
}
