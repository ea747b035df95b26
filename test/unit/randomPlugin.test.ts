import assert from "node:assert/strict";
import fc from "fast-check";
import { CLASSES, randomText } from "../../platform/plugins/random/characters";
import { petName } from "../../platform/plugins/random/pet";
import { fromSeed, fromSystem, shuffle } from "../../platform/plugins/random/sample";

/** Chi-squared of `counts` against all being equal. */
function unevenness(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const count = (items: readonly string[], of: readonly string[]): number[] =>
  of.map((wanted) => items.filter((item) => item === wanted).length);

describe("random text", () => {
  it("has the asked length, the asked least of each class, and no other character", () => {
    const least = fc.nat(4);
    fc.assert(
      fc.property(
        fc.record({ extra: fc.nat(10), upper: fc.boolean(), numeric: fc.boolean(), special: fc.boolean() }),
        fc.tuple(least, least, least, least),
        ({ extra, ...used }, [minUpper, minLower, minNumeric, minSpecial]) => {
          const length = extra + minUpper + minLower + minNumeric + minSpecial;
          const text = randomText({ length, lower: true, ...used, minUpper, minLower, minNumeric, minSpecial });
          assert.equal(text.length, length);
          const upper = text.replace(/[^A-Z]/g, "").length;
          const digits = text.replace(/\D/g, "").length;
          const special = text.replace(/[A-Za-z0-9]/g, "").length;
          assert.ok(used.upper ? upper >= minUpper : upper === minUpper);
          assert.ok(used.numeric ? digits >= minNumeric : digits === minNumeric);
          assert.ok(used.special ? special >= minSpecial : special === minSpecial);
        },
      ),
    );
  });

  it("takes each character as often as any other, wherever it stands", () => {
    const rules = { length: 20_000, upper: true, lower: true, numeric: true, special: false };
    const text = randomText({ ...rules, minUpper: 0, minLower: 0, minNumeric: 0, minSpecial: 0 });
    const all = Array.from(CLASSES.upper + CLASSES.lower + CLASSES.numeric);
    // 61 degrees of freedom: more than 130 comes once in a million runs
    assert.ok(unevenness(count(Array.from(text), all)) < 130);
  });

  it("puts the least of a class at any place", () => {
    const places = Array.from({ length: 4000 }, () =>
      randomText({
        length: 4,
        upper: false,
        lower: true,
        numeric: false,
        special: false,
        minUpper: 1,
        minLower: 0,
        minNumeric: 0,
        minSpecial: 0,
      }).search(/[A-Z]/),
    );
    assert.ok(unevenness([0, 1, 2, 3].map((place) => places.filter((at) => at === place).length)) < 35);
  });

  it("uses other special characters when told", () => {
    const text = randomText({
      length: 50,
      upper: false,
      lower: false,
      numeric: false,
      special: true,
      overrideSpecial: "é_",
      minUpper: 0,
      minLower: 0,
      minNumeric: 0,
      minSpecial: 0,
    });
    assert.match(text, /^[é_]{50}$/);
  });
});

describe("a shuffle", () => {
  it("gives each of the six orders of three as often", () => {
    const orders = Array.from({ length: 6000 }, () => shuffle(["a", "b", "c"], fromSystem).join(""));
    assert.ok(unevenness(count(orders, ["abc", "acb", "bac", "bca", "cab", "cba"])) < 40);
  });

  it("keeps every item", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (items, seed) => {
        assert.deepEqual(shuffle(items, fromSeed(seed)).sort(), [...items].sort());
      }),
    );
  });
});

describe("a seed", () => {
  it("gives the same numbers each time, within the bound, and evenly", () => {
    const [one, two] = [fromSeed("s"), fromSeed("s")];
    const numbers = Array.from({ length: 5000 }, () => one(10));
    assert.deepEqual(
      numbers,
      Array.from({ length: 5000 }, () => two(10)),
    );
    assert.ok(numbers.every((number) => number >= 0 && number < 10));
    assert.ok(unevenness(Array.from({ length: 10 }, (_, n) => numbers.filter((number) => number === n).length)) < 45);
  });
});

describe("a pet's name", () => {
  for (const [length, prefix, pattern] of [
    [1, undefined, /^[a-z]+$/],
    [2, undefined, /^[a-z]+_[a-z]+$/],
    [4, "sbx", /^sbx_[a-z]+_[a-z]+_[a-z]+_[a-z]+$/],
    [1, "", /^[a-z]+$/],
  ] as const) {
    it(`has ${length} words${prefix ? ` after ${prefix}` : ""}`, () => {
      assert.match(petName(length, "_", prefix), pattern);
    });
  }
});
