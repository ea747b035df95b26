import type { ScrubCode } from "../errors";
import type { FakeTag } from "../tags";

/**
 * A value that its tag does not suit, or one fake too many. Holds nothing of the value. Whoever knows where the value
 * stands makes a `ScrubError` of it.
 */
export class Misfit extends Error {
  override readonly name = "Misfit";

  constructor(
    readonly code: Extract<ScrubCode, "value-unmaskable" | "fakes-exhausted" | "copy-malformed">,
    readonly kind: "not-utf8" | "not-an-integer" | "out-of-range" | "no-room" | "bad-escape" | "bad-json",
    readonly numbers: Readonly<Record<string, number>> = {},
    readonly tag?: FakeTag,
  ) {
    super(`${code}: ${kind}`);
  }
}
