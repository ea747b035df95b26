import { FREEZE_PATH } from "../../core/account/names";
import { OWN } from "../../core/account/way";
import type { FreezePlace } from "../../core/freeze/place";
import { RefusedError } from "../../platform/errors";
import { enter } from "../account/session";
import { parameterStore } from "./parameterStore";
import type { FreezeStore } from "./store";

/** To enter an account takes several calls before the first question. */
const PATIENCE_MS = 15_000;

/** The freeze in an account's own parameters; the account is entered when it is first asked. */
export function accountStore(account: NonNullable<FreezePlace["account"]>, stack: string): FreezeStore {
  const where =
    account === OWN
      ? `parameters of each account of stack ${stack}`
      : `parameters ${FREEZE_PATH} of account ${account.id}`;
  const inside = async (signal: AbortSignal | undefined): Promise<FreezeStore> => {
    if (account === OWN) throw new RefusedError("each account has its own freeze, and none is named");
    return parameterStore(await orStopped(enter(stack, account), signal), FREEZE_PATH);
  };
  return {
    where,
    patienceMs: PATIENCE_MS,
    read: async (signal) => (await inside(signal)).read(signal),
    update: async (change, signal) => (await inside(signal)).update(change, signal),
  };
}

/** Others may wait for the same work, so a stop ends the waiting alone. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
