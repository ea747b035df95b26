import type { Evidence } from "../../core/gates/verdict";
import { RefusedError } from "../../platform/errors";

/** A gate judged the release: it is held, and may not go live again by itself. */
export class GateFailure extends Error {
  override readonly name = "GateFailure";

  /** @param evidence what the gates said, where gates spoke. */
  constructor(
    message: string,
    readonly evidence: readonly Evidence[] = [],
  ) {
    super(message);
  }
}

/** The gates could not tell in time: the traffic goes back, and nothing is held against the release. */
export class Inconclusive extends Error {
  override readonly name = "Inconclusive";
}

/** Nothing was done, and the release is not to blame: somebody else moves, the world is not the one planned for, ... */
export class Refusal extends RefusedError {
  override readonly name = "Refusal";
}

/** A move may not go further now, for no fault of the release: it parks at the weights it has. */
export class HoldHere extends RefusedError {
  override readonly name = "HoldHere";

  /** @param until when the parking is over, unless somebody promotes it or gives it up before. */
  constructor(
    message: string,
    readonly until: Date,
  ) {
    super(message);
  }
}

/** Another mover has the lease now: whatever this process still wanted to write is void. */
export class Fenced extends Error {
  override readonly name = "Fenced";
}

export { reasonOf as messageOf } from "../../platform/errors";
