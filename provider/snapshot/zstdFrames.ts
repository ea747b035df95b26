import { release } from "../../core/scrub/release";

/** Little-endian, as are all numbers of RFC 8878. */
const MAGIC = 0xfd2fb528;
const MAGIC_BYTES = 4;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;
/** Kinds of blocks. */
const REPEATED = 1;
const RESERVED = 3;
/** By two bits of the descriptor: bytes of a dictionary's number, and of the size of the content. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_BYTES = [0, 2, 4, 8];
/** What is added to a content's size of two bytes. */
const SHORT_CONTENT = 256;

interface Header {
  /** Where blocks begin. */
  readonly end: number;
  readonly hasChecksum: boolean;
  /** Bytes of the content; `undefined` where the frame does not say. */
  readonly content: number | undefined;
}

/**
 * How many bytes are in the frame that begins here, as it says itself. `undefined`: it does not say, or this is the
 * beginning of none.
 */
export const contentOfFrame = (bytes: Buffer): number | undefined => headerOf(bytes)?.content;

/**
 * Cuts a file of zstd into its frames (RFC 8878, 3.1.1), which Node's own reader does not do: it takes the first one for a
 * whole. Each holds until the next one is asked for. @throws Error for what is not zstd, or was cut off
 */
export function* wholeFrames(chunks: Iterable<Buffer>): Generator<Buffer> {
  let waiting = Buffer.alloc(0);
  let filled = 0;
  for (const chunk of chunks) {
    if (filled + chunk.length > waiting.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (filled + chunk.length));
      waiting.copy(larger, 0, 0, filled);
      release(waiting);
      waiting = larger;
    }
    filled += chunk.copy(waiting, filled);
    const bytes = waiting.subarray(0, filled);
    let from = 0;
    for (let end = endOf(bytes, from); end > 0; end = endOf(bytes, from)) {
      yield bytes.subarray(from, end);
      from = end;
    }
    bytes.copyWithin(0, from);
    filled -= from;
  }
  release(waiting);
  if (filled > 0) throw new Error("zstd: the last frame is cut off");
}

/** Where the frame ends that begins at `from`; 0 if not all of it is there. */
function endOf(bytes: Buffer, from: number): number {
  if (bytes.length >= from + MAGIC_BYTES && bytes.readUInt32LE(from) !== MAGIC) throw new Error("zstd: no frame");
  const header = headerOf(bytes.subarray(from));
  if (header === undefined) return 0;
  let at = from + header.end;
  for (;;) {
    if (at + BLOCK_HEADER > bytes.length) return 0;
    const block = bytes.readUIntLE(at, BLOCK_HEADER);
    const kind = (block >>> 1) & 3;
    if (kind === RESERVED) throw new Error("zstd: no block");
    at += BLOCK_HEADER + (kind === REPEATED ? 1 : block >>> 3);
    if ((block & 1) === 0) continue;
    at += header.hasChecksum ? CHECKSUM : 0;
    return at <= bytes.length ? at : 0;
  }
}

function headerOf(bytes: Buffer): Header | undefined {
  const descriptor = bytes[MAGIC_BYTES];
  if (descriptor === undefined || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const isOneSegment = (descriptor & 0x20) !== 0;
  const sizeKind = descriptor >>> 6;
  const size = sizeKind === 0 && isOneSegment ? 1 : (CONTENT_BYTES[sizeKind] ?? 0);
  const at = MAGIC_BYTES + 1 + (isOneSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0);
  if (at + size > bytes.length) return undefined;
  const hasChecksum = (descriptor & 4) !== 0;
  return { end: at + size, hasChecksum, content: contentAt(bytes, at, size) };
}

function contentAt(bytes: Buffer, at: number, size: number): number | undefined {
  switch (size) {
    case 0:
      return undefined;
    case 2:
      return bytes.readUInt16LE(at) + SHORT_CONTENT;
    case 8:
      return Number(bytes.readBigUInt64LE(at));
    default:
      return bytes.readUIntLE(at, size);
  }
}
