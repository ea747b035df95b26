import { z } from "zod";
import { durationText, parseDuration } from "./duration";
import { type Expectation, expectationText, knownKeys, problemsOf } from "./problem";

/** A value that `read` understands; undefined from `read` means it does not. */
export function field<T>(
  expected: Expectation | ((value: unknown) => Expectation),
  read: (value: unknown) => T | undefined,
) {
  return z.unknown().transform((value, context): T => {
    const result = value === undefined ? undefined : read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: "custom", params: { ...(typeof expected === "function" ? expected(value) : expected) } });
    return z.NEVER;
  });
}

/**
 * What `schema` reads in a value whose form decided for that schema; `undefined` when something is wrong with it, which
 * `context` then knows in all its parts.
 */
export function readBy<T>(schema: z.ZodType<T>, value: unknown, context: z.core.$RefinementCtx): T | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, ...params } of problemsOf(parsed.error, value))
    context.addIssue({ code: "custom", path: [...path], params });
  return undefined;
}

/** A map with exactly these keys; an unknown one is an error that names the nearest known one. */
export function mapWith<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  options: { readonly hidden?: boolean } = {},
) {
  const keys = knownKeys(Object.keys(shape));
  const otherwise = expectationText({ allowed: "a map", advice: `write it with the keys ${keys}`, ...options });
  return z.strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? keys : otherwise) });
}

/** A map from names of the reader's choice. */
export const mapOf = <Value extends z.core.SomeType>(key: Pattern, value: Value) =>
  z.record(
    z.string().superRefine((name, context) => {
      if (matches(key, name)) return;
      context.addIssue({ code: "custom", params: { allowed: key.allowed, advice: key.advice } });
    }),
    value,
    { error: "a map; write one line `name: value` for each" },
  );

export interface Pattern extends Expectation {
  readonly pattern: { test(value: string): boolean };
  readonly longest?: number;
}

const matches = (rule: Pattern, value: string): boolean =>
  value.length <= (rule.longest ?? Infinity) && rule.pattern.test(value);

export const text = (rule: Pattern) =>
  field(
    (value) => (typeof value === "number" ? { ...rule, advice: "put it in quotes, or it is read as a number" } : rule),
    (value) => (typeof value === "string" && matches(rule, value) ? value : undefined),
  );

export const anyText = (advice: string) =>
  field({ allowed: "a text", advice }, (value) =>
    typeof value === "string" && value.trim() !== "" ? value : undefined,
  );

export const wholeNumber = (least: number, most: number, advice: string) =>
  field({ allowed: `a whole number from ${least} to ${most}`, advice }, (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : undefined,
  );

export const oneOf = <const T extends string>(values: readonly T[], advice: string) =>
  field({ allowed: `one of ${values.join(", ")}`, advice }, (value) => values.find((allowed) => allowed === value));

/** A duration, as whole seconds. */
export const duration = (least: number, most: number, advice: string) =>
  field(
    { allowed: `a duration from ${durationText(least)} to ${durationText(most)} such as 10s, 1m30s or 2h`, advice },
    (value) => {
      const seconds = typeof value === "string" ? parseDuration(value) : undefined;
      return seconds !== undefined && seconds >= least && seconds <= most ? seconds : undefined;
    },
  );

/** What an environment variable or build argument may be set to: YAML's numbers and booleans are meant as text. */
export const scalarText = (advice: string) =>
  field({ allowed: "a text, number or boolean", advice, hidden: true }, (value) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined,
  );
