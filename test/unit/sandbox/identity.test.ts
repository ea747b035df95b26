import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  identityAnnotations,
  identityLabels,
  ownerLabel,
  parseStamp,
  readIdentity,
  stampOf,
} from "../../../core/sandbox/identity";
import { LABEL_VALUE } from "../../../core/service/names";

const IDENTITY = {
  name: "sbx-42",
  owner: "ada@example.gov",
  purpose: "raises the rate: is it 12 % everywhere?",
  createdAt: new Date("2026-11-22T04:30:00Z"),
  expiresAt: new Date("2026-11-22T12:30:00Z"),
  snapshot: "20261122T020000Z-1a2b3c",
  changed: "drought-benefit 1f2e3d4 -> 9a8b7c6",
};

describe("who a sandbox is for", () => {
  it("stands on its namespace under fixed names", () => {
    assert.deepEqual(identityLabels(IDENTITY), {
      "hms.delivery/sandbox": "sbx-42",
      "hms.delivery/owner": ownerLabel("ada@example.gov"),
      "hms.delivery/created-at": "20261122T043000Z",
      "hms.delivery/expires-at": "20261122T123000Z",
    });
    assert.deepEqual(identityAnnotations(IDENTITY), {
      "hms.delivery/owner": "ada@example.gov",
      "hms.delivery/purpose": IDENTITY.purpose,
      "hms.delivery/snapshot": IDENTITY.snapshot,
      "hms.delivery/what-changed": IDENTITY.changed,
    });
  });

  it("is read back as it was written", () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((n) => new Date(n * 1000));
    const text = fc.string({ minLength: 1, maxLength: 80 });
    const identities = fc.record(
      {
        name: fc.constantFrom("sbx-42", "sbx-a-b"),
        owner: text,
        purpose: text,
        createdAt: seconds,
        expiresAt: seconds,
        snapshot: text,
        changed: text,
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(identities, (identity) => {
        const labels = identityLabels(identity);
        for (const value of Object.values(labels)) {
          assert.ok(LABEL_VALUE.pattern.test(value), value);
          assert.ok(value.length <= 63);
        }
        const read = readIdentity({ labels, annotations: identityAnnotations(identity) });
        assert.deepEqual(read, { ok: true, value: identity });
      }),
    );
  });

  it("says all that is wrong where somebody changed it", () => {
    const read = readIdentity({ labels: { "hms.delivery/sandbox": "prod", "hms.delivery/expires-at": "tomorrow" } });
    assert.ok(!read.ok);
    assert.deepEqual(
      read.problems.map(({ path }) => path[0]),
      ["name", "hms.delivery/created-at", "hms.delivery/expires-at"],
    );
  });

  it("keeps two owners apart in their labels", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.equal(ownerLabel(one) === ownerLabel(other), one === other);
      }),
    );
    assert.equal(ownerLabel("ada"), "ada");
    assert.notEqual(ownerLabel(ownerLabel("ada@example.gov")), ownerLabel("ada@example.gov"), "nobody can pose as her");
  });

  it("has times that are times", () => {
    assert.equal(stampOf(new Date("2026-11-22T04:30:00.999Z")), "20261122T043000Z");
    for (const text of ["", "2026-11-22T04:30:00Z", "20260231T000000Z", "20261122T250000Z", "20261122T043000"])
      assert.equal(parseStamp(text), undefined, text);
    assert.deepEqual(parseStamp("20261122T043000Z"), new Date("2026-11-22T04:30:00Z"));
  });
});
