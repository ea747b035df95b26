import { z } from "zod";
import { anyText, duration, mapWith, oneOf, readBy } from "../service/field";
import { describeValue, type Expectation } from "../service/problem";
import { type NotBefore, readNotBefore } from "./notBefore";

const inParts = mapWith({
  at: anyText("write a date and time such as 2026-12-01T00:00, or a time of day such as 00:00"),
  zone: anyText("write an IANA time zone such as America/New_York, or UTC"),
}).transform(({ at, zone }) => `${at} ${zone}`);

/** `notBefore` of a stack: one line, or a map of `at` and `zone`. */
export const notBeforeField = z.unknown().transform((value, context): NotBefore => {
  const refuse = ({ got = describeValue(value), ...rest }: Expectation) => {
    context.addIssue({ code: "custom", params: { got, ...rest } });
    return z.NEVER;
  };
  if (typeof value !== "string" && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return refuse({
      allowed: "a text, or a map with at and zone",
      advice: 'write for example "2026-12-01T00:00 America/New_York"',
    });
  }
  const line = typeof value === "string" ? value : readBy(inParts, value, context);
  if (line === undefined) return z.NEVER;
  const read = readNotBefore(line);
  return read.ok ? read.value : refuse(read.problem);
});

const DAY = 86_400;

/** How a scheduled move meets what keeps it from its instant; durations are seconds. */
export const schedulePolicySchema = mapWith({
  /** `fire`: it waits until the freeze is over. `expire`: it is given up. */
  onFreeze: oneOf(["fire", "expire"], "say what becomes of a move whose instant falls into a freeze").default("fire"),
  /** How long after its instant a move that a freeze holds may still begin. */
  expiresAfter: duration(
    60,
    30 * DAY,
    "say how long after its instant a move may wait for the end of a freeze",
  ).default(DAY),
  /** How late a move may begin when something else was in its way: no pod, no API server, another mover. */
  grace: duration(1, DAY, "say how late a move may begin that was kept from its instant").default(600),
});

export type SchedulePolicy = Readonly<z.output<typeof schedulePolicySchema>>;
export const DEFAULT_POLICY: SchedulePolicy = schedulePolicySchema.parse({});
