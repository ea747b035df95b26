import assert from "node:assert/strict";
import fc from "fast-check";
import {
  containsSecret,
  containsUnknown,
  fromStruct,
  reveal,
  sameValue,
  secret,
  toStruct,
  UNKNOWN,
  withoutUnknowns,
  withSecretsOf,
  type Properties,
  type Value,
} from "../../../platform/rpc";

describe("values of the provider protocol", () => {
  it("cross the wire unchanged, whatever they are", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (object) => {
        const text = JSON.stringify(object);
        fc.pre(!text.includes('"__proto__"'));
        const value = JSON.parse(text) as Properties;
        assert.ok(sameValue(fromStruct(toStruct(value)), value));
      }),
    );
  });

  it("lose undefined properties and keep dates as text", () => {
    const date = new Date(0);
    assert.deepEqual(fromStruct(toStruct({ a: undefined, b: { c: undefined, d: date }, e: [1, undefined] })), {
      b: { d: "1970-01-01T00:00:00.000Z" },
      e: [1, null],
    });
    assert.throws(() => toStruct({ a: { b: () => 1 } }), /a\.b is a function/);
    const unsendable = JSON.parse('{"a":{"__proto__":1}}') as Properties;
    assert.throws(() => toStruct(unsendable), /a has a key "__proto__", which cannot be sent/);
  });

  it("reveal secrets at any depth and find what is in them", () => {
    const v = { a: [secret({ b: secret("x") })], c: 1 };
    assert.deepEqual(reveal(v), { a: [{ b: "x" }], c: 1 });
    assert.ok(containsSecret(v));
    assert.ok(containsUnknown({ a: secret([UNKNOWN]) }));
    assert.ok(!containsUnknown({ a: secret("known") }));
    assert.deepEqual(secret(secret("x")), secret("x"));
  });

  const carried: readonly (readonly [string, Value, Value, Value])[] = [
    ["a scalar", { a: "x", b: "y" }, { a: secret("x") }, { a: secret("x"), b: "y" }],
    ["a whole object", { a: { b: 1 } }, { a: secret({ c: 2 }) }, { a: secret({ b: 1 }) }],
    ["an item of a list", { a: ["x", "y"] }, { a: ["x", secret("y")] }, { a: ["x", secret("y")] }],
    ["a list of another length", { a: ["y"] }, { a: ["x", secret("y")] }, { a: secret(["y"]) }],
    ["what is gone", { b: 1 }, { a: secret("x") }, { b: 1 }],
  ];
  for (const [name, value, pattern, expected] of carried) {
    it(`carry the secrecy of ${name} over to outputs`, () => {
      assert.deepEqual(withSecretsOf(value, pattern), expected);
    });
  }

  it("drop unknown parts and keep the rest", () => {
    const v = { a: UNKNOWN, b: [UNKNOWN, 1], c: { d: UNKNOWN, e: secret(UNKNOWN), f: 2 } };
    assert.deepEqual(withoutUnknowns(v), { b: [1], c: { f: 2 } });
  });
});
