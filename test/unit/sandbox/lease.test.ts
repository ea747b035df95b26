import { strict as assert } from "node:assert";
import fc from "fast-check";
import { dueAt, extendLease, LEASE_LIMITS, leftText, newLease, readTtl } from "../../../core/sandbox/lease";
import { problemText } from "../../../core/service/problem";

const NOW = new Date("2026-11-22T04:30:00.640Z");
const HOUR = 3600;
const after = (hours: number) => new Date(NOW.getTime() + hours * HOUR * 1000);

describe("the lease of a sandbox", () => {
  it("is longer than nothing and at most the stack's longest", () => {
    const cases: readonly (readonly [given: string, seconds: number | undefined])[] = [
      ["8h", 8 * HOUR],
      ["1d", 24 * HOUR],
      ["24h", 24 * HOUR],
      ["1m", 60],
      ["24h1s", undefined],
      ["2d", undefined],
      ["0s", undefined],
      ["0h", undefined],
      ["59s", undefined],
      ["-1h", undefined],
      ["8", undefined],
      ["", undefined],
      ["for ever", undefined],
    ];
    for (const [given, seconds] of cases) {
      const read = readTtl(given, LEASE_LIMITS);
      assert.equal(read.ok ? read.value : undefined, seconds, given);
    }
    const longer = readTtl("48h", { maxTtl: 48 * HOUR, maxAge: 96 * HOUR });
    assert.deepEqual(longer, { ok: true, value: 48 * HOUR });
    const refused = readTtl("2d", LEASE_LIMITS);
    assert.ok(!refused.ok);
    assert.equal(
      refused.problems.map(problemText).join(),
      'ttl: got "2d"; allowed is a time from 1m to 1d such as 45m, 8h or 1d; ask for less, and extend it when that is not enough (hms-sbx extend)',
    );
  });

  it("begins at a whole second, so that labels hold it without loss", () => {
    const lease = newLease(NOW, 8 * HOUR);
    assert.equal(lease.createdAt.toISOString(), "2026-11-22T04:30:00.000Z");
    assert.equal(lease.expiresAt.toISOString(), "2026-11-22T12:30:00.000Z");
  });

  it("is extended from now on, up to an age that no number of extensions passes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.integer({ min: 0, max: 30 }), ttl: fc.integer({ min: 1, max: 24 }) })),
        (steps) => {
          let lease = newLease(NOW, 24 * HOUR);
          let hours = 0;
          for (const { wait, ttl } of steps) {
            hours += wait;
            const next = extendLease(lease, ttl * HOUR, after(hours), LEASE_LIMITS);
            if (!next.ok) continue;
            assert.ok(lease.expiresAt > after(hours), "an ended lease is never extended");
            assert.ok(next.value.expiresAt >= lease.expiresAt, "an extension takes nothing away");
            lease = next.value;
          }
          assert.deepEqual(lease.createdAt, newLease(NOW, 0).createdAt);
          assert.ok(lease.expiresAt.getTime() <= lease.createdAt.getTime() + LEASE_LIMITS.maxAge * 1000);
        },
      ),
    );
  });

  it("is not extended once it has ended, past the most, or to less than it has", () => {
    const lease = newLease(NOW, 8 * HOUR);
    const refused = (ttl: number, at: Date) => {
      const read = extendLease(lease, ttl * HOUR, at, LEASE_LIMITS);
      return read.ok ? "extended" : read.problems.map(problemText).join();
    };
    assert.match(refused(8, after(9)), /a lease that ended at .* create another sandbox/);
    assert.match(refused(1, after(1)), /an end after 2026-11-22T12:30:00.000Z, which it has already/);
    assert.match(refused(90, after(1)), /an end by 2026-11-25T04:30:00.000Z, 3d after it was created/);
    assert.equal(refused(24, after(7)), "extended");
  });

  it("is due at its end, and a longest lease after it was seen where nothing says when", () => {
    const lease = newLease(NOW, 8 * HOUR);
    assert.deepEqual(dueAt(lease, NOW, LEASE_LIMITS), lease.expiresAt);
    assert.deepEqual(dueAt(undefined, NOW, LEASE_LIMITS), after(24));
    const edited = { ...lease, expiresAt: after(10_000) };
    assert.equal(dueAt(edited, NOW, LEASE_LIMITS).toISOString(), "2026-11-25T04:30:00.000Z", "a label written by hand");
  });

  it("is shown as what is left of it", () => {
    const lease = newLease(NOW, 8 * HOUR);
    assert.equal(leftText(lease, lease.createdAt), "8h");
    assert.equal(leftText(lease, after(2)), "5h59m");
    assert.equal(leftText(lease, after(9)), "ended 1h ago");
  });
});
