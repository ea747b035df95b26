import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
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

  it("are all that a socket reads, but little pieces", async () => {
    const server = createServer((socket) => socket.end(Buffer.alloc(2 ** 21, "x")));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const left: number[] = [];
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("data", (read) => {
      const { length } = read;
      // Rows without their headers: less than was read.
      release(read.subarray(0, length - 5));
      if (length >= 4096 && read.length > 0) left.push(length);
    });
    await once(socket, "close");
    server.close();
    if (CAN) assert.deepEqual(left, []);
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
