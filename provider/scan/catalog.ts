import { createReadStream } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, type Extract } from "tar-stream";
import { distinct, type Component } from "../../core/scan/component";
import { readDpkgStatus, readOsRelease } from "../../core/scan/packages/debian";
import { isElf, readGoBinary } from "../../core/scan/packages/go";
import { isInstalledPackage, readPackageJson, readPackageLock } from "../../core/scan/packages/node";
import { isDistribution, readDistribution } from "../../core/scan/packages/python";

/** A file of an archive, as it comes by. */
type Source = Extract extends AsyncIterable<infer One> ? One : never;
type Entry = Source & AsyncIterable<Buffer>;

/** What an image is made of. */
export interface Catalog {
  readonly components: readonly Component[];
  /** Packages that are there and cannot be listed: a bill of materials without them would be a lie. */
  readonly problems: readonly string[];
}

const LARGEST_TEXT = 64 * 2 ** 20;
const LARGEST_BINARY = 1024 * 2 ** 20;
const OS_RELEASE = ["etc/os-release", "usr/lib/os-release"];
const DPKG = /^var\/lib\/dpkg\/(?:status$|status\.d\/)/;
/** Databases of packages that nothing here reads. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^lib\/apk\/db\/installed$/, "apk"],
  [/^(?:var\/lib|usr\/lib\/sysimage)\/rpm\/(?:Packages|Packages\.db|rpmdb\.sqlite)$/, "rpm"],
];

interface Noted {
  readonly text?: string;
  readonly components: readonly Component[];
  readonly problems: readonly string[];
}

/** What the files of the layers, one upon the other, say is in the image. */
export async function catalogOf(layers: readonly string[], signal: AbortSignal): Promise<Catalog> {
  const files = new Map<string, Noted>();
  for (const layer of layers) {
    const fresh = new Map<string, Noted>();
    const tar = extract();
    const read = pipeline(createReadStream(layer), tar, { signal });
    read.catch(() => undefined); // told by the loop below
    for await (const entry of tar) {
      const file = path.posix.normalize(entry.header.name).replace(/^(?:\.?\/)+/, "");
      hide(files, file);
      const noted = entry.header.type === "file" ? await note(file, entry as Entry) : undefined;
      entry.resume();
      if (noted !== undefined) fresh.set(file, noted);
      else if (entry.header.type !== "directory") files.delete(file);
    }
    await read;
    for (const [file, noted] of fresh) files.set(file, noted);
  }
  return assemble(files);
}

/** A layer says of what lies below it that it is gone: `.wh.NAME` one thing, `.wh..wh..opq` all of a folder. */
function hide(files: Map<string, Noted>, marker: string): void {
  const base = path.posix.basename(marker);
  if (!base.startsWith(".wh.")) return;
  const folder = path.posix.dirname(marker);
  const gone = base === ".wh..wh..opq" ? folder : path.posix.join(folder, base.slice(4));
  for (const file of files.keys()) if (file === gone || file.startsWith(`${gone}/`)) files.delete(file);
}

async function note(file: string, entry: Entry): Promise<Noted | undefined> {
  const foreign = FOREIGN.find(([pattern]) => pattern.test(file));
  if (foreign !== undefined)
    return { components: [], problems: [`the image has packages of ${foreign[1]} (${file}), which cannot be listed`] };
  if (OS_RELEASE.includes(file) || DPKG.test(file)) return { ...NOTHING, text: await textOf(entry) };
  if (isInstalledPackage(file)) return only(readPackageJson(await textOf(entry), file));
  if (path.posix.basename(file) === "package-lock.json" && !file.includes("node_modules/"))
    return { ...NOTHING, components: readPackageLock(await textOf(entry), file) };
  if (isDistribution(file)) return only(readDistribution(await textOf(entry), file));
  return entry.header.size < 4096 ? undefined : binary(file, entry);
}

const NOTHING: Noted = { components: [], problems: [] };
const only = (component: Component | undefined): Noted =>
  component === undefined ? NOTHING : { ...NOTHING, components: [component] };

async function textOf(entry: Entry): Promise<string> {
  const size = entry.header.size;
  if (size > LARGEST_TEXT)
    throw new Error(`${entry.header.name} of the image has ${size} bytes; ${LARGEST_TEXT} is the most`);
  return (await buffer(entry)).toString("utf8");
}

/** Only what begins as a program is kept in memory. */
async function binary(file: string, entry: Entry): Promise<Noted | undefined> {
  const chunks: Buffer[] = [];
  let kept: boolean | undefined;
  for await (const chunk of entry) {
    kept ??= isElf(chunk) && entry.header.size <= LARGEST_BINARY;
    if (kept) chunks.push(chunk);
  }
  if (kept !== true) return undefined;
  const read = readGoBinary(Buffer.concat(chunks), file);
  if (read === "unreadable")
    return { ...NOTHING, problems: [`${file} is a Go program of before Go 1.18, whose modules cannot be listed`] };
  return read === undefined ? undefined : { ...NOTHING, components: read };
}

function assemble(files: ReadonlyMap<string, Noted>): Catalog {
  const said = OS_RELEASE.map((file) => files.get(file)?.text).find((text) => text !== undefined);
  const distribution = said === undefined ? undefined : readOsRelease(said);
  const components: Component[] = [];
  const problems: string[] = [];
  let orphans = 0;
  for (const [file, noted] of files) {
    components.push(...noted.components);
    problems.push(...noted.problems);
    if (noted.text === undefined || !DPKG.test(file)) continue;
    const found = readDpkgStatus(noted.text, file, distribution ?? { id: "debian", version: "unknown" });
    if (distribution === undefined) orphans += found.length;
    else components.push(...found);
  }
  if (orphans > 0)
    problems.push(`the image has ${orphans} packages of dpkg, and no os-release says of which distribution they are`);
  return { components: distinct(components), problems };
}
