import { strict as assert } from "node:assert";
import type { Properties } from "../../../platform/rpc/values";
import { judge } from "../../../policy/pulumi/pack";
import { known, type Context, type Resource, type Rule } from "../../../policy/pulumi/rule";

export interface Wanted {
  readonly type: string;
  readonly name?: string;
  readonly inputs: Properties;
  readonly provider?: { readonly type: string; readonly inputs: Properties };
}

/** What a rule says of a resource. */
export function messagesOf(
  rule: Rule,
  { type, name = "it", inputs, provider }: Wanted,
  context: Partial<Context> = {},
) {
  const resource: Resource = {
    urn: `urn:pulumi:test::hms::${type}::${name}`,
    type,
    name,
    inputs: known(inputs),
    ...(provider && { provider: { type: provider.type, inputs: known(provider.inputs) } }),
  };
  const all = { stack: "test", config: {}, production: false, ...context };
  return judge(resource, all, [rule]).map(({ message }) => message);
}

/** Cases of one rule: what it lets pass, what it does not, and with which words. */
export interface Cases {
  readonly allows: Readonly<Record<string, readonly [Wanted, Partial<Context>?]>>;
  readonly denies: Readonly<Record<string, readonly [Wanted, RegExp, Partial<Context>?]>>;
  /** What is not known before the update, and so is left to it. */
  readonly leavesOpen: Readonly<Record<string, readonly [Wanted, Partial<Context>?]>>;
}

export function describeRule(rule: Rule, { allows, denies, leavesOpen }: Cases): void {
  describe(`the rule ${rule.name}`, () => {
    for (const [what, [wanted, context]] of Object.entries(allows))
      it(`allows ${what}`, () => {
        assert.deepEqual(messagesOf(rule, wanted, context), []);
      });
    for (const [what, [wanted, message, context]] of Object.entries(denies))
      it(`denies ${what}`, () => {
        assert.match(messagesOf(rule, wanted, context).join("\n"), message);
      });
    for (const [what, [wanted, context]] of Object.entries(leavesOpen))
      it(`leaves ${what} to the update`, () => {
        assert.deepEqual(messagesOf(rule, wanted, context), []);
      });
  });
}
