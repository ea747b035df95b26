import { z } from "zod";
import { cronProblem } from "../core/schedule/cron";
import { readZone } from "../core/schedule/zone";
import { describeValue, type Expectation } from "../core/service/problem";

/** When a CronJob runs. */
export const schedule = z.unknown().transform((value, context): string => {
  const wrong = typeof value === "string" ? cronProblem(value) : "";
  if (typeof value === "string" && wrong === undefined) return value.trim();
  const expectation: Expectation = {
    got: wrong ? `${describeValue(value)}: ${wrong}` : describeValue(value),
    allowed: "a cron line of five fields: minute, hour, day of the month, month, day of the week",
    advice: 'write for example "0 3 * * *", every night at three',
  };
  context.addIssue({ code: "custom", params: { ...expectation } });
  return z.NEVER;
});

/** The zone in which that is read. */
export const timeZone = z.unknown().transform((value, context): string => {
  const read = readZone(typeof value === "string" ? value : "");
  // Kubernetes knows zones by name only.
  if ("zone" in read && (read.zone === "UTC" || read.zone.includes("/")))
    return read.zone === "UTC" ? "Etc/UTC" : read.zone;
  const { allowed, advice } =
    "problem" in read
      ? read.problem
      : { allowed: "an IANA time zone such as America/New_York, or UTC", advice: "name the place" };
  context.addIssue({ code: "custom", params: { got: describeValue(value), allowed, advice } });
  return z.NEVER;
});
