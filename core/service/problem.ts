import type { z } from "zod";
import { closest } from "./closest";

/** One thing that is wrong with what somebody wrote, in words that let them put it right. */
export interface Problem {
  /** Keys and indexes from the root of the document. */
  readonly path: readonly (string | number)[];
  /** What stands there now; never a value that may be a secret. */
  readonly got: string;
  /** What may stand there. */
  readonly allowed: string;
  /** What to do about it. */
  readonly advice: string;
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a field accepts; travels with the issue that zod reports. */
export interface Expectation {
  readonly allowed: string;
  readonly advice: string;
  /** What stands there, if it takes more than the value to say so. */
  readonly got?: string;
  /** The value may be a secret put in the wrong place: say its kind, never itself. */
  readonly hidden?: boolean;
}

export const succeed = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (problems: readonly Problem[]): Result<never> => ({ ok: false, problems });

/** `services.web.smoke[0].request.path` */
export function pathText(path: readonly (string | number)[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** `port: got "http"; allowed is a whole number from 1 to 65535; write the port the container listens on` */
export function problemText(problem: Problem): string {
  const where = problem.path.length === 0 ? "" : `${pathText(problem.path)}: `;
  return `${where}got ${problem.got}; allowed is ${problem.allowed}; ${problem.advice}`;
}

const LONGEST_SHOWN = 60;
/** `user:password@`, but not `web:tag@sha256:…`. */
const URL_PASSWORD = /([^\s/:@"]+:)[^\s/@"]+@(?!sha256:)/g;

/** A value as a reader of the file knows it. */
export function describeValue(value: unknown, hidden = false): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty map" : "a map";
  if (hidden) return `a ${typeof value === "string" ? "text" : typeof value} (not shown)`;
  const text = JSON.stringify(value).replace(URL_PASSWORD, "$1…@");
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 1)}…` : text;
}

/** What stands at `path` of a parsed document. */
export function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** Every issue of a failed parse as a `Problem`; `root` is where `document` hangs in what the user wrote. */
export function problemsOf(
  error: z.core.$ZodError,
  document: unknown,
  root: readonly (string | number)[] = [],
): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    const inner = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    const path = [...root, ...inner];
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownKey([...path, key], key, issue.message));
    const expected = expectationOf(issue);
    if (issue.code === "invalid_key") {
      return [
        { path, got: `the key ${describeValue(inner.at(-1))}`, allowed: expected.allowed, advice: expected.advice },
      ];
    }
    const got = expected.got ?? describeValue(valueAt(document, inner), expected.hidden);
    return [{ path, got, allowed: expected.allowed, advice: expected.advice }];
  });
}

/** Keys a map may have, as the message of zod's "unrecognized_keys" carries them. */
const KEY_SEPARATOR = ", ";
export const knownKeys = (keys: readonly string[]): string => keys.join(KEY_SEPARATOR);

function unknownKey(path: readonly (string | number)[], key: string, known: string): Problem {
  const meant = closest(key, known.split(KEY_SEPARATOR));
  return {
    path,
    got: "an unknown key",
    allowed: `one of ${known}`,
    advice: meant === undefined ? "remove it" : `did you mean ${meant}?`,
  };
}

/** An expectation as the message of an issue that zod reports itself. */
export const expectationText = (expected: Expectation): string =>
  `${expected.allowed}; ${expected.advice}${expected.hidden === true ? HIDDEN_MARK : ""}`;
const HIDDEN_MARK = " ";

function expectationOf(issue: z.core.$ZodIssue): Expectation {
  const nested = issue.code === "invalid_key" ? issue.issues[0] : issue;
  if (nested?.code === "custom") {
    const { allowed, advice, hidden, got } = nested.params ?? {};
    if (typeof allowed === "string" && typeof advice === "string") {
      return { allowed, advice, hidden: hidden === true, ...(typeof got === "string" ? { got } : {}) };
    }
  }
  const [allowed = "", advice = "correct it"] = issue.message.split("; ", 2);
  return { allowed, advice: advice.trimEnd(), hidden: advice.endsWith(HIDDEN_MARK) };
}
