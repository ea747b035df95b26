import type { Log } from "../../rpc";
import type { Session } from "./session";

/** With what something is done at the Docker Engine. */
export interface Work {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Texts that must not be shown, whoever prints them. */
  readonly hidden: readonly string[];
}
