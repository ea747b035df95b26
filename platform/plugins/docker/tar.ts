import { createReadStream } from "node:fs";
import type { ContextFile } from "../../buildContext/files";

export interface TarFile {
  readonly path: string;
  readonly content: ContextFile["content"];
}

const BLOCK = 512;

/** The files as a tar archive. The same files give the same bytes: no owner, no times, folders as needed. */
export async function* tarOf(files: readonly TarFile[]): AsyncGenerator<Buffer> {
  const folders = new Set<string>();
  for (const { path, content } of files) {
    for (const folder of parentsOf(path)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      yield header({ path: `${folder}/`, type: "5", mode: 0o755, size: 0 });
    }
    if (content.kind === "link") yield header({ path, type: "2", mode: 0o777, size: 0, target: content.target });
    else {
      yield header({ path, type: "0", mode: content.executable ? 0o755 : 0o644, size: content.size });
      yield* contentOf(path, content.absolute, content.size);
    }
  }
  yield Buffer.alloc(2 * BLOCK);
}

async function* contentOf(path: string, absolute: string, size: number): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of createReadStream(absolute)) {
    if (!Buffer.isBuffer(chunk)) continue;
    sent += chunk.length;
    yield chunk;
  }
  if (sent !== size) throw new Error(`${path} changed while it was being read; try again`);
  if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
}

interface Entry {
  readonly path: string;
  /** As the format writes it: file, link, folder, or what belongs to the next entry. */
  readonly type: "0" | "2" | "5" | "x";
  readonly mode: number;
  readonly size: number;
  readonly target?: string;
}

const NAME_BYTES = 100;
const LARGEST_SIZE = 8 ** 11 - 1;

function header(entry: Entry): Buffer {
  const records = [
    ...(fits(entry.path) ? [] : [record("path", entry.path)]),
    ...(entry.target === undefined || fits(entry.target) ? [] : [record("linkpath", entry.target)]),
    ...(entry.size <= LARGEST_SIZE ? [] : [record("size", String(entry.size))]),
  ];
  const own = plainHeader(entry);
  if (records.length === 0) return own;
  const text = Buffer.from(records.join(""));
  const padding = Buffer.alloc((BLOCK - (text.length % BLOCK)) % BLOCK);
  return Buffer.concat([
    plainHeader({ path: "extended", type: "x", mode: 0o644, size: text.length }),
    text,
    padding,
    own,
  ]);
}

const fits = (text: string): boolean => Buffer.byteLength(text) <= NAME_BYTES && /^[\x20-\x7e]*$/.test(text);

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function plainHeader({ path, type, mode, size, target = "" }: Entry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  block.write(path, 0, NAME_BYTES);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(Math.min(size, LARGEST_SIZE), 11), 124);
  block.write(octal(0, 11), 136);
  block.write(" ".repeat(8), 148);
  block.write(type, 156);
  block.write(target, 157, NAME_BYTES);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
