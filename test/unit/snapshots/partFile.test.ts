import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { packingOf, partFile, PartWriter, type Packing, unpacked } from "../../../provider/snapshot/partFile";

/** Rows of some megabytes, which do not pack to nothing. */
const ROWS = Buffer.from(Array.from({ length: 360_000 }, (_, row) => `${row}\t${(row * 7919) % 104_729}\n`).join(""));
/** `zstd`'s own work: twenty times "rows of a part\n". */
const ZSTD = Buffer.from("KLUv/WAsALUAAHhyb3dzIG9mIGEgcGFydAoBABqizjo=", "base64");
const HAS_ZSTD = "createZstdCompress" in zlib;

describe("the file of a part", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-part-"));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  let count = 0;
  function written(packing: Packing, size: number, rows = ROWS): string {
    const file = path.join(folder, partFile(count++, size, packing));
    const writer = new PartWriter(file, packing, packing === "stored" ? 0 : 1);
    const again = Buffer.alloc(size);
    for (let at = 0; at < rows.length; at += size) {
      // A writer's caller uses its buffer again.
      writer.write(again.subarray(0, rows.copy(again, 0, at, at + size)));
    }
    const { bytes, sha256 } = writer.end();
    const stored = readFileSync(file);
    assert.deepEqual(
      { bytes, sha256 },
      { bytes: stored.length, sha256: createHash("sha256").update(stored).digest("hex") },
    );
    return file;
  }
  async function read(file: string, own = true): Promise<Buffer> {
    const hash = createHash("sha256");
    const all: Buffer[] = [];
    for await (const chunk of unpacked(file, hash, own)) all.push(Buffer.from(chunk));
    assert.equal(hash.digest("hex"), createHash("sha256").update(readFileSync(file)).digest("hex"));
    return Buffer.concat(all);
  }

  for (const packing of ["stored", "gzip", "zstd"] as const)
    it(`holds the rows, and the same bytes in whatever chunks they came: ${packing}`, async function () {
      if (packing === "zstd" && !HAS_ZSTD) this.skip();
      const files = [];
      for (const size of [1000, 65_536, 300_001, ROWS.length]) files.push(written(packing, size));
      const [first = "", ...others] = files;
      assert.deepEqual(await read(first), ROWS);
      for (const other of others) assert.ok(readFileSync(other).equals(readFileSync(first)), other);
    });

  it("takes no rows once it is closed", () => {
    const writer = new PartWriter(path.join(folder, "closed.copy.gz"), "gzip", 1);
    writer.write(ROWS);
    writer.close();
    assert.throws(() => {
      writer.write(ROWS);
    }, RangeError);
    writer.close();
  });

  it("is packed by the best that this Node has, and says in its name by what", () => {
    assert.equal(packingOf(0), "stored");
    assert.equal(packingOf(1), HAS_ZSTD ? "zstd" : "gzip");
    assert.deepEqual(
      (["stored", "gzip", "zstd"] as const).map((packing) => partFile(1, 12, packing)),
      ["002.0012.copy", "002.0012.copy.gz", "002.0012.copy.zst"],
    );
  });

  it("is read by a Node without zstd too", async function () {
    const small = path.join(folder, "small.copy.zst");
    writeFileSync(small, ZSTD);
    for (const own of [true, false]) assert.equal((await read(small, own)).toString(), "rows of a part\n".repeat(20));
    if (HAS_ZSTD) assert.deepEqual(await read(written("zstd", 50_000), false), ROWS);
  });

  it("is read as snapshots of before have it: one frame that does not say how long it is", async function () {
    const stream = "createZstdCompress" in zlib ? zlib.createZstdCompress() : this.skip();
    const old = path.join(folder, "old.copy.zst");
    await pipeline(Readable.from([ROWS.subarray(0, 1000), ROWS.subarray(1000)]), stream, createWriteStream(old));
    for (const own of [true, false]) assert.deepEqual(await read(old, own), ROWS);
  });

  it("without rows is an archive too", async () => {
    for (const packing of ["stored", "gzip", packingOf(1)] as const)
      assert.equal((await read(written(packing, 1, Buffer.alloc(0)))).length, 0);
  });

  for (const packing of ["gzip", "zstd"] as const)
    it(`is an error when it was cut off or is something else: ${packing}`, async function () {
      const file = path.join(folder, partFile(9, 9, packing));
      writeFileSync(file, "no such thing, but long enough");
      for (const own of [true, false]) await assert.rejects(read(file, own));
      if (packing === "zstd" && !HAS_ZSTD) this.skip();
      const whole = readFileSync(written(packing, 9999));
      writeFileSync(file, whole.subarray(0, whole.length >>> 1));
      for (const own of [true, false]) await assert.rejects(read(file, own));
    });
});
