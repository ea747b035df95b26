import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  databaseOf,
  freshName,
  isSandboxName,
  parseSandboxName,
  sandboxHost,
  sandboxNamed,
  sandboxOfDatabase,
} from "../../../core/sandbox/name";
import { problemText } from "../../../core/service/problem";

describe("the name of a sandbox", () => {
  it("is sbx- and an id that a namespace, a host and a database can have", () => {
    const cases: readonly (readonly [given: unknown, ok: boolean])[] = [
      ["sbx-42", true],
      ["sbx-a", true],
      ["sbx-pr-1234-ada", true],
      [`sbx-${"a".repeat(32)}`, true],
      [`sbx-${"a".repeat(33)}`, false],
      ["sbx-", false],
      ["sbx--a", false],
      ["sbx-a-", false],
      ["sbx-A", false],
      ["sbx_42", false],
      ["sbx-4.2", false],
      ["sbx-42\n", false],
      ["42", false],
      ["", false],
      [42, false],
      [undefined, false],
    ];
    for (const [given, ok] of cases) assert.equal(parseSandboxName(given).ok, ok, JSON.stringify(given));
  });

  it("is never that of a lasting stack, nor reads like one", () => {
    for (const given of [
      "prod",
      "staging",
      "preprod",
      "dev",
      "production",
      "sbx-prod",
      "sbx-staging-2",
      "sbx-new-live",
    ])
      assert.ok(!isSandboxName(given), given);
    assert.ok(isSandboxName("sbx-product"), "a word that only begins so");
    const refused = sandboxNamed("prod");
    assert.ok(!refused.ok);
    assert.match(refused.problems.map(problemText).join(), /got "prod".*lasting stack/);
  });

  it("may be written without its prefix", () => {
    assert.deepEqual(sandboxNamed("42"), { ok: true, value: "sbx-42" });
    assert.deepEqual(sandboxNamed("sbx-42"), { ok: true, value: "sbx-42" });
  });

  it("gives a host, and a database that leads back to it", () => {
    assert.equal(sandboxHost("sbx-42", "sandbox.localhost"), "sbx-42.sandbox.localhost");
    assert.equal(databaseOf("sbx-pr-42"), "sbx_pr_42");
    for (const other of ["postgres", "template1", "hms_drought_benefit_1", "sbx_", "sbx-42", "sbx_prod"])
      assert.equal(sandboxOfDatabase(other), undefined, other);
    fc.assert(
      fc.property(fc.stringMatching(/^sbx-[a-z0-9-]{1,32}$/).filter(isSandboxName), (name) => {
        assert.equal(sandboxOfDatabase(databaseOf(name)), name);
        assert.match(databaseOf(name), /^[a-z0-9_]{1,63}$/);
      }),
    );
  });

  it("made of random bytes is one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 16 }), (bytes) => {
        assert.ok(isSandboxName(freshName(bytes)));
      }),
    );
    assert.throws(() => freshName(new Uint8Array(5)), /6 random bytes/);
  });
});
