import { z } from "zod";
import { defaultGates } from "../gates/defaults";
import { COMPARISONS, PLACEHOLDERS, unknownPlaceholders } from "../gates/gate";
import { closest } from "./closest";
import { durationText } from "./duration";
import { anyText, duration, field, mapWith, oneOf, text, wholeNumber } from "./field";
import { DNS_LABEL } from "./names";

const number = (advice: string) =>
  field({ allowed: "a number", advice }, (value) =>
    typeof value === "number" && Number.isFinite(value) ? value : undefined,
  );

const braced = (name: string): string => `{{${name}}}`;

/** PromQL of one number, with placeholders for what differs between the colors. */
const query = anyText("write a PromQL query that gives one number").superRefine((value, context) => {
  for (const name of new Set(unknownPlaceholders(value))) {
    const meant = closest(name, PLACEHOLDERS);
    const params = {
      got: `the placeholder ${braced(name)}`,
      allowed: `one of ${PLACEHOLDERS.map(braced).join(", ")}`,
      advice: meant === undefined ? "remove it" : `did you mean ${braced(meant)}?`,
    };
    context.addIssue({ code: "custom", params });
  }
});

/** What a KPI with a default gate's name says when it says nothing else. */
const DEFAULTS = new Map(
  defaultGates().map(({ name, query, comparison, limit, relativeTo, kind, floor, unit }) => [
    name,
    { query, comparison, limit, relativeTo, kind, floor, unit },
  ]),
);

/** A KPI without a query that has a default gate's name is that gate, with what the KPI says in place of its own. */
function withDefaultGate(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("name" in value) || "query" in value) return value;
  const { floor, ...same } = DEFAULTS.get(String(value.name)) ?? {};
  const relative = !("relativeTo" in value) || value.relativeTo === "live";
  return { ...defined({ ...same, floor: relative ? floor : undefined }), ...value };
}

const defined = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, one]) => one !== undefined));

const kpiFields = mapWith({
  name: text({ ...DNS_LABEL, advice: "choose a short name such as error-share" }),
  query,
  comparison: oneOf(COMPARISONS, "say how the measured value must stand to limit"),
  limit: number("write the value to compare with"),
  /** `value`: limit is the bound itself. `live`: limit is a factor on the live color's value. */
  relativeTo: oneOf(["value", "live"], "leave it out to compare with limit itself").default("value"),
  /** `share`: the value is a proportion of the requests, so that chance can be told from fault. */
  kind: oneOf(["share", "measure"], "write share for a part of the requests from 0 to 1, or leave it out").default(
    "measure",
  ),
  /** Values on its good side hold whatever the live color's is. */
  floor: number("write the value up to which the live color does not matter, or remove the key").exactOptional(),
  every: duration(1, 3600, "say how often to look").default(15),
  within: duration(1, 86_400, "say how long to go on looking").default(300),
  /** Looks in a row that must hold. */
  consecutive: wholeNumber(1, 1000, "say how many looks in a row must hold").default(4),
  /** Real requests without which a look proves nothing. */
  minSamples: wholeNumber(1, 1_000_000, "say how many requests a release must have answered").default(300),
  unit: anyText("name the unit for people, or remove the key").exactOptional(),
}).superRefine(({ every, within, consecutive, floor, relativeTo }, context) => {
  const shortest = every * consecutive;
  if (within < shortest) {
    const params = {
      got: durationText(within),
      allowed: `at least every x consecutive, ${durationText(shortest)}`,
      advice: "raise within, or look more often",
    };
    context.addIssue({ code: "custom", path: ["within"], params });
  }
  if (floor !== undefined && relativeTo === "value") {
    const params = { allowed: "a floor beside relativeTo: live only", advice: "put it into limit, and remove floor" };
    context.addIssue({ code: "custom", path: ["floor"], params });
  }
});

/** A measure of the live traffic that a release must hold while it gets more of it; core/gates makes gates of them. */
export const kpiSchema = z.preprocess(withDefaultGate, kpiFields);

export type Kpi = Readonly<z.output<typeof kpiFields>>;

/** All KPIs of a service, each name once: a gate is known by its name. */
export const kpisSchema = z
  .array(kpiSchema, { error: "a list of KPIs; begin each with a hyphen" })
  .superRefine((kpis, context) => {
    kpis.forEach(({ name }, index) => {
      if (kpis.findIndex((kpi) => kpi.name === name) === index) return;
      const params = { allowed: "each name once", advice: "choose another name" };
      context.addIssue({ code: "custom", path: [index, "name"], params });
    });
  });
