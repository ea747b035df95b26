import { strict as assert } from "node:assert";
import fc from "fast-check";
import { BASELINE_SECONDS, roundDue, type Pace } from "../../../core/chaos/rounds";

/** Seconds at which rounds begin when each color is whole `recovery` seconds after a kill. */
function roundsOf(pace: Pace, recovery = 0, step = 0.25): number[] {
  const begun: number[] = [];
  for (let now = 0; now < pace.seconds; now += step) {
    const last = begun.at(-1);
    if (last !== undefined && now < last + recovery) continue;
    if (roundDue(now, last, pace) === "now") begun.push(now);
  }
  return begun;
}

describe("the rounds of chaos", () => {
  const cases: readonly { name: string; pace: Pace; recovery?: number; begin: readonly number[] }[] = [
    { name: "every 20 s for a minute", pace: { seconds: 60, everySeconds: 20 }, begin: [2, 22, 42] },
    { name: "every 3 s for 12 s", pace: { seconds: 12, everySeconds: 3 }, begin: [2, 5, 8] },
    { name: "once when a run is shorter than the interval", pace: { seconds: 10, everySeconds: 20 }, begin: [2] },
    {
      name: "later when a color takes longer to be whole",
      pace: { seconds: 60, everySeconds: 10 },
      recovery: 25,
      begin: [2, 27],
    },
  ];
  for (const { name, pace, recovery, begin } of cases)
    it(`begin ${name}`, () => {
      assert.deepEqual(roundsOf(pace, recovery), begin);
    });

  it("leave a baseline before them, the interval between them, and time to count after them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 3600 }),
        fc.integer({ min: 1, max: 3600 }),
        fc.integer({ min: 0, max: 100 }),
        (seconds, everySeconds, recovery) => {
          const begun = roundsOf({ seconds, everySeconds }, recovery, 1);
          assert.ok((begun[0] ?? 0) >= BASELINE_SECONDS);
          assert.ok(begun.every((at, i) => i === 0 || at - (begun[i - 1] ?? 0) >= Math.max(everySeconds, recovery)));
          assert.ok((begun.at(-1) ?? 0) <= seconds - Math.min(10, everySeconds, seconds / 2));
          assert.ok(begun.length > 0, "there is at least one round");
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are over for good once the time left is too short", () => {
    const pace = { seconds: 60, everySeconds: 20 };
    assert.equal(roundDue(30, 2, { seconds: 60, everySeconds: 20 }), "now");
    assert.equal(roundDue(10, 2, pace), "later");
    assert.equal(roundDue(43, 42, pace), "over");
    assert.equal(roundDue(51, 20, pace), "over");
    assert.equal(roundDue(59, undefined, pace), "over");
  });
});
