import type { z } from "zod";
import { anyText, field, mapOf, mapWith, oneOf, text, wholeNumber } from "./field";
import { isJsonValue, type JsonValue, parseJsonPath, sameJson, valueAtPath } from "./jsonValue";
import { HEADER_NAME, REQUEST_PATH } from "./names";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** A header's value: one line of text, so that nothing can smuggle a second header in. */
const headerValue = field(
  { allowed: "a text without line breaks", advice: "write the value on one line", hidden: true },
  (value) => (typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? value : undefined),
);

const json = field(
  { allowed: "a JSON value", advice: "write text, a number, a boolean, null, a list or a map" },
  (value) => (isJsonValue(value) ? { value } : undefined),
).transform((boxed): JsonValue => boxed.value);

const jsonPath = {
  pattern: { test: (path: string) => parseJsonPath(path) !== undefined },
  allowed: "a path into the answer such as result.eligible or result.reasons[0]",
  advice: "separate keys with dots and put indexes in brackets",
};

const request = mapWith({
  method: oneOf(METHODS, "leave it out for GET").default("GET"),
  path: text(REQUEST_PATH),
  headers: mapOf(HEADER_NAME, headerValue).default({}),
  body: json.exactOptional(),
}).superRefine((value, context) => {
  if (value.body === undefined || (value.method !== "GET" && value.method !== "HEAD")) return;
  context.addIssue({
    code: "custom",
    path: ["body"],
    params: { allowed: `no body with ${value.method}`, advice: "set method to POST, or remove the body" },
  });
});

const SHAPES = ["text", "number", "boolean", "list", "map"] as const;

const expect = mapWith({
  status: wholeNumber(100, 599, "write the HTTP status the request must answer with").default(200),
  json: mapOf(jsonPath, json).default({}),
  bodyContains: anyText("write the text the answer must contain, or remove the key").exactOptional(),
  headers: mapOf(HEADER_NAME, headerValue).default({}),
  /** What kind of value must stand at a path, whichever it is. */
  shape: mapOf(jsonPath, oneOf(SHAPES, "write which kind of value must stand there")).exactOptional(),
});

const yesOrNo = (advice: string) =>
  field({ allowed: "true or false", advice }, (value) => (typeof value === "boolean" ? value : undefined));

/** One request with the answer it must get before a release may have traffic. */
export const smokeTestSchema = mapWith({
  name: anyText("say in a few words what the test proves"),
  request,
  expect: expect.default({ status: 200, json: {}, headers: {} }),
  /** Its request may be sent over and over, as synthetic load. @default what the method promises */
  repeatable: yesOrNo("write true when the request changes nothing, however often it is sent").exactOptional(),
});

export type SmokeTest = Readonly<z.output<typeof smokeTestSchema>>;

export interface SmokeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type SmokeVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The request as it goes over the wire: a body that is no text is sent as JSON and says so. */
export function wireRequest(test: SmokeTest): {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
} {
  const { method, path, headers, body } = test.request;
  if (body === undefined) return { method, path, headers: { ...headers } };
  if (typeof body === "string") return { method, path, headers: { ...headers }, body };
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    method,
    path,
    headers: typed ? { ...headers } : { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** Whether `response` is what `test` expects; the reason names everything that is not, the plainest first. */
export function judgeResponse(test: SmokeTest, response: SmokeResponse, what = "smoke test"): SmokeVerdict {
  const reasons = [...judgeStatus(test, response), ...judgeHeaders(test, response), ...judgeBody(test, response)];
  if (reasons.length === 0) return { ok: true };
  return {
    ok: false,
    reason: `${what} "${test.name}" (${test.request.method} ${test.request.path}): ${reasons.join("; ")}`,
  };
}

function* judgeStatus(test: SmokeTest, response: SmokeResponse): Generator<string> {
  if (response.status === test.expect.status) return;
  yield `expected status ${test.expect.status}, got ${response.status}${response.body === "" ? "" : ` with ${excerpt(response.body)}`}`;
}

function* judgeHeaders(test: SmokeTest, response: SmokeResponse): Generator<string> {
  const got = new Map(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(test.expect.headers)) {
    const actual = got.get(name.toLowerCase());
    if (actual !== value)
      yield `expected header ${name}: ${excerpt(value)}, got ${actual === undefined ? "none" : excerpt(actual)}`;
  }
}

function* judgeBody(test: SmokeTest, response: SmokeResponse): Generator<string> {
  const { bodyContains, json: paths, shape = {} } = test.expect;
  if (bodyContains !== undefined && !response.body.includes(bodyContains)) {
    yield `expected a body containing ${excerpt(bodyContains)}, got ${excerpt(response.body)}`;
  }
  if (Object.keys(paths).length + Object.keys(shape).length === 0) return;
  const document = parseJson(response.body);
  if (document === undefined) {
    yield `expected a JSON body, got ${excerpt(response.body)}`;
    return;
  }
  for (const [path, expected] of Object.entries(paths)) {
    const actual = valueAtPath(document, parseJsonPath(path) ?? []);
    if (actual === undefined) yield `expected ${path} = ${excerpt(expected)}, got no ${path} in ${excerpt(document)}`;
    else if (!sameJson(actual, expected)) yield `expected ${path} = ${excerpt(expected)}, got ${excerpt(actual)}`;
  }
  for (const [path, kind] of Object.entries(shape)) {
    const actual = valueAtPath(document, parseJsonPath(path) ?? []);
    if (actual === undefined) yield `expected a ${kind} at ${path}, got no ${path} in ${excerpt(document)}`;
    else if (shapeOf(actual) !== kind) yield `expected a ${kind} at ${path}, got ${excerpt(actual)}`;
  }
}

/** The kind of a value, in the words of `expect.shape`; `null` is of none. */
function shapeOf(value: JsonValue): (typeof SHAPES)[number] | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "map";
  return typeof value === "string" ? "text" : typeof value === "number" ? "number" : "boolean";
}

function parseJson(body: string): JsonValue | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonValue(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const LONGEST_EXCERPT = 160;

/** A value on one line, short enough for a reason. */
function excerpt(value: JsonValue): string {
  if (value === "") return "an empty text";
  const text = JSON.stringify(value);
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT - 1)}…` : text;
}
