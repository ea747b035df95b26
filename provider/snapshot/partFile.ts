import { type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { Decompress } from "fzstd";

/** Bytes that a packer is given at a time: what it writes must not depend on how they came. */
const PACKED_AT_ONCE = 2 ** 18;
const READ_AT_ONCE = 2 ** 18;

/** Older Nodes have no zstd. */
const zstd: Partial<Pick<typeof zlib, "createZstdCompress" | "createZstdDecompress">> = zlib;

/** How the rows of a part are stored; the name of its file says it, which the manifest signs. */
export type Packing = "stored" | "gzip" | "zstd";
const ENDINGS: Readonly<Record<Packing, string>> = { stored: "", gzip: ".gz", zstd: ".zst" };

/** @param level 0 stores bytes as they are. Above, zstd where this Node has it, which takes a third of gzip's time. */
export const packingOf = (level: number): Packing =>
  level === 0 ? "stored" : zstd.createZstdCompress === undefined ? "gzip" : "zstd";

/** `003.0001.copy.zst`: tables by their place in the plan, for names of tables may be anything. */
export const partFile = (tableIndex: number, number: number, packing: Packing): string =>
  `${String(tableIndex + 1).padStart(3, "0")}.${String(number).padStart(4, "0")}.copy${ENDINGS[packing]}`;

const packingOfFile = (file: string): Packing =>
  file.endsWith(ENDINGS.gzip) ? "gzip" : file.endsWith(ENDINGS.zstd) ? "zstd" : "stored";

/** What stands between rows and a part's file. The same rows come out the same, in whatever chunks they come. */
export function packers(packing: Packing, level: number): readonly Transform[] {
  if (packing === "stored") return [];
  if (packing === "gzip") return [new EvenChunks(), zlib.createGzip({ level, chunkSize: 2 ** 16 })];
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
  const zipped = zstd.createZstdCompress?.({ params, chunkSize: 2 ** 17 });
  if (zipped === undefined) throw new RangeError("this Node has no zstd");
  return [new EvenChunks(), zipped];
}

/**
 * Reads a part's file back. Each chunk holds until the next one is asked for.
 * @param hash is given the bytes as they are stored. @param own read by Node's own zstd where it has one. @default true
 */
export async function* unpacked(file: string, hash: Hash, own = true): AsyncGenerator<Buffer> {
  const packing = packingOfFile(file);
  if (packing === "stored") {
    yield* stored(file, hash);
    return;
  }
  const from = createReadStream(file, { highWaterMark: READ_AT_ONCE });
  const hashing = new Transform({
    highWaterMark: READ_AT_ONCE,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const unpacker = packing === "gzip" ? zlib.createGunzip({ chunkSize: READ_AT_ONCE }) : unpackZstd(own);
  const done = pipeline(from, hashing, unpacker);
  // Told by the stream that is read below, and here once more.
  done.catch(() => undefined);
  for await (const chunk of unpacker) yield chunk as Buffer;
  await done;
}

/** One buffer for all of a file. */
async function* stored(file: string, hash: Hash): AsyncGenerator<Buffer> {
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

function unpackZstd(own: boolean): Transform {
  const unpacker = own ? zstd.createZstdDecompress?.({ chunkSize: READ_AT_ONCE }) : undefined;
  return unpacker ?? new PlainZstd();
}

/** zstd for a Node without it; a snapshot may have been taken by a newer one. */
class PlainZstd extends Transform {
  private readonly reader = new Decompress((chunk) => {
    if (chunk.length > 0) this.push(Buffer.from(chunk));
  });

  override _transform(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.feed(chunk, false, done);
  }

  override _flush(done: (error?: Error | null) => void): void {
    this.feed(Buffer.alloc(0), true, done);
  }

  private feed(chunk: Buffer, isLast: boolean, done: (error?: Error | null) => void): void {
    try {
      this.reader.push(chunk, isLast);
    } catch (error) {
      done(error instanceof Error ? error : new Error("not zstd"));
      return;
    }
    done();
  }
}

/** Passes bytes on in chunks of one size, the last one shorter. */
class EvenChunks extends Transform {
  private chunk = Buffer.allocUnsafeSlow(PACKED_AT_ONCE);
  private filled = 0;

  constructor() {
    super({ highWaterMark: PACKED_AT_ONCE });
  }

  override _transform(bytes: Buffer, _encoding: string, done: () => void): void {
    for (let from = 0; from < bytes.length;) {
      const count = bytes.copy(this.chunk, this.filled, from);
      from += count;
      this.filled += count;
      if (this.filled < PACKED_AT_ONCE) break;
      this.push(this.chunk);
      this.chunk = Buffer.allocUnsafeSlow(PACKED_AT_ONCE);
      this.filled = 0;
    }
    done();
  }

  override _flush(done: () => void): void {
    if (this.filled > 0) this.push(this.chunk.subarray(0, this.filled));
    done();
  }
}
