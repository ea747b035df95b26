import assert from "node:assert/strict";
import fc from "fast-check";
import { tablePermutation, widePermutation } from "../../../core/scrub/permutation";
import { MASTER } from "./support/tables";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("a keyed permutation", () => {
  it("takes every number of a small set to another of it, none twice", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 600 }), (by, size) => {
        const numbers = Array.from({ length: size }, (_, index) => index);
        const table = tablePermutation(by, size);
        assert.deepEqual(
          numbers.map((value) => table.apply(value)).sort((a, b) => a - b),
          numbers,
        );
        const wide = widePermutation(by, BigInt(size));
        assert.deepEqual(
          numbers.map((value) => Number(wide.apply(BigInt(value)))).sort((a, b) => a - b),
          numbers,
        );
      }),
      { numRuns: 60 },
    );
  });

  for (const size of [32_768, 65_537, 2 ** 20 + 7])
    it(`takes none of ${size} numbers twice`, () => {
      const table = tablePermutation(MASTER, size);
      const seen = new Uint8Array(size);
      for (let value = 0; value < size; value++) seen[table.apply(value)] = 1;
      assert.equal(seen.indexOf(0), -1);
    });

  it("stays inside the largest sets, without a number twice among many", () => {
    for (const size of [1e9, 2 ** 31 - 2 ** 15, 2 ** 32]) {
      const table = tablePermutation(MASTER, size);
      const images = Array.from({ length: 50_000 }, (_, index) => table.apply(index % 2 === 0 ? index : size - index));
      assert.equal(new Set(images).size, images.length);
      assert.ok(images.every((image) => Number.isInteger(image) && image >= 0 && image < size));
    }
    const wide = widePermutation(MASTER, 2n ** 63n - 2n ** 53n);
    const images = Array.from({ length: 2000 }, (_, index) => wide.apply(BigInt(index)));
    assert.equal(new Set(images).size, images.length);
  });

  it("mixes: neighbours land far apart, and another key lands elsewhere", () => {
    const table = tablePermutation(MASTER, 1e9);
    const other = tablePermutation(Buffer.from(MASTER).reverse(), 1e9);
    const images = Array.from({ length: 1000 }, (_, index) => table.apply(index));
    const mean = images.reduce((sum, image) => sum + image, 0) / images.length;
    assert.ok(mean > 4.5e8 && mean < 5.5e8, `the mean is ${mean}`);
    assert.ok(images.filter((image, index) => image === other.apply(index)).length === 0);
  });
});
