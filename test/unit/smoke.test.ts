import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJsonPath, valueAtPath } from "../../core/service/jsonValue";
import { judgeResponse, smokeTestSchema, wireRequest, type SmokeResponse } from "../../core/service/smoke";

const eligible = smokeTestSchema.parse({
  name: "a dry county is eligible",
  request: { method: "POST", path: "/v1/data/benefit", body: { input: { county: "Merced" } } },
  expect: {
    json: { "result.eligible": true, "result.reasons[0]": "drought", "result.rates": { low: 1, high: 2 } },
    headers: { "Content-Type": "application/json" },
  },
});

const good: SmokeResponse = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: '{"result":{"eligible":true,"reasons":["drought"],"rates":{"high":2,"low":1}}}',
};

const WHO = 'smoke test "a dry county is eligible" (POST /v1/data/benefit): ';

describe("the judgement of a smoke test", () => {
  it("passes an answer that is as expected, whatever the order of keys and the case of header names", () => {
    assert.deepEqual(judgeResponse(eligible, good), { ok: true });
  });

  for (const [what, change, reason] of [
    ["a wrong value", { body: good.body.replace("true", "false") }, "expected result.eligible = true, got false"],
    [
      "a wrong status, with the answer's text",
      { status: 503, body: good.body, headers: good.headers },
      `expected status 200, got 503 with ${JSON.stringify(good.body)}`,
    ],
    [
      "a missing value",
      { body: '{"result":{"eligible":true,"rates":{"low":1,"high":2}}}' },
      'expected result.reasons[0] = "drought", got no result.reasons[0] in {"result":{"eligible":true,"rates":{"low":1,"high":2}}}',
    ],
    ["a body that is no JSON", { body: "<html>" }, 'expected a JSON body, got "<html>"'],
    ["an empty body", { body: "" }, "expected a JSON body, got an empty text"],
    ["a missing header", { headers: {} }, 'expected header Content-Type: "application/json", got none'],
    [
      "everything that is wrong",
      { headers: { "content-type": "text/plain" }, body: good.body.replace("true", '"yes"') },
      'expected header Content-Type: "application/json", got "text/plain"; expected result.eligible = true, got "yes"',
    ],
  ] as const) {
    it(`names ${what}`, () => {
      assert.deepEqual(judgeResponse(eligible, { ...good, ...change }), { ok: false, reason: WHO + reason });
    });
  }

  it("looks for text in a body", () => {
    const test = smokeTestSchema.parse({ name: "up", request: { path: "/" }, expect: { bodyContains: "ready" } });
    assert.deepEqual(judgeResponse(test, { status: 200, headers: {}, body: "all ready" }), { ok: true });
    assert.deepEqual(judgeResponse(test, { status: 200, headers: {}, body: "wait" }), {
      ok: false,
      reason: 'smoke test "up" (GET /): expected a body containing "ready", got "wait"',
    });
  });

  it("keeps a reason short when the body is long", () => {
    const verdict = judgeResponse(eligible, { ...good, body: `"${"x".repeat(10_000)}"` });
    assert.ok(!verdict.ok && verdict.reason.length < 1000);
  });

  it("sends a body that is no text as JSON and says so, unless the test names a type", () => {
    assert.deepEqual(wireRequest(eligible), {
      method: "POST",
      path: "/v1/data/benefit",
      headers: { "content-type": "application/json" },
      body: '{"input":{"county":"Merced"}}',
    });
    const typed = smokeTestSchema.parse({
      name: "x",
      request: { method: "PUT", path: "/", headers: { "Content-Type": "a/b" }, body: [1] },
    });
    assert.deepEqual(wireRequest(typed).headers, { "Content-Type": "a/b" });
  });
});

describe("a path into a JSON answer", () => {
  for (const [path, steps] of [
    ["result.eligible", ["result", "eligible"]],
    ["result.reasons[0].text", ["result", "reasons", 0, "text"]],
    ["[1].x", [1, "x"]],
    ["a.0", ["a", 0]],
    ['a["b.c"]', ["a", "b.c"]],
    ["", undefined],
    [".a", undefined],
    ["a..b", undefined],
    ["a[b]", undefined],
    ["a b", undefined],
    ["a[0]b", undefined],
  ] as const) {
    it(`reads ${JSON.stringify(path)}`, () => {
      assert.deepEqual(parseJsonPath(path), steps);
    });
  }

  it("reaches nothing that the answer only inherits", () => {
    assert.equal(valueAtPath({}, ["constructor"]), undefined);
    assert.equal(valueAtPath([], ["length"]), undefined);
  });

  it("finds every quoted key", () => {
    fc.assert(
      fc.property(
        fc.string().filter((key) => key !== "__proto__"),
        fc.jsonValue(),
        (key, value) => {
          const quoted = key.replace(/["\\]/g, (mark) => `\\${mark}`);
          const steps = parseJsonPath(`["${quoted}"]`);
          assert.ok(steps !== undefined || /[\n\r\u2028\u2029]/.test(key));
          if (steps === undefined) return;
          const document = JSON.parse(JSON.stringify({ [key]: value })) as Record<string, string>;
          assert.deepEqual(valueAtPath(document, steps), document[key]);
        },
      ),
    );
  });
});
