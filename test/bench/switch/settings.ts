import { UsageError, type Invocation } from "../../../cli/command";

/** How much of the harness is run. */
export interface Settings {
  /** Fewer runs at larger shares: minutes instead of an hour and more. */
  readonly quick: boolean;
  /** Requests a second, all kinds together. */
  readonly rate: number;
  /** Runs of each kind of release that is judged by gates. */
  readonly runs: number;
  /** The moves are repeated until so many requests were sent in all. */
  readonly requests: number;
  /** Names of the scenarios to run; empty: all of them. */
  readonly only: readonly string[];
}

const RATE = 500;
const RUNS = { quick: 2, long: 20 };
const REQUESTS = { quick: 0, long: 1_000_000 };

/** @throws UsageError that names the option, what was given and what is allowed. */
export function readSettings(invocation: Invocation, scenarios: readonly string[]): Settings {
  const quick = invocation.flag("quick");
  const size = quick ? "quick" : "long";
  const only = (invocation.text("only") ?? "").split(",").flatMap((word) => word.trim() || []);
  for (const name of only) {
    if (!scenarios.includes(name))
      throw new UsageError(`--only: there is no scenario "${name}"; there are ${scenarios.join(", ")}`);
  }
  return {
    quick,
    rate: wholeNumber(invocation, "rate", 50, 5000) ?? RATE,
    runs: wholeNumber(invocation, "runs", 1, 1000) ?? RUNS[size],
    // Who asks for one scenario wants that one, not a million requests.
    requests: wholeNumber(invocation, "requests", 0, 100_000_000) ?? (only.length > 0 ? 0 : REQUESTS[size]),
    only,
  };
}

function wholeNumber(invocation: Invocation, name: string, from: number, to: number): number | undefined {
  const text = invocation.text(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new UsageError(`--${name}: got "${text}"; allowed is a whole number from ${from} to ${to}`);
}
