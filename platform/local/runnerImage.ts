import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../home";
import { withLock } from "../lock";
import type { Progress } from "../progress";
import { archive, overlay, packageNames, unpackDebianPackages } from "../toolchain/debianFiles";
import { currentBundle, launcher } from "../toolchain/launcher";
import { ensurePinnedNode } from "../toolchain/node";
import type { Layout } from "./layout";
import { imageOf, layerOf, pushImage, storedDigest, tarOf, type ImageRuntime, type Layer } from "./ociImage";

const REPOSITORY = "hms/runner";
const NODE = "/usr/local/bin/node";
const PROGRAM = "/app/runner.cjs";

const RUNTIME: ImageRuntime = {
  // The init hands signals on and takes in orphans, so that a pod ends when it is told to.
  entrypoint: ["/usr/bin/catatonit", "--", NODE, PROGRAM],
  user: "65532:65532",
  env: ["PATH=/usr/local/bin:/usr/bin", "HOME=/home/nonroot", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
};

/** To be raised when the layers are made differently from the same inputs. */
const GENERATION = 1;

/** The registry is on this machine: the time to pack counts, a tenth of the size does not. */
const COMPRESSION = 1;

export interface RunnerImageOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The image of what runs inside the cluster, in the local registry: Debian files, Node.js, our bundle, one layer each.
 * Made anew only when its inputs changed, and then only the layers that did. @returns its reference by digest.
 * @throws RefusedError when packages or the registry are out of reach.
 */
export async function ensureRunnerImage(layout: Layout, options: RunnerImageOptions): Promise<string> {
  const bundle = fs.readFileSync(currentBundle("runner"));
  const parts = { ...nodeInputs(), bundle: hashOf(bundle) };
  const inputs = hashOf(JSON.stringify([RUNTIME, parts]));
  const reference = await madeBefore(layout, inputs);
  if (reference !== undefined) return reference;
  const waiting = (holder: string) => {
    options.progress.line(`… ${holder} is making the runner's image; waiting for it`);
  };
  return withLock(layersLock(layout), waiting, options.signal, async () => {
    const meanwhile = await madeBefore(layout, inputs);
    if (meanwhile !== undefined) return meanwhile;
    const { progress } = options;
    const layers = [...(await nodeLayers(layout, options)), await layerOf(tarOf({ [PROGRAM]: bundle }), COMPRESSION)];
    const image = imageOf(layers, RUNTIME);
    await progress.during("push the runner's image", () =>
      pushImage({ registry: layout.registry, repository: REPOSITORY, tag: inputs.slice(0, 12) }, image, options.signal),
    );
    writeJson(recordFile(layout), { inputs, digest: image.digest });
    return referenceOf(layout, image.digest);
  });
}

/** Where the lists of packages and our own files are. */
const sourcesOf = (): string => path.join(projectRoot(), "images", "hms-runner");

/** What decides the two layers below our bundle. */
export function nodeInputs(): { readonly rootfs: string; readonly node: string } {
  const made = [GENERATION, COMPRESSION, process.arch];
  return {
    rootfs: hashOf(JSON.stringify([made, rootfsInputs(sourcesOf())])),
    node: JSON.stringify([made, launcher().NODE_VERSION]),
  };
}

/** Debian files and Node.js, the lowest first: as they were packed before, or packed now. To be called under a lock. */
export async function nodeLayers(layout: Layout, options: RunnerImageOptions): Promise<readonly Layer[]> {
  const { rootfs, node } = nodeInputs();
  const { progress } = options;
  return [
    await keptLayer(layout, { name: "rootfs", inputs: rootfs }, progress, () =>
      rootfsTar(layout, sourcesOf(), options),
    ),
    await keptLayer(layout, { name: "node", inputs: node }, progress, () => nodeTar(layout, options)),
  ];
}

/** Name of the lock under which layers are packed and kept. */
export const layersLock = (layout: Layout): string => `runner-image:${layout.home}`;

const folderOf = (layout: Layout): string => path.join(layout.data, "images", "runner");
const recordFile = (layout: Layout): string => path.join(folderOf(layout), "image.json");
const referenceOf = (layout: Layout, digest: string): string => `${layout.registry}/${REPOSITORY}@${digest}`;
const hashOf = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** The image of these inputs, if it was made and the registry still has it. */
async function madeBefore(layout: Layout, inputs: string): Promise<string | undefined> {
  const record = readJson(recordFile(layout)) as { inputs: string; digest: string } | undefined;
  if (record?.inputs !== inputs) return undefined;
  const stored = await storedDigest(layout.registry, REPOSITORY, record.digest);
  return stored === record.digest ? referenceOf(layout, stored) : undefined;
}

/** What the lowest layer is made of: which packages, and our own files. */
function rootfsInputs(sources: string) {
  const files = fs
    .readdirSync(path.join(sources, "files"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return [packagesOf(sources), files.map((file) => [path.relative(sources, file), fs.readFileSync(file, "utf8")])];
}

const packagesOf = (sources: string): readonly string[] =>
  packageNames(fs.readFileSync(path.join(sources, "packages"), "utf8"));

async function rootfsTar(layout: Layout, sources: string, { progress, signal }: RunnerImageOptions): Promise<Buffer> {
  const root = path.join(folderOf(layout), "rootfs");
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  fs.chmodSync(root, 0o755);
  try {
    return await progress.during("make the runner's root file system", async (step) => {
      await unpackDebianPackages(packagesOf(sources), root, step, { home: layout.home, progress, signal });
      overlay(path.join(sources, "files"), root);
      return archive(root, signal);
    });
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

async function nodeTar(layout: Layout, { progress, signal }: RunnerImageOptions): Promise<Buffer> {
  const program = await ensurePinnedNode({ home: layout.home, progress, signal });
  const licence = path.join(path.dirname(program), "..", "LICENSE");
  return tarOf({ [NODE]: fs.readFileSync(program), "/usr/share/doc/nodejs/copyright": fs.readFileSync(licence) });
}

interface KeptLayer {
  readonly inputs: string;
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** A layer as it was packed before from the same inputs, else packed now and kept. */
async function keptLayer(
  layout: Layout,
  { name, inputs }: { readonly name: string; readonly inputs: string },
  progress: Progress,
  tar: () => Promise<Buffer>,
): Promise<Layer> {
  const file = path.join(folderOf(layout), `${name}.tar.gz`);
  const record = `${file}.json`;
  const kept = readJson(record) as KeptLayer | undefined;
  const isWhole = kept?.inputs === inputs && fs.statSync(file, { throwIfNoEntry: false })?.size === kept.size;
  if (isWhole) return { ...kept, read: () => fs.readFileSync(file) };
  const contents = await tar();
  const layer = await progress.during(`pack the runner's layer ${name}`, () => layerOf(contents, COMPRESSION));
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
