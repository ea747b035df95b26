/** One step of a move: the share of traffic the new release gets, and how long it is watched there. */
export interface MoveStep {
  /** Percent of the traffic for the color that becomes live; the last step's is 100. */
  readonly weight: number;
  /** Seconds to stay before the next step. */
  readonly holdSeconds: number;
}

/** All at once, proven at the data plane, undone by one patch. */
export const ALL_AT_ONCE: readonly MoveStep[] = [{ weight: 100, holdSeconds: 0 }];

/** @returns what is wrong with the steps, one sentence each; empty when they are good. */
export function strategyProblems(steps: readonly MoveStep[]): string[] {
  const problems: string[] = [];
  let before = 0;
  steps.forEach(({ weight, holdSeconds }, index) => {
    const at = `steps[${index}]`;
    if (!Number.isInteger(weight) || weight < 1 || weight > 100) {
      problems.push(`${at}.weight must be a whole number from 1 to 100, got ${weight}`);
    } else if (weight <= before) {
      problems.push(`${at}.weight must be above the step before (${before}), got ${weight}`);
    }
    if (!(holdSeconds >= 0 && Number.isFinite(holdSeconds)))
      problems.push(`${at}.holdSeconds must be 0 or more, got ${holdSeconds}`);
    before = weight;
  });
  if (steps.at(-1)?.weight !== 100)
    problems.push(`the last step must have weight 100, got ${steps.at(-1)?.weight ?? "no step"}`);
  return problems;
}
