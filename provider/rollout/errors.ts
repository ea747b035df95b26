import { RefusedError } from "../../platform/errors";

/** A gate judged the release: it is held, and may not go live again by itself. */
export class GateFailure extends Error {
  override readonly name = "GateFailure";
}

/** The gates could not tell in time: the traffic goes back, and nothing is held against the release. */
export class Inconclusive extends Error {
  override readonly name = "Inconclusive";
}

/** Nothing was done, and the release is not to blame: somebody else moves, the world is not the one planned for, ... */
export class Refusal extends RefusedError {
  override readonly name = "Refusal";
}

/** Another mover has the lease now: whatever this process still wanted to write is void. */
export class Fenced extends Error {
  override readonly name = "Fenced";
}

export { reasonOf as messageOf } from "../../platform/errors";
