import assert from "node:assert/strict";
import { diffOf } from "../../provider/resources/diff";
import { secret, UNKNOWN } from "../../platform/rpc";

describe("the difference of a resource", () => {
  const keys = { update: ["hosts", "state"], replace: ["namespace"] };

  it("is none where the compared keys say the same, in whatever order, secret or not", () => {
    const olds = { hosts: [{ a: 1, b: 2 }], namespace: secret("shop"), serial: "1" };
    const news = { hosts: [{ b: 2, a: 1 }], namespace: "shop", serial: "2" };
    assert.deepEqual(diffOf(olds, news, keys), { changes: false, replaces: [], detailed: {} });
  });

  it("names what is changed in place, and what makes another resource of it", () => {
    const { changes, replaces, detailed } = diffOf(
      { hosts: ["a"], namespace: "shop" },
      { hosts: ["a", "b"], namespace: "store", state: "good" },
      keys,
    );
    assert.deepEqual([changes, replaces], [true, ["namespace"]]);
    assert.deepEqual(detailed, {
      hosts: { kind: "update" },
      state: { kind: "update" },
      namespace: { kind: "update-replace" },
    });
  });

  it("holds what is not known yet for another value", () => {
    assert.deepEqual(diffOf({ state: "good" }, { state: UNKNOWN }, keys).detailed, { state: { kind: "update" } });
  });
});
