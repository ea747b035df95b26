const BLOCK = 512;
const MTIME = { at: 136, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
/** Links, devices and folders have no content, whatever their header says. */
const WITHOUT_CONTENT = /[1-6]/;
const TIMES = new Set(["mtime", "atime", "ctime"]);

/**
 * A layer's archive with the time 0 for everything in it, and otherwise byte for byte as it came: names, owners, rights and
 * extended attributes stay.
 * @throws Error for what is no archive, or one that ends too early
 */
export async function* withoutTimes(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let content = 0;
  /** Where an extended header says it. */
  let longSize: number | undefined;
  for await (const chunk of source) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length > 0) {
      if (content > 0) {
        const taken = Math.min(content, held.length);
        yield held.subarray(0, taken);
        held = held.subarray(taken);
        content -= taken;
        continue;
      }
      if (held.length < BLOCK) break;
      const header = held.subarray(0, BLOCK);
      if (header.every((byte) => byte === 0)) {
        yield header;
        held = held.subarray(BLOCK);
        continue;
      }
      if (header.toString("latin1", 257, 262) !== "ustar") throw new Error("a layer is no tar archive");
      const type = String.fromCharCode(header[156] ?? 0);
      const size = longSize ?? sizeOf(header);
      if (type === "x") {
        if (held.length < BLOCK + padded(size)) break;
        const records = recordsOf(held.subarray(BLOCK, BLOCK + size));
        const said = records.find(([key]) => key === "size")?.[1].toString("utf8");
        longSize = said === undefined ? undefined : Number(said);
        yield extended(header, records);
        held = held.subarray(BLOCK + padded(size));
        continue;
      }
      longSize = undefined;
      yield timeless(header);
      held = held.subarray(BLOCK);
      content = WITHOUT_CONTENT.test(type) ? 0 : padded(size);
    }
  }
  if (held.length > 0 || content > 0) throw new Error("a layer's archive ends too early");
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  // Sizes beyond eight gigabytes are binary, which the first bit says.
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(field.toString("latin1").replace(/\0.*$/s, "").trim() || "0", 8);
}

/** The same bytes where there is no time in it. */
function timeless(header: Buffer): Buffer {
  const time = header.toString("latin1", MTIME.at, MTIME.at + MTIME.length);
  return /^[0 \0]*$/.test(time) ? header : withChecksum(written(header, MTIME.at, "0".repeat(11) + "\0"));
}

function written(header: Buffer, at: number, text: string): Buffer {
  const copy = Buffer.from(header);
  copy.write(text, at, "latin1");
  return copy;
}

function withChecksum(header: Buffer): Buffer {
  const blank = written(header, CHECKSUM.at, " ".repeat(CHECKSUM.length));
  const sum = blank.reduce((total, byte) => total + byte, 0);
  return written(blank, CHECKSUM.at, `${sum.toString(8).padStart(6, "0")}\0 `);
}

type Record = readonly [key: string, value: Buffer, whole: Buffer];

/** `<length> <key>=<value>\n`, where the length counts itself; values may be any bytes. */
function recordsOf(data: Buffer): readonly Record[] {
  const records: Record[] = [];
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(" ", at);
    const length = Number(data.toString("latin1", at, space));
    const equals = data.indexOf("=", space);
    if (space < 0 || equals < 0 || !Number.isInteger(length) || length <= 0 || at + length > data.length)
      throw new Error("a layer's archive has an extended header that cannot be read");
    const key = data.toString("utf8", space + 1, equals);
    records.push([key, data.subarray(equals + 1, at + length - 1), data.subarray(at, at + length)]);
    at += length;
  }
  return records;
}

/** The header without its records of times; nothing where it has no others. */
function extended(header: Buffer, records: readonly Record[]): Buffer {
  const kept = records.filter(([key]) => !TIMES.has(key));
  if (kept.length === 0) return Buffer.alloc(0);
  const data = Buffer.concat(kept.map(([, , whole]) => whole));
  const padding = Buffer.alloc(padded(data.length) - data.length);
  const size = `${data.length.toString(8).padStart(11, "0")}\0`;
  const own = kept.length === records.length ? header : withChecksum(written(header, 124, size));
  return Buffer.concat([timeless(own), data, padding]);
}
