import { strict as assert } from "node:assert";
import fc from "fast-check";
import { capProblems, type Counted } from "../../../core/sandbox/caps";
import { newLease } from "../../../core/sandbox/lease";
import { placeProblems } from "../../../core/sandbox/protect";

const NOW = new Date("2026-11-22T04:30:00Z");
const sandbox = (name: string, owner: string, hours = 8): Counted => ({ name, owner, ...newLease(NOW, hours * 3600) });

describe("caps of sandboxes", () => {
  const standing = [sandbox("sbx-1", "ada"), sandbox("sbx-2", "ada", 24), sandbox("sbx-3", "ben")];

  it("refuse one more than an owner may have, and than all may have, with the arithmetic", () => {
    assert.deepEqual(capProblems({ maxPerOwner: 2, maxInAll: 3 }, standing, sandbox("sbx-4", "ada")), [
      "sandboxes of ada: 2 stand (sbx-1, sbx-2) + 1 = 3, allowed are 2 (maxPerOwner); destroy one first (hms-sbx list)",
      "sandboxes in all: 3 stand (sbx-1, sbx-2, sbx-3) + 1 = 4, allowed are 3 (maxInAll); destroy one first (hms-sbx list)",
    ]);
    assert.deepEqual(capProblems({ maxPerOwner: 2, maxInAll: 4 }, standing, sandbox("sbx-4", "ben")), []);
  });

  it("refuse what would cost more than the budget, with the arithmetic", () => {
    const caps = { pricePerHour: 0.25, budget: 11.99 };
    assert.deepEqual(capProblems(caps, standing, sandbox("sbx-4", "cy")), [
      "budget: 0.25 per hour x (40 h of 3 that stand + 8 h of sbx-4) = 12.00, allowed is 11.99 (budget); " +
        "ask for a shorter --ttl than 8h, or destroy one first (hms-sbx list)",
    ]);
    assert.deepEqual(capProblems({ ...caps, budget: 12 }, standing, sandbox("sbx-4", "cy")), []);
  });

  it("count a sandbox that is updated or extended once, and never refuse its update for their number", () => {
    const full = { maxPerOwner: 2, maxInAll: 3, pricePerHour: 0.25, budget: 10 };
    assert.deepEqual(capProblems(full, standing, sandbox("sbx-2", "ada", 24)), []);
    assert.deepEqual(capProblems({ maxInAll: 1 }, standing, sandbox("sbx-2", "ada", 24)), []);
    assert.equal(capProblems(full, standing, sandbox("sbx-2", "ada", 48)).length, 1, "a longer lease costs more");
  });

  it("refuse nothing where nothing is capped", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60)), (hours) => {
        const many = hours.map((one, index) => sandbox(`sbx-${index}`, "ada", one));
        assert.deepEqual(capProblems({}, many, sandbox("sbx-new", "ada")), []);
        const within = { maxInAll: many.length + 1, maxPerOwner: many.length + 1 };
        assert.deepEqual(capProblems(within, many, sandbox("sbx-new", "ada")), []);
      }),
    );
  });
});

describe("where a sandbox may be", () => {
  const stack = (name: string, kubeContext: string, protect = false) => ({
    stack: name,
    kubeContext,
    namespace: `hms-${name}`,
    protect,
  });
  const guarded = {
    stacks: [
      stack("prod", "gov-west"),
      stack("staging", "gov-east"),
      stack("north", "gov-north", true),
      stack("dev", "lab"),
    ],
    contexts: ["partner"],
    namespaces: ["sbx-shared"],
    local: "hms-local",
  };
  const at = (name: string, kubeContext: string, namespace = name) =>
    placeProblems({ name, kubeContext, namespace }, guarded).join("\n");

  it("is no cluster of prod, staging, a protected stack, or one that the project protects", () => {
    assert.equal(at("sbx-42", "lab"), "");
    assert.equal(at("sbx-42", "some-other"), "");
    assert.match(at("sbx-42", "gov-west"), /^kubeContext: got gov-west, the cluster of prod; allowed is/);
    assert.match(at("sbx-42", "gov-east"), /the cluster of staging/);
    assert.match(at("sbx-42", "gov-north"), /the cluster of north/);
    assert.match(at("sbx-42", "partner"), /got partner, which is protected/);
  });

  it("may be the local platform, where one cluster stands in for all, but no stack's namespace", () => {
    const here = {
      ...guarded,
      stacks: [stack("prod", "hms-local", true), { ...stack("odd", "lab"), namespace: "sbx-7" }],
    };
    assert.deepEqual(placeProblems({ name: "sbx-42", kubeContext: "hms-local", namespace: "sbx-42" }, here), []);
    assert.match(
      placeProblems({ name: "sbx-7", kubeContext: "lab", namespace: "sbx-7" }, here).join(),
      /belongs to stack odd/,
    );
  });

  it("is its own namespace and no other", () => {
    assert.match(at("sbx-42", "lab", "hms-prod"), /got hms-prod for sandbox sbx-42.*\n.*belongs to stack prod/);
    assert.match(at("sbx-42", "lab", "sbx-43"), /got sbx-43 for sandbox sbx-42/);
    assert.match(at("prod", "lab"), /got prod for sandbox prod/);
    assert.match(at("sbx-shared", "lab"), /got sbx-shared, which is protected/);
  });
});
