/** One step of a move: the share of traffic the new release gets, and what it must show there. */
export interface MoveStep {
  /** Percent of the traffic for the color that becomes live; the last step's is 100. */
  readonly weight: number;
  /** Seconds to stay at least before the next step; after the last one: the bake. */
  readonly holdSeconds: number;
  /** Names of the gates that must pass at this weight. */
  readonly gates: readonly string[];
  /** Set: the move parks here when the gates have passed, for at most so many seconds, until it is promoted. */
  readonly pauseSeconds?: number;
  /** Requests a second that are sent to each color by the probe route, for gates that lack users' requests. */
  readonly syntheticPerSecond?: number;
}

/** All at once, proven at the data plane, undone by one patch. */
export const ALL_AT_ONCE: readonly MoveStep[] = [{ weight: 100, holdSeconds: 0, gates: [] }];

/** How long a parked move waits for its promotion when the step does not say. */
export const PARKED_SECONDS = 24 * 3600;

/** Synthetic requests a second to each color at most: 300 in 2 s; more would be a load test of the live color. */
export const FASTEST_SYNTHETIC = 200;

/** @returns what is wrong with the steps, one sentence each; empty when they are good. */
export function strategyProblems(steps: readonly MoveStep[], knownGates?: readonly string[]): string[] {
  const problems: string[] = [];
  let before = 0;
  steps.forEach(({ weight, holdSeconds, gates, pauseSeconds }, index) => {
    const at = `steps[${index}]`;
    if (!Number.isInteger(weight) || weight < 1 || weight > 100) {
      problems.push(`${at}.weight must be a whole number from 1 to 100, got ${weight}`);
    } else if (weight <= before) {
      problems.push(`${at}.weight must be above the step before (${before}), got ${weight}`);
    }
    if (!(holdSeconds >= 0 && Number.isFinite(holdSeconds)))
      problems.push(`${at}.holdSeconds must be 0 or more, got ${holdSeconds}`);
    if (pauseSeconds !== undefined && weight === 100)
      problems.push(`${at}.pause is after all the traffic has moved; pause at a smaller weight, or leave it out`);
    for (const gate of gates) {
      if (knownGates && !knownGates.includes(gate))
        problems.push(
          `${at}.gates names ${gate}, which is no gate of this service; known are ${knownGates.join(", ")}`,
        );
    }
    before = weight;
  });
  if (steps.at(-1)?.weight !== 100)
    problems.push(`the last step must have weight 100, got ${steps.at(-1)?.weight ?? "no step"}`);
  return problems;
}

/** The part of a strategy that is left after a step; what a promotion goes through. */
export const stepsAfter = (steps: readonly MoveStep[], weight: number): readonly MoveStep[] =>
  steps.filter((step) => step.weight > weight);

/** The same with the step at `weight` itself, for a move that was interrupted there; never nothing. */
export const stepsFrom = (steps: readonly MoveStep[], weight: number): readonly MoveStep[] => {
  const left = steps.filter((step) => step.weight >= weight);
  return left.length > 0 ? left : ALL_AT_ONCE;
};

/** The strategy with a first step that parks at `weight`; steps up to it are left out, for that step watches instead. */
export function parkedFirst(steps: readonly MoveStep[], weight: number, gates: readonly string[]): readonly MoveStep[] {
  const same = steps.find((step) => step.weight === weight);
  const first = { holdSeconds: 0, gates, pauseSeconds: PARKED_SECONDS, ...same, weight };
  return [first, ...stepsAfter(steps, weight)];
}

/** Whether a move by these steps stays anywhere before it is done, so that its mover may die with the traffic divided. */
export const stops = (steps: readonly MoveStep[]): boolean => steps.length > 1;

/** Whether any of these steps asks for requests besides users'. */
export const sendsSynthetic = (steps: readonly MoveStep[]): boolean =>
  steps.some(({ syntheticPerSecond }) => syntheticPerSecond !== undefined);
