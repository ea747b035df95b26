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

  it("are given back also where they are as long as Node's pool, which a socket's reads are", () => {
    for (const length of [4096, Buffer.poolSize - 1, Buffer.poolSize]) {
      const read = Buffer.allocUnsafeSlow(length);
      release(read.subarray(0, length - 5));
      assert.equal(read.length, CAN ? 0 : length, String(length));
    }
  });

  it("stay where others may have the same memory", () => {
    const [one, other] = [Buffer.from("one"), Buffer.from("other")];
    assert.equal(one.buffer, other.buffer, "the pool");
    release(one);
    assert.equal(other.toString(), "other");
    const longest = Buffer.allocUnsafe((Buffer.poolSize >>> 1) - 1).fill("x");
    assert.equal(longest.buffer.byteLength, Buffer.poolSize, "of the pool");
    release(longest);
    assert.equal(longest.at(-1), 120);
    const shared = Buffer.from(new SharedArrayBuffer(2 * Buffer.poolSize));
    release(shared);
    assert.equal(shared.length, 2 * Buffer.poolSize);
  });
});
