import { SANDBOX_LABEL, SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import { isSandboxName } from "../../core/sandbox/name";
import { factOfRecord } from "../../core/sharing/facts";
import { recordsMap } from "../../core/sharing/names";
import { owedTo, readBook, withLedgered, writeBook } from "../../core/sharing/records";
import type { Ledger } from "../ledger/ledger";
import { recordsOf, recordsText, removeRecords } from "./records";
import { updateText, type SharingPlace } from "./storedText";

/**
 * Tells the ledger what it does not know yet of one sandbox. The gate has no ledger: its records wait in the cluster until
 * somebody who has one comes by, and go with the sandbox once the ledger has them. Safe to repeat and to be killed
 * anywhere: a fact is found again by what it says.
 * @returns how many were told.
 */
export async function settleSandbox(
  place: SharingPlace,
  ledger: () => Promise<Ledger>,
  sandbox: string,
): Promise<number> {
  const book = await recordsOf(place, sandbox);
  if (!book) return 0;
  const owed = owedTo(book);
  const last = owed.at(-1);
  if (last) {
    await (await ledger()).checkpoint(owed.map((record) => factOfRecord(book, record)));
    const withTold = (text: string | undefined) =>
      writeBook(withLedgered(text === undefined ? book : readBook(text), last.sequence));
    await updateText(place, recordsText(sandbox), withTold);
  }
  const namespace = await place.kube.get({ apiVersion: "v1", kind: "Namespace", name: sandbox });
  // One that is going is no sandbox any more: the gate notes nothing of it.
  if (namespace && namespace.metadata.deletionTimestamp === undefined) return owed.length;
  const now = await recordsOf(place, sandbox);
  if (now && owedTo(now).length === 0) await removeRecords(place, sandbox);
  return owed.length;
}

/** The same for all that have records. */
export async function settleAll(place: SharingPlace, ledger: () => Promise<Ledger>): Promise<number> {
  const { kube, namespace = SANDBOXES_NAMESPACE } = place;
  const maps = await kube.list({ apiVersion: "v1", kind: "ConfigMap", namespace }, { labelSelector: SANDBOX_LABEL });
  let told = 0;
  for (const { metadata } of maps) {
    const sandbox = metadata.labels?.[SANDBOX_LABEL];
    if (isSandboxName(sandbox) && metadata.name === recordsMap(sandbox))
      told += await settleSandbox(place, ledger, sandbox);
  }
  return told;
}
