import assert from "node:assert/strict";
import fc from "fast-check";
import { cmac, PrfBatch } from "../../../core/scrub/prf";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** The message of all examples in NIST SP 800-38B, appendix D. */
const MESSAGE = hex(
  "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
);
const AES_128 = hex("2b7e151628aed2a6abf7158809cf4f3c");
const AES_192 = hex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b");
const AES_256 = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
const EXAMPLES = [
  [AES_128, 0, "bb1d6929e95937287fa37d129b756746"],
  [AES_128, 16, "070a16b46b4d4144f79bdd9dd04a287c"],
  [AES_128, 40, "dfa66747de9ae63030ca32611497c827"],
  [AES_128, 64, "51f0bebf7e3b9d92fc49741779363cfe"],
  [AES_192, 0, "d17ddf46adaacde531cac483de7a9367"],
  [AES_192, 16, "9e99a7bf31e710900662f65e617c5184"],
  [AES_192, 40, "8a1de5be2eb31aad089a82e6ee908b0e"],
  [AES_192, 64, "a1d5df0eed790f794d77589659f39a11"],
  [AES_256, 0, "028962f61b7bf89efc6b551f4667d983"],
  [AES_256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"],
  [AES_256, 40, "aaf3d8f1de5640c232f5b169b9c911e6"],
  [AES_256, 64, "e1992190549f6ed5696a2c056c315410"],
] as const;

describe("the keyed function", () => {
  for (const [key, length, expected] of EXAMPLES)
    it(`is AES-CMAC by NIST's example of AES-${key.length * 8} with ${length} bytes`, () => {
      const message = MESSAGE.subarray(0, length);
      assert.equal(cmac(key, message).toString("hex"), expected);
      const batch = new PrfBatch(key, Buffer.alloc(32, 1));
      const place = batch.add(MESSAGE, length);
      batch.run();
      const at = PrfBatch.offsetOf(place);
      assert.equal(batch.resultOf(place).toString("hex", at, at + 16), expected);
    });

  it("gives a batch of any values what each gets by itself, and other batches after it too", () => {
    const value = fc.uint8Array({ maxLength: 90 });
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 200 }), { minLength: 1, maxLength: 3 }), (rounds) => {
        const batch = new PrfBatch(AES_256, AES_128);
        for (const values of rounds) {
          const places = values.map((bytes) => batch.add(bytes, bytes.length));
          batch.run();
          values.forEach((bytes, index) => {
            const place = places[index] ?? -1;
            const at = PrfBatch.offsetOf(place);
            const got = batch.resultOf(place).toString("hex", at, at + 16);
            const alone = new PrfBatch(AES_256, AES_128);
            const only = alone.add(bytes, bytes.length);
            alone.run();
            const expected = bytes.length <= 64 ? cmac(AES_256, bytes) : alone.resultOf(only);
            assert.equal(got, expected.toString("hex", 0, 16));
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  it("tells long values apart by their last byte, and from short ones", () => {
    const batch = new PrfBatch(AES_256, AES_128);
    const long = Buffer.alloc(100_000, 7);
    const other = Buffer.from(long);
    other[99_999] = 8;
    const places = [long, other, long.subarray(0, 64), long.subarray(0, 65)].map((b) => batch.add(b, b.length));
    batch.run();
    const outputs = places.map((place) => {
      const at = PrfBatch.offsetOf(place);
      return batch.resultOf(place).toString("hex", at, at + 16);
    });
    assert.equal(new Set(outputs).size, 4);
  });
});
