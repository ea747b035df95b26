import { trust } from "../core/ledger/seal";
import { FolderSink } from "../provider/ledger/folder";
import { placeOf, publicKeys } from "../provider/ledger/open";
import type { ReadingParts, Witness } from "../provider/ledger/reading";
import { clusterWitness } from "../provider/ledger/witness";
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
  const { config, session } = openStack(stack, undefined, env);
  const place = placeOf(config.ledger, env);
  const keys = await publicKeys(place);
  const sink = new FolderSink(place.folder, config.ledger.name);
  const witness = offline ? undefined : clusterWitness(session.kube, config.namespace);
  const parts = { ledger: config.ledger.name, sink, keys: trust(keys), ...(witness === undefined ? {} : { witness }) };
  return { parts, where: sink.where, keys, witness };
}
