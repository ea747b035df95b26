import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import { SANDBOX_LEDGER } from "../../core/sharing/facts";
import type { LedgerWish } from "../../core/ledger/wish";
import { reasonOf } from "../../platform/errors";
import type { Ledger } from "../../provider/ledger/ledger";
import { openLedger } from "../../provider/ledger/open";
import { clusterWitness } from "../../provider/ledger/witness";
import { settleAll, settleSandbox } from "../../provider/sharing/settle";
import type { Io } from "../command";
import type { SandboxPlace } from "./place";

/** Which chain holds what happens at sandboxes' doors, and where. */
export const sandboxLedgerWish = ({ common: { ledger } }: Pick<SandboxPlace, "common">): LedgerWish => ({
  name: SANDBOX_LEDGER,
  ...(ledger === "local" ? {} : { store: ledger }),
});

/**
 * Tells the ledger what happened at the doors of sandboxes and it does not know yet. What fails now is done by the next
 * command: the notes stay where they are until then.
 * @param only these. @default all
 */
export async function settleDoors(place: SandboxPlace, io: Io, only?: readonly string[]): Promise<void> {
  const { kube } = place;
  let opened: Promise<Ledger> | undefined;
  const ledger = () => {
    opened ??= openLedger(sandboxLedgerWish(place), clusterWitness(kube, SANDBOXES_NAMESPACE), io.env);
    return opened;
  };
  try {
    if (!only) await settleAll({ kube }, ledger);
    for (const name of only ?? []) await settleSandbox({ kube }, ledger, name);
  } catch (error) {
    io.err.write(
      `the ledger was not told of openings and decisions; the next command tries again: ${reasonOf(error)}\n`,
    );
  }
}
