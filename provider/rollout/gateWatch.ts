import { setTimeout as sleep } from "node:timers/promises";
import type { Gate } from "../../core/gates/gate";
import { longestStay, StepWatch, type StepOutcome } from "../../core/gates/stepWatch";
import { wasTooThin } from "../../core/gates/thinTraffic";
import { describeEvidence, type Evidence } from "../../core/gates/verdict";
import type { Color } from "../../core/rollout/color";
import type { MoveStep } from "../../core/rollout/strategy";
import { GateFailure, Inconclusive, Refusal } from "./errors";
import type { StartSynthetic, SyntheticLoad } from "./syntheticLoad";

/** How the gates of a service are looked at. */
export interface GateKeeper {
  readonly gates: readonly Gate[];
  /**
   * One look at one gate for `color`; never throws but when stopped.
   * @param synthetic whether synthetic load is sent: it is judged too, and stands in where users' requests are too few.
   */
  look(gate: Gate, color: Color, windowSeconds: number, signal: AbortSignal, synthetic?: boolean): Promise<Evidence>;
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
  /** Needed by steps that ask for synthetic load. */
  readonly synthetic: StartSynthetic | undefined;
  readonly progress: (message: string) => void;
}

/** How often the pods are looked at. */
const PODS_SECONDS = 1;

/** After the last deadline a look may still be under way. */
const LAST_LOOK_SECONDS = 30;

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
 * Stays at one step until its hold is over and each of its gates has passed often enough in a row. Synthetic load, where
 * the step asks for it, is sent so long and no longer.
 * @throws GateFailure when a gate fails, or the color has no pod left; Inconclusive when one has not passed in its time.
 */
export async function watchStep(
  parts: StepParts,
  step: MoveStep,
  color: Color,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const load = await startLoad(parts, step);
  try {
    return await stay(parts, step, color, load, signal);
  } finally {
    load?.stop();
  }
}

async function startLoad(parts: StepParts, step: MoveStep): Promise<SyntheticLoad | undefined> {
  if (step.syntheticPerSecond === undefined) return undefined;
  if (!parts.synthetic)
    throw new Error(`the step at ${step.weight} % asks for synthetic load, and nothing can send it`);
  const load = await parts.synthetic(
    step.syntheticPerSecond,
    longestStay(gatesFor(step, parts.keeper), step.holdSeconds) + LAST_LOOK_SECONDS,
  );
  parts.progress(`${step.weight} %: ${load.describe()}`);
  return load;
}

async function stay(
  { keeper, readyPods, progress }: StepParts,
  step: MoveStep,
  color: Color,
  load: SyntheticLoad | undefined,
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
      // Never back beyond the step: what came before was verification, or the mover asking who answers.
      const window = Math.max(1, Math.floor(elapsed()));
      const look = (gate: Gate) => keeper.look(gate, color, window, signal, load !== undefined);
      watch = watch.with(await Promise.all(due.map(look)), elapsed());
      const sent = load === undefined ? "" : `; ${load.describe()}`;
      progress(`${step.weight} % to ${color}, ${Math.round(elapsed())} s: ${watch.describe()}${sent}`);
    }
    const outcome = watch.outcome(elapsed());
    if (outcome.kind === "passed") return watch.evidence();
    if (outcome.kind === "failed")
      throw new GateFailure(`at ${step.weight} %: ${describeEvidence(outcome.evidence)}`, watch.evidence());
    if (outcome.kind === "inconclusive") {
      const sent = load === undefined ? "" : `; ${load.describe()}`;
      throw new Inconclusive(`${unproven(step, gatesFor(step, keeper), outcome, elapsed())}${sent}`);
    }
    await sleep(Math.min(watch.waitSeconds(elapsed()), PODS_SECONDS) * 1000, undefined, { signal });
  }
}

/** What was missing, and where it was requests, what to do about it. */
function unproven(
  step: MoveStep,
  gates: readonly Gate[],
  { missing, evidence }: Extract<StepOutcome, { kind: "inconclusive" }>,
  seconds: number,
): string {
  const seen = evidence.map(describeEvidence).join("; ");
  const what = `at ${step.weight} %: ${missing.join(", ")} did not pass in time${seen === "" ? "" : ` (${seen})`}`;
  for (const { gate: name, thin, samples } of evidence) {
    const gate = gates.find((one) => one.name === name);
    const advice = thin && gate && wasTooThin(gate, step, samples ?? 0, seconds);
    if (advice !== undefined) return `${what}; ${advice}`;
  }
  return what;
}
