import { purlOf, type Component } from "../component";

const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
const HEADER = 32;
const INLINE_STRINGS = 2;
/** What stands around the list of modules inside a binary. */
const SENTINEL = 16;

export const isElf = (head: Buffer): boolean => head.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"));

/**
 * The modules that a Go binary says it is made of, and the standard library by Go's version. `undefined`: no Go binary;
 * `unreadable`: one of before Go 1.18, which says it in another way.
 */
export function readGoBinary(binary: Buffer, where: string): readonly Component[] | "unreadable" | undefined {
  const at = headerOf(binary);
  if (at === undefined) return undefined;
  if (((binary[at + 15] ?? 0) & INLINE_STRINGS) === 0) return "unreadable";
  const version = stringAt(binary, at + HEADER);
  if (version === undefined) return "unreadable";
  const modules = stringAt(binary, version.end);
  if (modules === undefined) return "unreadable";
  const text = modules.bytes.subarray(SENTINEL, -SENTINEL).toString("utf8");
  const go = /^go(\d[^\s]*)/.exec(version.bytes.toString("utf8"))?.[1];
  return [...(go === undefined ? [] : [component("stdlib", go, where)]), ...modulesOf(text, where)];
}

/** The linker aligns it to 16 bytes; the same bytes elsewhere are somebody's constant. */
function headerOf(binary: Buffer): number | undefined {
  for (let at = binary.indexOf(MAGIC); at >= 0; at = binary.indexOf(MAGIC, at + 1)) if (at % 16 === 0) return at;
  return undefined;
}

/** A string whose length stands before it as a varint. */
function stringAt(binary: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = binary[at + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      const [start, end] = [at + index + 1, at + index + 1 + length];
      return end > binary.length ? undefined : { bytes: binary.subarray(start, end), end };
    }
  }
  return undefined;
}

/** Lines `mod` and `dep` with path and version; a `=>` after one says what was built in its place. */
function modulesOf(text: string, where: string): Component[] {
  const found: { path: string; version: string }[] = [];
  for (const line of text.split("\n")) {
    const [kind, path = "", version = ""] = line.split("\t");
    if (kind === "mod" || kind === "dep") found.push({ path, version });
    else if (kind === "=>") found.splice(-1, 1, { path, version });
  }
  return found
    .filter(({ path, version }) => path !== "" && /^v\d/.test(version))
    .map(({ path, version }) => component(path, version, where));
}

function component(name: string, version: string, where: string): Component {
  const cut = name.lastIndexOf("/");
  const [namespace, last] = cut < 0 ? [undefined, name] : [name.slice(0, cut), name.slice(cut + 1)];
  // OSV's versions of Go are without the v.
  const bare = version.replace(/^v/, "");
  return { ecosystem: "Go", name, version: bare, purl: purlOf("golang", namespace, last, version), where };
}
