import zlib from "node:zlib";
import { wholeFrames } from "../../provider/snapshot/zstdFrames";

const zstd: Partial<Pick<typeof zlib, "zstdCompressSync" | "zstdDecompressSync">> = zlib;
const { Z_SYNC_FLUSH, ZSTD_e_flush } = zlib.constants;

/** Whether a snapshot's file is packed, by its name. */
export const isPacked = (file: string): boolean => /\.(gz|zst)$/.test(file);

/** What is in a file of a snapshot, also of one that was cut off. */
export function unpackFile(file: string, bytes: Buffer): Buffer {
  if (file.endsWith(".gz")) return zlib.gunzipSync(bytes, { finishFlush: Z_SYNC_FLUSH });
  if (!file.endsWith(".zst")) return bytes;
  const unpack = zstd.zstdDecompressSync;
  if (unpack === undefined) throw new Error(`${file} was written by a newer Node`);
  const rows: Buffer[] = [];
  let whole = 0;
  try {
    for (const frame of wholeFrames([bytes])) {
      rows.push(unpack(frame));
      whole += frame.length;
    }
  } catch {
    rows.push(unpack(bytes.subarray(whole), { finishFlush: ZSTD_e_flush }));
  }
  return Buffer.concat(rows);
}

/** The same the other way round. */
export function packFile(file: string, content: Buffer): Buffer {
  if (file.endsWith(".gz")) return zlib.gzipSync(content);
  return file.endsWith(".zst") ? (zstd.zstdCompressSync?.(content) ?? content) : content;
}
