import type { z } from "zod";
import { anyText, duration, field, mapWith, oneOf, text, wholeNumber } from "./field";
import { DNS_LABEL } from "./names";

const COMPARISONS = ["<", "<=", ">", ">="] as const;

/** A measure of the live traffic that a release must hold while it gets more of it. */
export const kpiSchema = mapWith({
  name: text({ ...DNS_LABEL, advice: "choose a short name such as error-share" }),
  /** PromQL of one number; `{{workload}}` (`<service>-<color>`), `{{namespace}}` and `{{window}}` are filled in. */
  query: anyText("write a PromQL query that gives one number"),
  comparison: oneOf(COMPARISONS, "say how the measured value must stand to limit"),
  limit: field({ allowed: "a number", advice: "write the value to compare with" }, (value) =>
    typeof value === "number" && Number.isFinite(value) ? value : undefined,
  ),
  /** `value`: limit is the bound itself. `live`: limit is a factor on the live color's value. */
  relativeTo: oneOf(["value", "live"], "leave it out to compare with limit itself").default("value"),
  every: duration(1, 3600, "say how often to look").default(15),
  within: duration(1, 86_400, "say how long to go on looking").default(300),
  /** Looks in a row that must hold. */
  consecutive: wholeNumber(1, 1000, "say how many looks in a row must hold").default(4),
  unit: anyText("name the unit for people, or remove the key").exactOptional(),
});

export type Kpi = Readonly<z.output<typeof kpiSchema>>;
