import { strict as assert } from "node:assert";
import { release } from "../../../core/scrub/release";

const CAN = "transfer" in ArrayBuffer.prototype;

describe("bytes that nobody looks at any more", () => {
  it("are given back at once where the language can, and do no harm where not", () => {
    const large = Buffer.allocUnsafeSlow(2 * Buffer.poolSize).fill("x");
    release(large.subarray(10, 20));
    assert.equal(large.length, CAN ? 0 : 2 * Buffer.poolSize);
    release(large);
  });

  it("stay where others may have the same memory", () => {
    const [one, other] = [Buffer.from("one"), Buffer.from("other")];
    assert.equal(one.buffer, other.buffer, "the pool");
    release(one);
    assert.equal(other.toString(), "other");
    const shared = Buffer.from(new SharedArrayBuffer(2 * Buffer.poolSize));
    release(shared);
    assert.equal(shared.length, 2 * Buffer.poolSize);
  });
});
