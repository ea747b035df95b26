import { createHash, type Hash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, writeSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { Decompress, decompress } from "fzstd";
import { release } from "../../core/scrub/release";
import { contentOfFrame, wholeFrames } from "./zstdFrames";

/** Bytes of rows in a frame of their own: what is written must not depend on how they came. */
const PACKED_AT_ONCE = 2 ** 21;
/** For what becomes of a frame, so that it is one buffer; one that was filled to its end would have another behind it. */
const ROOM = PACKED_AT_ONCE + 2 ** 14;
const READ_AT_ONCE = 2 ** 18;
/** Of a frame that is unpacked at once. */
const LARGEST_FRAME = 2 ** 24;
/** More than a frame's header has. */
const HEADER = 32;

/** Older Nodes have no zstd. */
const zstd: Partial<Pick<typeof zlib, "zstdCompressSync" | "zstdDecompressSync" | "createZstdDecompress">> = zlib;

/** How the rows of a part are stored; the name of its file says it, which the manifest signs. */
export type Packing = "stored" | "gzip" | "zstd";
const ENDINGS: Readonly<Record<Packing, string>> = { stored: "", gzip: ".gz", zstd: ".zst" };

/** @param level 0 stores bytes as they are. Above, zstd where this Node has it, which takes a third of gzip's time. */
export const packingOf = (level: number): Packing =>
  level === 0 ? "stored" : zstd.zstdCompressSync === undefined ? "gzip" : "zstd";

/** `003.0001.copy.zst`: tables by their place in the plan, for names of tables may be anything. */
export const partFile = (tableIndex: number, number: number, packing: Packing): string =>
  `${String(tableIndex + 1).padStart(3, "0")}.${String(number).padStart(4, "0")}.copy${ENDINGS[packing]}`;

const packingOfFile = (file: string): Packing =>
  file.endsWith(ENDINGS.gzip) ? "gzip" : file.endsWith(ENDINGS.zstd) ? "zstd" : "stored";

/**
 * Writes a part's file, which must not be there yet. A thread that masks has nothing else to do: it packs and writes in its
 * own time, without a stream between, whose buffers would be collected by the hundred. The same rows come out the same, in
 * whatever chunks they come.
 */
export class PartWriter {
  /** As stored. */
  #bytes = 0;
  #file: number | undefined;
  readonly #hash = createHash("sha256");
  /** Rows of the frame that is being filled. */
  readonly #rows: Buffer;
  #filled = 0;

  /** @param level of the packing. */
  constructor(
    file: string,
    private readonly packing: Packing,
    private readonly level: number,
  ) {
    this.#file = openSync(file, "wx", 0o600);
    this.#rows = Buffer.allocUnsafeSlow(packing === "stored" ? 0 : PACKED_AT_ONCE);
  }

  /** @param rows may change afterwards. */
  write(rows: Buffer): void {
    if (this.#file === undefined) throw new RangeError("the file is closed");
    if (this.packing === "stored") {
      this.put(rows);
      return;
    }
    for (let from = 0; from < rows.length;) {
      const count = rows.copy(this.#rows, this.#filled, from);
      from += count;
      this.#filled += count;
      if (this.#filled === PACKED_AT_ONCE) this.pack();
    }
  }

  /** After the last row. @returns the file's bytes, and their SHA-256 in hex */
  end(): { readonly bytes: number; readonly sha256: string } {
    // An empty file would be no archive.
    if (this.packing !== "stored" && (this.#filled > 0 || this.#bytes === 0)) this.pack();
    this.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** Also of one that has ended. */
  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    release(this.#rows);
  }

  private pack(): void {
    const rows = this.#rows.subarray(0, this.#filled);
    this.#filled = 0;
    const packed = this.packed(rows);
    this.put(packed);
    release(packed);
  }

  private packed(rows: Buffer): Buffer {
    const { level } = this;
    if (this.packing === "gzip") return zlib.gzipSync(rows, { level, chunkSize: ROOM });
    if (zstd.zstdCompressSync === undefined) throw new RangeError("this Node has no zstd");
    return zstd.zstdCompressSync(rows, {
      params: { [zlib.constants.ZSTD_c_compressionLevel]: level },
      chunkSize: ROOM,
    });
  }

  private put(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    if (this.#file === undefined) throw new RangeError("the file is closed");
    for (let from = 0; from < bytes.length;) from += writeSync(this.#file, bytes, from);
  }
}

/**
 * Reads a part's file back. Each chunk holds until the next one is asked for.
 * @param hash is given the bytes as they are stored. @param own read by Node's own zstd where it has one. @default true
 */
export async function* unpacked(file: string, hash: Hash, own = true): AsyncGenerator<Buffer> {
  const packing = packingOfFile(file);
  if (packing === "stored") yield* stored(file, hash);
  else if (packing === "gzip") yield* streamed(file, hash, zlib.createGunzip({ chunkSize: READ_AT_ONCE }));
  // Snapshots of before have one frame for all of a part, which may be more than memory should hold.
  else if (isOneAtOnce(beginningOf(file))) yield* framed(file, hash, own);
  else yield* streamed(file, hash, unpackZstd(own));
}

/** One buffer for all of a file. */
function* stored(file: string, hash: Hash): Generator<Buffer> {
  const from = openSync(file, "r");
  const buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE);
  try {
    for (;;) {
      const count = readSync(from, buffer);
      if (count === 0) return;
      const chunk = buffer.subarray(0, count);
      hash.update(chunk);
      yield chunk;
    }
  } finally {
    closeSync(from);
    release(buffer);
  }
}

const isOneAtOnce = (frame: Buffer): boolean => (contentOfFrame(frame) ?? Infinity) <= LARGEST_FRAME;

function beginningOf(file: string): Buffer {
  const from = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(HEADER);
    return buffer.subarray(0, readSync(from, buffer));
  } finally {
    closeSync(from);
  }
}

function* framed(file: string, hash: Hash, own: boolean): Generator<Buffer> {
  for (const frame of wholeFrames(stored(file, hash))) {
    if (!isOneAtOnce(frame)) throw new Error("zstd: a frame is too large");
    const unpack = own ? zstd.zstdDecompressSync : undefined;
    const rows = unpack === undefined ? Buffer.from(decompress(frame)) : unpack(frame, { chunkSize: ROOM });
    yield rows;
    release(rows);
  }
}

async function* streamed(file: string, hash: Hash, unpacker: Transform): AsyncGenerator<Buffer> {
  const hashing = new Transform({
    highWaterMark: READ_AT_ONCE,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const done = pipeline(createReadStream(file, { highWaterMark: READ_AT_ONCE }), hashing, unpacker);
  // Told by the stream that is read below, and here once more.
  done.catch(() => undefined);
  for await (const chunk of unpacker) yield chunk as Buffer;
  await done;
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
