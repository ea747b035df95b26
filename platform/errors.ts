/**
 * Something that the program foresees and cannot do: the message names what was found, what is needed and what to do.
 * The command line prints it without a stack and exits 1. Every other error is a bug and keeps its stack.
 */
export class RefusedError extends Error {
  override readonly name: string = "RefusedError";
}

/** The caller asked to stop (Ctrl-C). Not a judgement on anything; the command line exits 130. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";

  constructor(message = "cancelled") {
    super(message);
  }
}

/** The message of whatever was thrown, for a sentence that goes on. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
