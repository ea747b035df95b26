import type { CanonicalValue } from "../canonical";
import type { FakeTag } from "../tags";

/**
 * Writes the fakes of one tag as one column takes them. A fake is ASCII without quotes, backslashes and control
 * characters, so it stands in COPY text and in JSON as it is.
 */
export interface Fake {
  readonly tag: FakeTag;
  /** Bytes of its longest fake. */
  readonly longest: number;
  /** Its fakes are numbers where the value is one. */
  readonly isNumber: boolean;
  /**
   * A fake can depend on the values before it: where room is small, two values may be due for one fake, and the first
   * gets it. To give the same output again the same values must come in the same order.
   */
  readonly ordered: boolean;
  /**
   * The fake of a value that decides it without the keyed function: its end in `out`, or -1 if the function is needed.
   * Missing where it always is.
   */
  readonly direct?: (canonical: CanonicalValue, out: Buffer, to: number) => number;
  /** The same for many values at once, where a fake is a number that is permuted. */
  readonly permuted?: PermutedFake;
  /** The fake for an output of the keyed function in `prf` at `at`; returns its end in `out`. */
  readonly write: (prf: Buffer, at: number, shape: number, out: Buffer, to: number) => number;
}

/** Fakes of values that wait for their batch, as those of the keyed function do. */
export interface PermutedFake {
  /** Where `write` finds the value once `run` was called; -1 for one that `direct` has to be asked for. */
  readonly add: (canonical: CanonicalValue) => number;
  readonly run: () => void;
  readonly write: (place: number, shape: number, out: Buffer, to: number) => number;
}
