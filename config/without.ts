import { anyText, mapWith } from "../core/service/field";
import type { Problem } from "../core/service/problem";

const accepted = mapWith({
  owner: anyText("write who answers for it"),
  reason: anyText("write why the stack may go without"),
}).exactOptional();

/** What the stack goes without, though production must have it, by the will of somebody who answers for that. */
export const withoutSchema = mapWith({ scan: accepted, approvedSources: accepted });

/** What a stack has is nothing that it goes without. */
export function withoutProblems(values: {
  readonly without?: { readonly [key in "scan" | "approvedSources"]?: object };
  readonly scan?: object;
  readonly approvedSources?: object;
}): readonly Problem[] {
  return (["scan", "approvedSources"] as const).flatMap((key) =>
    values.without?.[key] === undefined || values[key] === undefined
      ? []
      : {
          path: ["without", key],
          got: `an entry, and hms:${key} is set`,
          allowed: "an entry for what the stack does not have",
          advice: "remove one of the two",
        },
  );
}
