import assert from "node:assert/strict";
import fc from "fast-check";
import { share, TAKE_ALL } from "../support/share";
import { longestFirst, timesTable } from "../times";

describe("a share of many cases", () => {
  const all = process.env[TAKE_ALL];
  beforeEach(() => {
    Reflect.deleteProperty(process.env, TAKE_ALL);
  });
  after(() => {
    if (all !== undefined) process.env[TAKE_ALL] = all;
  });

  const cases = fc.integer({ min: 1, max: 40 }).map((length) => Array.from({ length }, (_, index) => index));

  it("has the wanted number, in their order, and the same ones for the same seed", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 40 }), fc.nat(), (many, count, seed) => {
        const some = share(many, count, seed);
        assert.equal(some.length, Math.min(count, many.length));
        assert.deepEqual(
          some,
          many.filter((one) => some.includes(one)),
        );
        assert.deepEqual(share(many, count, seed), some);
      }),
    );
  });

  it("leaves none out for ever", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 40 }), (many, count) => {
        const taken = new Set(many.flatMap((seed) => share(many, count, seed)));
        assert.equal(taken.size, many.length);
      }),
    );
  });

  it("is all of them where that is asked for", () => {
    process.env[TAKE_ALL] = "1";
    assert.deepEqual(share([1, 2, 3], 1, 0), [1, 2, 3]);
    Reflect.deleteProperty(process.env, TAKE_ALL);
    assert.deepEqual(share([1, 2, 3], 1, 0), [1]);
  });
});

describe("the order of test files", () => {
  it("is by time, longest first, after those that never ran, largest first", () => {
    const sizes: Record<string, number> = { small: 1, large: 9 };
    const order = longestFirst(["short", "small", "long", "large"], { short: 5, long: 70 }, (file) => sizes[file] ?? 0);
    assert.deepEqual(order, ["large", "small", "long", "short"]);
  });

  it("is told with the seconds of the longest", () => {
    assert.equal(timesTable({ a: 1499, b: 61_000, c: 3 }, 2), "    61 s  b\n     1 s  a\n");
  });
});
