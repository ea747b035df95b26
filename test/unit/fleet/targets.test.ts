import { strict as assert } from "node:assert";
import { readStack } from "../../../config/readStack";
import { targetsOf } from "../../../config/targets";
import { STACK_VALUES } from "../../support/stackValues";

const IMAGE = `registry/benefit@sha256:${"a".repeat(64)}`;
const account = (id: string, main: unknown, state = "deployable") => ({
  id: id.repeat(12),
  region: "us-gov-west-1",
  state,
  clusters: { main },
});
const context = (kubeContext: string, namespace?: string) => ({
  kubeContext,
  ...(namespace === undefined ? {} : { namespace }),
});
const service = {
  image: IMAGE,
  port: 8080,
  smoke: [{ name: "answers", request: { path: "/" }, expect: { status: 200 } }],
};

const read = (values: Readonly<Record<string, unknown>>, overrides?: object) =>
  readStack({
    stack: "test",
    values: {
      ...STACK_VALUES,
      services: { benefit: service },
      ...values,
    },
    encrypted: [],
    ...(overrides === undefined ? {} : { overrides: JSON.stringify(overrides) }),
    files: { read: () => undefined, absolute: (path) => path },
  });

describe("where services of a stack go", () => {
  const accounts = {
    usda: { ...account("1", context("usda")), registry: "127.0.0.1:5001" },
    epa: account("2", context("shared", "epa")),
    doi: account("3", { eks: "main" }, "baselined"),
  };

  it("is the stack's own cluster, also where it has accounts", () => {
    const stack = read({ accounts });
    assert.ok(stack.ok);
    assert.deepEqual(
      targetsOf(stack.config).map(({ account: name, kubeContext, namespace }) => [name, kubeContext, namespace]),
      [[undefined, "hms-local", "hms-test"]],
    );
  });

  it("is each deployable account, with cluster, namespace, domain and registry of its own", () => {
    const stack = read({ accounts, targets: "accounts" });
    assert.ok(stack.ok, JSON.stringify(stack));
    assert.deepEqual(
      targetsOf(stack.config).map((target) => [
        target.account,
        target.kubeContext,
        target.namespace,
        target.domain,
        target.registry,
      ]),
      [
        ["epa", "shared", "epa", "epa.test.localhost", "222222222222.dkr.ecr.us-gov-west-1.amazonaws.com/hms"],
        ["usda", "usda", "hms-test", "usda.test.localhost", "127.0.0.1:5001"],
      ],
    );
  });

  it("is the EKS cluster of an account, under a name that no context of a kubeconfig is mistaken for", () => {
    const stack = read({ accounts: { doi: account("3", { eks: "policies" }) }, targets: "accounts" });
    assert.ok(stack.ok, JSON.stringify(stack));
    assert.deepEqual(
      targetsOf(stack.config).map(({ kubeContext, namespace }) => [kubeContext, namespace]),
      [["doi/policies", "hms-test"]],
    );
  });

  it("leaves services of other accounts on what is live, where an update is about one", () => {
    const stack = read({ accounts, targets: "accounts" }, { onlyAccounts: ["epa"], pin: { benefit: "0123456789ab" } });
    assert.ok(stack.ok, JSON.stringify(stack));
    assert.deepEqual(
      targetsOf(stack.config).map((target) => [target.account, target.only, target.pins]),
      [
        ["epa", undefined, { benefit: "0123456789ab" }],
        ["usda", [], {}],
      ],
    );
  });

  const bad: readonly (readonly [string, object, RegExp])[] = [
    [
      "no account is deployable",
      { accounts: { doi: accounts.doi } },
      /hms:targets: got accounts, without an account that is deployable/,
    ],
    ["there is no account", { accounts: {} }, /hms:targets: got accounts, without an account/],
    [
      "two accounts share a namespace",
      { accounts: { usda: account("1", context("shared")), epa: account("2", context("shared")) } },
      /clusters\.main: got the namespace hms-test, where \w+ has its services/,
    ],
    [
      "waves name services",
      { accounts, waves: { order: [["benefit"]] } },
      /hms:waves\.order\[0\]\[0\]: got "benefit"; allowed is one of epa, usda/,
    ],
  ];
  for (const [what, values, expected] of bad)
    it(`is refused where ${what}`, () => {
      const stack = read({ targets: "accounts", ...values });
      assert.ok(!stack.ok);
      assert.match(stack.problems.join("\n"), expected);
    });
});
