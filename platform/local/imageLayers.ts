import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../home";
import { withLock } from "../lock";
import type { Progress } from "../progress";
import { archive, overlay, packageNames, unpackDebianPackages } from "../toolchain/debianFiles";
import type { Layout } from "./layout";
import { imageOf, layerOf, pushImage, storedDigest, type ImageRuntime, type Layer } from "./ociImage";

/** To be raised when the layers are made differently from the same inputs. */
const GENERATION = 1;

/** The registry is on this machine: the time to pack counts, a tenth of the size does not. */
export const COMPRESSION = 1;

export interface ImageOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** An image of a few layers that are kept, so that only those are packed anew whose inputs changed. */
export interface LayeredImage {
  /** For people: "the runner's image". */
  readonly what: string;
  /** Repository in the local registry. */
  readonly repository: string;
  readonly runtime: ImageRuntime;
  /** What decides the layers. */
  readonly inputs: unknown;
  /** The lowest first. Called under the lock of all layers. */
  readonly layers: () => Promise<readonly Layer[]>;
}

export const hashOf = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** Name of the lock under which layers are packed and kept. */
export const layersLock = (layout: Layout): string => `runner-image:${layout.home}`;

const inputsOf = ({ runtime, inputs }: LayeredImage): string => hashOf(JSON.stringify([runtime, inputs]));
const recordOf = (layout: Layout, { repository }: LayeredImage): string =>
  path.join(layout.data, "images", path.basename(repository), "image.json");
const referenceOf = (layout: Layout, { repository }: LayeredImage, digest: string): string =>
  `${layout.registry}/${repository}@${digest}`;

/** The reference of an image, if it was made of these inputs and the registry still has it. */
export async function madeBefore(layout: Layout, image: LayeredImage): Promise<string | undefined> {
  const known = readJson(recordOf(layout, image)) as { inputs: string; digest: string } | undefined;
  if (known?.inputs !== inputsOf(image)) return undefined;
  const stored = await storedDigest(layout.registry, image.repository, known.digest);
  return stored === known.digest ? referenceOf(layout, image, stored) : undefined;
}

/**
 * Puts an image into the local registry unless the one of these inputs is there. @returns its reference by digest.
 * @throws RefusedError when packages or the registry are out of reach.
 */
export async function ensureLayeredImage(layout: Layout, image: LayeredImage, options: ImageOptions): Promise<string> {
  const { what, repository, runtime } = image;
  const reference = await madeBefore(layout, image);
  if (reference !== undefined) return reference;
  const waiting = (holder: string) => {
    options.progress.line(`… ${holder} is making ${what}; waiting for it`);
  };
  return withLock(layersLock(layout), waiting, options.signal, async () => {
    const meanwhile = await madeBefore(layout, image);
    if (meanwhile !== undefined) return meanwhile;
    const built = imageOf(await image.layers(), runtime);
    const inputs = inputsOf(image);
    await options.progress.during(`push ${what}`, () =>
      pushImage({ registry: layout.registry, repository, tag: inputs.slice(0, 12) }, built, options.signal),
    );
    writeJson(recordOf(layout, image), { inputs, digest: built.digest });
    return referenceOf(layout, image, built.digest);
  });
}

/** Folder with an image's list of Debian packages and our own files. */
const sourcesOf = (image: string): string => path.join(projectRoot(), "images", image);

const packagesOf = (image: string): readonly string[] =>
  packageNames(fs.readFileSync(path.join(sourcesOf(image), "packages"), "utf8"));

/** What decides a layer of `made` things, whatever they are. */
export const madeOf = (made: unknown): unknown => [[GENERATION, COMPRESSION, process.arch], made];

/** What a layer of Debian files is made of: which packages, and our own files. */
export function debianInputs(image: string): string {
  const folder = sourcesOf(image);
  const files = fs
    .readdirSync(path.join(folder, "files"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const own = files.map((file) => [path.relative(folder, file), fs.readFileSync(file, "utf8")]);
  return hashOf(JSON.stringify(madeOf([packagesOf(image), own])));
}

/** The Debian packages and own files of `images/<image>`, as packed before or now. To be called under the lock. */
export function debianLayer(layout: Layout, name: string, image: string, options: ImageOptions): Promise<Layer> {
  const { progress, signal } = options;
  return folderLayer(layout, { name, inputs: debianInputs(image) }, options, (root) =>
    progress.during(`unpack the files of ${image}`, async (step) => {
      await unpackDebianPackages(packagesOf(image), root, step, { home: layout.home, progress, signal });
      overlay(path.join(sourcesOf(image), "files"), root);
    }),
  );
}

/** A layer of what `fill` puts into an empty folder, as packed before or now. To be called under the lock. */
export function folderLayer(
  layout: Layout,
  kept: { readonly name: string; readonly inputs: string },
  { progress, signal }: ImageOptions,
  fill: (root: string) => Promise<void>,
): Promise<Layer> {
  return keptLayer(layout, kept, progress, async () => {
    const root = path.join(layersFolder(layout), kept.name);
    fs.rmSync(root, { recursive: true, force: true });
    fs.mkdirSync(root, { recursive: true });
    fs.chmodSync(root, 0o755);
    try {
      await fill(root);
      return await archive(root, signal);
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  });
}

const layersFolder = (layout: Layout): string => path.join(layout.data, "images", "runner");

interface KeptLayer {
  readonly inputs: string;
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** A layer as it was packed before from the same inputs, else packed now and kept. */
export async function keptLayer(
  layout: Layout,
  { name, inputs }: { readonly name: string; readonly inputs: string },
  progress: Progress,
  tar: () => Promise<Buffer>,
): Promise<Layer> {
  const file = path.join(layersFolder(layout), `${name}.tar.gz`);
  const record = `${file}.json`;
  const kept = readJson(record) as KeptLayer | undefined;
  const isWhole = kept?.inputs === inputs && fs.statSync(file, { throwIfNoEntry: false })?.size === kept.size;
  if (isWhole) return { ...kept, read: () => fs.readFileSync(file) };
  const contents = await tar();
  const layer = await progress.during(`pack the layer ${name}`, () => layerOf(contents, COMPRESSION));
  const { digest, size, diffId } = layer;
  fs.rmSync(record, { force: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, layer.read());
  writeJson(record, { inputs, digest, size, diffId });
  return layer;
}

/** Of files that this program alone writes, so only their absence has to be reckoned with. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Whole or not at all, whenever the process ends. */
function writeJson(file: string, value: object): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, JSON.stringify(value));
  fs.renameSync(`${file}.new`, file);
}
