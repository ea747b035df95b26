import { z } from "zod";
import { field, oneOf, text } from "../service/field";
import { SERVICE_NAME } from "../service/names";

/** What a freeze may stop. Going back is none of them: it is never stopped. */
export const ACTIONS = ["deploy", "promote"] as const;
export type Action = (typeof ACTIONS)[number];

/** What a flag, a window or a break-glass is about; what is left out means all of it. */
export interface Scope {
  readonly stacks?: readonly string[];
  readonly services?: readonly string[];
  readonly actions?: readonly Action[];
}

/** What somebody wants to do. */
export interface Question {
  readonly stack: string;
  /** Left out: the stack as a whole, so that what is about one service does not count. */
  readonly service?: string;
  readonly action: Action;
}

export const covers = ({ stacks, services, actions }: Scope, { stack, service, action }: Question): boolean =>
  (stacks?.includes(stack) ?? true) &&
  (services === undefined || (service !== undefined && services.includes(service))) &&
  (actions?.includes(action) ?? true);

/** `drought-benefit, promote only`; empty for a scope without bounds. */
export function scopeText({ stacks, services, actions }: Scope): string {
  const parts = [
    ...(stacks === undefined ? [] : [`stack ${stacks.join(", ")}`]),
    ...(services === undefined ? [] : [`service ${services.join(", ")}`]),
    ...(actions === undefined ? [] : [`${actions.join(" and ")} only`]),
  ];
  return parts.join("; ");
}

const stackName = text({
  pattern: /^[A-Za-z0-9._-]+$/,
  longest: 100,
  allowed: "the name of a stack",
  advice: "write it as in Pulumi.<stack>.yaml",
});

// An empty list would cover nothing: a freeze that freezes nothing is a mistake.
const names = <T>(item: z.ZodType<T>, what: string) =>
  z
    .array(item, { error: `a list of ${what}; leave it out to mean all` })
    .min(1, { error: `at least one of the ${what}; leave it out to mean all` });

export const scopeFields = {
  stacks: names(stackName, "stacks").exactOptional(),
  services: names(text(SERVICE_NAME), "services").exactOptional(),
  actions: names(oneOf(ACTIONS, "leave it out to mean all"), "actions").exactOptional(),
} as const;

export const link = field(
  { allowed: "an http or https address", advice: "write where people read more, or leave it out" },
  (value) =>
    typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value : undefined,
);
