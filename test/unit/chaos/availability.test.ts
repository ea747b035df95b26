import { strict as assert } from "node:assert";
import fc from "fast-check";
import { answerProblem, availability, isEnough, isLostAlready, Tally } from "../../../core/chaos/availability";

const tallyOf = (outcomes: readonly { readonly at: number; readonly why?: string | undefined }[]): Tally => {
  const tally = new Tally();
  for (const { at, why } of outcomes) tally.add(at, why);
  return tally;
};

describe("availability as chaos counts it", () => {
  const answers: readonly { status: number; color?: string; via: "public" | "probe"; problem: string | undefined }[] = [
    { status: 200, color: "blue", via: "public", problem: undefined },
    { status: 404, color: "blue", via: "public", problem: undefined },
    { status: 499, color: "green", via: "public", problem: undefined },
    { status: 500, color: "blue", via: "public", problem: "status 500" },
    { status: 503, via: "public", problem: "status 503" },
    { status: 404, via: "public", problem: "status 404 without the header x-hms-color" },
    { status: 200, via: "probe", problem: undefined },
    { status: 502, via: "probe", problem: "status 502" },
    { status: 200, color: "blue", via: "probe", problem: "status 200 from blue, which has the traffic" },
  ];
  for (const { status, color, via, problem } of answers)
    it(`takes ${status} ${color === undefined ? "unmarked" : `of ${color}`} on the ${via} way for ${problem === undefined ? "right" : "wrong"}`, () => {
      assert.equal(answerProblem(status, color, via), problem);
    });

  const minimums: readonly { sent: number; lost: number; minimum: number; enough: boolean }[] = [
    { sent: 100, lost: 0, minimum: 0.99, enough: true },
    { sent: 100, lost: 1, minimum: 0.99, enough: false },
    { sent: 101, lost: 1, minimum: 0.99, enough: true },
    { sent: 1000, lost: 1, minimum: 0.999, enough: false },
    { sent: 5, lost: 0, minimum: 1, enough: true },
    { sent: 1_000_000, lost: 1, minimum: 1, enough: false },
    { sent: 0, lost: 0, minimum: 0.5, enough: false },
  ];
  for (const { sent, lost, minimum, enough } of minimums)
    it(`${enough ? "is content" : "is not content"} with ${lost} of ${sent} lost when more than ${minimum} is asked for`, () => {
      assert.equal(isEnough(sent, lost, minimum), enough);
    });

  it("counts every request once, names the worst second and the reasons", () => {
    const tally = tallyOf([
      { at: 0.1 },
      { at: 1.2, why: "status 502" },
      { at: 1.9 },
      { at: 2.0, why: "socket hang up" },
      { at: 2.5, why: "status 502" },
      { at: 3 },
    ]);
    assert.deepEqual([tally.sent, tally.lost], [6, 3]);
    assert.deepEqual(tally.worst, { second: 2, sent: 2, lost: 2 });
    assert.deepEqual(tally.losses, [
      { why: "status 502", count: 2 },
      { why: "socket hang up", count: 1 },
    ]);
  });

  it("has neither a share nor a worst second without requests", () => {
    assert.equal(availability(0, 0), null);
    assert.equal(new Tally().worst, undefined);
  });

  const outcomes = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 20, noNaN: true }),
      why: fc.option(fc.constant("status 502"), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 200 },
  );

  it("depends on no order, and no second is worse than the worst", () => {
    fc.assert(
      fc.property(outcomes, (all) => {
        const tally = tallyOf(all);
        const turned = tallyOf([...all].reverse());
        assert.deepEqual([tally.sent, tally.lost, tally.worst], [turned.sent, turned.lost, turned.worst]);
        assert.equal(tally.sent, all.length);
        assert.equal(tally.lost, all.filter(({ why }) => why !== undefined).length);
        const worst = tally.worst;
        assert.ok(worst);
        for (const { at } of all) {
          const own = all.filter((one) => Math.floor(one.at) === Math.floor(at));
          assert.ok(own.filter(({ why }) => why !== undefined).length / own.length <= worst.lost / worst.sent);
        }
      }),
    );
  });

  it("gives up on a run only when even answering all the rest would not be enough", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (expected, lost, minimum) => {
          fc.pre(lost <= expected);
          assert.equal(isLostAlready(lost, expected, minimum), lost > 0 && !isEnough(expected, lost, minimum));
        },
      ),
    );
    assert.equal(isLostAlready(0, 100, 1), false);
    assert.equal(isLostAlready(1, 100, 1), true);
    assert.equal(isLostAlready(149, 15_000, 0.99), false);
    assert.equal(isLostAlready(150, 15_000, 0.99), true);
  });
});
