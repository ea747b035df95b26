import { asObject, asString } from "../../../core/json";
import type { Rule } from "../rule";

/** What a production stack has, and whether it may go without it by somebody's will. */
const GUARDS = [
  { key: "signing", what: "whose signatures an image needs", waivable: false },
  { key: "scan", what: "what an image must not have in it", waivable: true },
  { key: "approvedSources", what: "what may be deployed from", waivable: true },
] as const;

/** Judged where the traffic moves: on the resource that does nothing without a verdict. */
export const productionGuards: Rule = {
  name: "production-guards",
  description:
    "A production stack says whose signatures count, what images are scanned for, and what it is deployed from.",
  check({ type }, { production, config }) {
    if (!production || type !== "hms:rollout:TrafficSwitch") return [];
    const accepted = asObject(config.without) ?? {};
    return GUARDS.flatMap(({ key, what, waivable }) => {
      if (asObject(config[key]) !== undefined || (key === "signing" && config[key] === "local")) return [];
      if (waivable && isAccepted(accepted[key])) return [];
      const way = waivable ? `, or say in hms:without.${key} who answers for going without (owner, reason)` : "";
      return [`hms:${key}: got nothing, with hms:production; allowed is a map that says ${what}; write it${way}`];
    });
  },
};

const isAccepted = (entry: unknown): boolean => {
  const { owner, reason } = asObject(entry) ?? {};
  return [owner, reason].every((text) => (asString(text) ?? "").trim() !== "");
};
