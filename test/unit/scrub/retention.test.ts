import { strict as assert } from "node:assert";
import fc from "fast-check";
import { retain } from "../../../core/scrub/retention";

const NOW = new Date("2026-11-22T00:00:00Z");
const aged = (id: string, days: number, inUse?: string) => ({
  id,
  takenAt: new Date(NOW.getTime() - days * 86_400_000),
  ...(inUse === undefined ? {} : { inUse }),
});

describe("the retention of snapshots", () => {
  it("keeps the newest by number, others by age, and what is in use", () => {
    const all = [aged("a", 40), aged("b", 30, "sandboxes are made of it"), aged("c", 9), aged("d", 2), aged("e", 1)];
    const judged = retain(all, { keep: 2, maxAgeDays: 10 }, NOW);
    assert.deepEqual(
      judged.map(({ id, remove, reason }) => [id, remove, reason]),
      [
        ["e", false, "one of the newest 2 (1.0 days old)"],
        ["d", false, "one of the newest 2 (2.0 days old)"],
        ["c", false, "not older than 10d (9.0 days old)"],
        ["b", false, "sandboxes are made of it (30.0 days old)"],
        ["a", true, "older than 10d (40.0 days old)"],
      ],
    );
  });

  it("never leaves a service without its newest snapshot, and judges each once", () => {
    const days = fc.array(fc.integer({ min: -2, max: 400 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 60 }), (ages, keep, maxAgeDays) => {
        const all = ages.map((age, index) => aged(`s${index}`, age));
        const judged = retain(all, { keep, maxAgeDays }, NOW);
        assert.equal(new Set(judged.map(({ id }) => id)).size, all.length);
        assert.equal(judged[0]?.remove, false);
        const kept = judged.filter(({ remove }) => !remove);
        assert.ok(kept.length >= Math.min(all.length, Math.max(1, keep)));
        for (const { id, remove } of judged)
          if (remove) assert.ok((ages[Number(id.slice(1))] ?? 0) > maxAgeDays, "nothing young is removed");
      }),
    );
  });
});
