import { setTimeout as sleep } from "node:timers/promises";
import type { Gate } from "../../core/gates/gate";
import { StepWatch } from "../../core/gates/stepWatch";
import { describeEvidence, type Evidence } from "../../core/gates/verdict";
import type { Color } from "../../core/rollout/color";
import type { MoveStep } from "../../core/rollout/strategy";
import { GateFailure, Inconclusive, Refusal } from "./errors";

/** How the gates of a service are looked at. */
export interface GateKeeper {
  readonly gates: readonly Gate[];
  /** One look at one gate for `color`; never throws but when stopped. */
  look(gate: Gate, color: Color, windowSeconds: number, signal: AbortSignal): Promise<Evidence>;
  /** Why no gate can be looked at now; `undefined` when they can. */
  blind(signal: AbortSignal): Promise<string | undefined>;
}

export interface StepParts {
  readonly keeper: GateKeeper | undefined;
  /**
   * Pods of a color that answer; `undefined` when that cannot be told now. A gateway counts what it answers for a
   * backend without pods nowhere, so no gate would ever see it.
   */
  readonly readyPods: (color: Color) => Promise<number | undefined>;
  readonly progress: (message: string) => void;
}

/** How often the pods are looked at. */
const PODS_SECONDS = 1;

/** Shorter windows than two scrapes hold no rate. */
const SHORTEST_WINDOW_SECONDS = 5;

/** The gates that a step names. @throws Refusal for one that the service does not have. */
export function gatesFor(step: MoveStep, keeper: GateKeeper | undefined): readonly Gate[] {
  return step.gates.map((name) => {
    const gate = keeper?.gates.find((one) => one.name === name);
    if (!gate)
      throw new Refusal(`the step at ${step.weight} % names the gate ${name}, which this service does not have`);
    return gate;
  });
}

/**
 * Stays at one step until its hold is over and each of its gates has passed often enough in a row.
 * @throws GateFailure when a gate fails, or the color has no pod left; Inconclusive when one has not passed in its time.
 */
export async function watchStep(
  { keeper, readyPods, progress }: StepParts,
  step: MoveStep,
  color: Color,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  let watch = new StepWatch(gatesFor(step, keeper), step.holdSeconds);
  for (;;) {
    signal.throwIfAborted();
    if ((await readyPods(color)) === 0) throw new GateFailure(`at ${step.weight} %: no pod of ${color} is ready`);
    const due = watch.due(elapsed());
    if (keeper && due.length > 0) {
      const window = Math.max(elapsed(), SHORTEST_WINDOW_SECONDS);
      const evidence = await Promise.all(due.map((gate) => keeper.look(gate, color, window, signal)));
      watch = watch.with(evidence, elapsed());
      progress(`${step.weight} % to ${color}, ${Math.round(elapsed())} s: ${watch.describe()}`);
    }
    const outcome = watch.outcome(elapsed());
    if (outcome.kind === "passed") return watch.evidence();
    if (outcome.kind === "failed") throw new GateFailure(`at ${step.weight} %: ${describeEvidence(outcome.evidence)}`);
    if (outcome.kind === "inconclusive") {
      const seen = outcome.evidence.map(describeEvidence).join("; ");
      throw new Inconclusive(
        `at ${step.weight} %: ${outcome.missing.join(", ")} did not pass in time${seen === "" ? "" : ` (${seen})`}`,
      );
    }
    await sleep(Math.min(watch.waitSeconds(elapsed()), PODS_SECONDS) * 1000, undefined, { signal });
  }
}
