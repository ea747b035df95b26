import type { Piece } from "../../core/account/bootstrap";
import { RefusedError } from "../../platform/errors";

/** A piece with what it takes to put it right. Looking has changed nothing. */
export interface PieceToMake extends Piece {
  readonly make: (signal: AbortSignal) => Promise<void>;
}

/** A piece as it is, from what differs. `differences` undefined: it is not there. */
export function pieceOf(
  what: string,
  made: string,
  differences: readonly string[] | undefined,
  make: PieceToMake["make"],
): PieceToMake {
  if (differences === undefined) return { what, state: "make", how: made, make };
  return { what, state: differences.length === 0 ? "right" : "change", how: differences.join(", "), make };
}

/** What AWS answers, or undefined where it says that there is no such thing. */
export async function orAbsent<T>(asked: Promise<T>, ...absent: readonly string[]): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && absent.includes(error.name)) return undefined;
    throw refused(error);
  }
}

/** AWS' own errors say little without their name; what it refuses is no bug of ours. */
export function refused(error: unknown): unknown {
  if (!(error instanceof Error) || !("$metadata" in error)) return error;
  return new RefusedError(`${error.name}: ${error.message}`, { cause: error });
}
