import { OWN, type AccountWay } from "../account/way";

/** Name of the ConfigMap that holds a stack's freeze, in the stack's namespace. */
export const FREEZE_MAP = "hms-freeze";

/** Where a stack keeps its freeze, and what one does to a move that is on its way. */
export interface FreezePlace {
  readonly stack: string;
  /** Path of the flag, as the stack file has it; left out: the ConfigMap in the stack's namespace. */
  readonly file?: string;
  /** Instead of both: the account whose parameters hold it. */
  readonly account?: AccountWay | typeof OWN;
  /** `hold`: the move waits at the weights it has; `restore`: the traffic goes back. */
  readonly midMove: "hold" | "restore";
}

/** The freeze of what goes to that account, where each has its own. */
export const freezeIn = <T extends Pick<FreezePlace, "account">>(freeze: T, account: AccountWay): T =>
  freeze.account === OWN ? { ...freeze, account } : freeze;
