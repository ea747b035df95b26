/** Answers are counted for so long before the first pod dies, so that a fault that was there before shows as such. */
export const BASELINE_SECONDS = 2;

/** Answers are counted for so long after the last kill, if `everySeconds` or half the run is not shorter. */
const AFTER_SECONDS = 10;

export interface Pace {
  readonly seconds: number;
  readonly everySeconds: number;
}

/**
 * Whether a round may begin now. None begins when its effects could not be counted any more. A round that had to wait
 * for a color to be whole moves those after it.
 * @param now seconds since the run began. @param last when the round before began.
 */
export function roundDue(
  now: number,
  last: number | undefined,
  { seconds, everySeconds }: Pace,
): "now" | "later" | "over" {
  const due = last === undefined ? BASELINE_SECONDS : last + everySeconds;
  const latest = seconds - Math.min(AFTER_SECONDS, everySeconds, seconds / 2);
  if (Math.max(now, due) > latest) return "over";
  return now >= due ? "now" : "later";
}
