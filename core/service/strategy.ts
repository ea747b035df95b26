import { z } from "zod";
import { FASTEST_SYNTHETIC, PARKED_SECONDS, strategyProblems, type MoveStep } from "../rollout/strategy";
import { parseDuration } from "./duration";
import { anyText, duration, field, mapWith } from "./field";

const percent = field(
  { allowed: "a whole number from 1 to 100", advice: "write the percent of the traffic that the new release gets" },
  (value) => {
    const number = typeof value === "string" ? Number(/^(\d{1,3})\s*%$/.exec(value)?.[1]) : value;
    return typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= 100 ? number : undefined;
  },
);

/** `true`, or how long to wait at most; seconds. */
const pause = field(
  {
    allowed: "true, or a duration from 1s to 30d such as 24h",
    advice: "say how long the release may wait at this weight for its promotion; true means 24h",
  },
  (value) => {
    if (value === true) return PARKED_SECONDS;
    const seconds = typeof value === "string" ? parseDuration(value) : undefined;
    return seconds !== undefined && seconds >= 1 && seconds <= 30 * 86_400 ? seconds : undefined;
  },
);

/** Requests a second. */
const rate = field(
  {
    allowed: `a rate from 1/s to ${FASTEST_SYNTHETIC}/s such as 20/s`,
    advice: "say how many synthetic requests a second each color gets at this step",
  },
  (value) => {
    const number = typeof value === "string" ? Number(/^(\d{1,3})\s*\/\s*s$/.exec(value)?.[1]) : Number.NaN;
    return number >= 1 && number <= FASTEST_SYNTHETIC ? number : undefined;
  },
);

const stepSchema = mapWith({
  weight: percent,
  /** At least so long at this weight; at 100 it is the bake. */
  hold: duration(0, 86_400, "say how long to stay at this weight at least").default(0),
  /** Which gates must pass here. @default all of the service's */
  gates: z
    .union([z.literal("all"), z.literal("none"), z.array(anyText("name a gate"))], {
      error: "all, none or a list of names; name KPIs of this service, error-share or p95-latency",
    })
    .default("all"),
  pause: pause.exactOptional(),
  /** Synthetic load for gates that lack users' requests. @default none is sent */
  synthetic: rate.exactOptional(),
}).superRefine(({ gates, synthetic }, context) => {
  if (synthetic === undefined || (gates !== "none" && gates.length > 0)) return;
  const params = { allowed: "synthetic beside gates only", advice: "name gates that judge it, or remove synthetic" };
  context.addIssue({ code: "custom", path: ["synthetic"], params });
});

/** How the traffic moves to a new release: its steps, in order. */
export const strategySchema = z
  .array(stepSchema, { error: "a list of steps; begin each with `- weight: <percent>`" })
  .min(1, { error: "at least one step; leave strategy out to move all the traffic at once" })
  .superRefine((steps, context) => {
    for (const problem of strategyProblems(stepsOf(steps, []))) {
      const params = { allowed: "weights that rise to 100", advice: problem };
      context.addIssue({ code: "custom", params });
    }
  });

export type Strategy = Readonly<z.output<typeof strategySchema>>;

/** The steps with their gates by name. @param gates names of all gates of the service. */
export function stepsOf(strategy: Strategy, gates: readonly string[]): MoveStep[] {
  return strategy.map((step) => ({
    weight: step.weight,
    holdSeconds: step.hold,
    gates: step.gates === "all" ? gates : step.gates === "none" ? [] : step.gates,
    ...(step.pause === undefined ? {} : { pauseSeconds: step.pause }),
    ...(step.synthetic === undefined ? {} : { syntheticPerSecond: step.synthetic }),
  }));
}
