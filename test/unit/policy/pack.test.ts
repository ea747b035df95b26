import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import path from "node:path";
import { UNKNOWN } from "../../../platform/rpc/values";
import { RULES } from "../../../policy/pulumi/pack";
import { messagesOf } from "./support";

describe("the policy pack's rules", () => {
  it("are named once each, and documented", () => {
    const names = RULES.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const docs = readFileSync(path.resolve(__dirname, "../../../docs/policy.md"), "utf8");
    for (const name of names) assert.ok(docs.includes(`| \`${name}\``), `docs/policy.md lacks ${name}`);
  });

  it("have nothing against a resource of which nothing is known yet", () => {
    const types = ["kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service", "pulumi:providers:random"];
    for (const rule of RULES)
      for (const type of types)
        assert.deepEqual(
          messagesOf(rule, { type, inputs: { metadata: UNKNOWN, spec: UNKNOWN } }, { production: true }),
          [],
        );
  });
});
