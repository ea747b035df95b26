import type { Gate } from "./gate";
import { describeEvidence, type Evidence } from "./verdict";

/** What the looks at one step add up to. */
export type StepOutcome =
  | { readonly kind: "watching" }
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly evidence: Evidence }
  /** Some gate did not pass in time, and none failed: nothing is proven, neither way. */
  | { readonly kind: "inconclusive"; readonly evidence: readonly Evidence[]; readonly missing: readonly string[] };

interface GateState {
  readonly inARow: number;
  readonly last: Evidence | undefined;
  readonly nextLook: number;
}

/**
 * When a gate that has not passed ends the move, in seconds since the step began. A hold leaves time for one run of looks
 * after it: one that could not tell, at its end, ends no move.
 */
export const deadlineOf = ({ withinSeconds, everySeconds, consecutive }: Gate, holdSeconds: number): number =>
  holdSeconds < withinSeconds ? withinSeconds : holdSeconds + everySeconds * (consecutive + 1);

/** Longest stay at a step, in seconds. */
export const longestStay = (gates: readonly Gate[], holdSeconds: number): number =>
  Math.max(holdSeconds, ...gates.map((gate) => deadlineOf(gate, holdSeconds)));

/**
 * Follows the gates of one step. Pure: the caller looks and tells the time (seconds since the step's weights were in
 * force). Each gate must pass `consecutive` times in a row, and the step lasts at least its hold.
 */
export class StepWatch {
  private readonly states: ReadonlyMap<string, GateState>;

  constructor(
    private readonly gates: readonly Gate[],
    private readonly holdSeconds: number,
    states?: ReadonlyMap<string, GateState>,
  ) {
    this.states =
      states ?? new Map(gates.map((gate) => [gate.name, { inARow: 0, last: undefined, nextLook: gate.everySeconds }]));
  }

  /** Gates to look at now. */
  due(now: number): readonly Gate[] {
    return this.gates.filter((gate) => (this.states.get(gate.name)?.nextLook ?? 0) <= now);
  }

  /** Seconds until there is something to do; at least a tenth. */
  waitSeconds(now: number): number {
    const times = this.gates.map((gate) => this.states.get(gate.name)?.nextLook ?? now);
    if (now < this.holdSeconds) times.push(this.holdSeconds);
    return Math.max(0.1, Math.min(...times, now + 3600) - now);
  }

  with(evidence: readonly Evidence[], now: number): StepWatch {
    const states = new Map(this.states);
    for (const one of evidence) {
      const gate = this.gates.find(({ name }) => name === one.gate);
      const before = states.get(one.gate);
      if (!gate || !before) continue;
      const inARow = one.verdict === "pass" ? before.inARow + 1 : 0;
      states.set(one.gate, { inARow, last: one, nextLook: now + gate.everySeconds });
    }
    return new StepWatch(this.gates, this.holdSeconds, states);
  }

  outcome(now: number): StepOutcome {
    const all = this.gates.map((gate) => ({ gate, state: this.states.get(gate.name) }));
    const failed = all.find(({ state }) => state?.last?.verdict === "fail")?.state?.last;
    if (failed) return { kind: "failed", evidence: failed };
    const open = all.filter(({ gate, state }) => (state?.inARow ?? 0) < gate.consecutive);
    if (open.length === 0) return now >= this.holdSeconds ? { kind: "passed" } : { kind: "watching" };
    const late = open.filter(({ gate }) => now > deadlineOf(gate, this.holdSeconds));
    if (late.length === 0) return { kind: "watching" };
    return {
      kind: "inconclusive",
      evidence: late.flatMap(({ state }) => state?.last ?? []),
      missing: late.map(({ gate }) => gate.name),
    };
  }

  /** One line for people: what each gate says, and how far it is. */
  describe(): string {
    return this.gates
      .map((gate) => {
        const state = this.states.get(gate.name);
        if (!state?.last) return `${gate.name}: not looked at yet`;
        const count =
          state.last.verdict === "pass" ? `, ${Math.min(state.inARow, gate.consecutive)} of ${gate.consecutive}` : "";
        return `${describeEvidence(state.last)}${count}`;
      })
      .join("; ");
  }

  /** The last look at each gate. */
  evidence(): readonly Evidence[] {
    return this.gates.flatMap((gate) => this.states.get(gate.name)?.last ?? []);
  }
}
