import * as fs from "node:fs";
import * as path from "node:path";
import { currentBundle, launcher } from "../toolchain/launcher";
import { ensurePinnedNode } from "../toolchain/node";
import {
  COMPRESSION,
  debianInputs,
  debianLayer,
  ensureLayeredImage,
  hashOf,
  keptLayer,
  madeBefore,
  madeOf,
  type ImageOptions,
  type LayeredImage,
} from "./imageLayers";
import type { Layout } from "./layout";
import { layerOf, tarOf, type ImageRuntime, type Layer } from "./ociImage";

const ROOTFS = "hms-runner";
const NODE = "/usr/local/bin/node";
const PROGRAM = "/app/runner.cjs";
/** What it starts in threads of its own. */
const THREADS = ["snapshot-worker"];

/** How a pod of it starts. */
export const RUNNER_RUNTIME: ImageRuntime = {
  // The init hands signals on and takes in orphans, so that a pod ends when it is told to.
  entrypoint: ["/usr/bin/catatonit", "--", NODE, PROGRAM],
  user: "65532:65532",
  env: ["PATH=/usr/local/bin:/usr/bin", "HOME=/home/nonroot", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
};

/**
 * The image of what runs inside the cluster, in the local registry: Debian files, Node.js, our bundle, one layer each.
 * Made anew only when its inputs changed, and then only the layers that did. @returns its reference by digest.
 * @throws RefusedError when packages or the registry are out of reach.
 */
export const ensureRunnerImage = (layout: Layout, options: ImageOptions): Promise<string> =>
  ensureLayeredImage(layout, described(layout, options), options);

/** The same if it is there already; nothing is made. */
export const standingRunnerImage = (layout: Layout, options: ImageOptions): Promise<string | undefined> =>
  madeBefore(layout, described(layout, options));

function described(layout: Layout, options: ImageOptions): LayeredImage {
  const program = runnerProgram();
  return {
    what: "the runner's image",
    repository: "hms/runner",
    runtime: RUNNER_RUNTIME,
    inputs: { ...nodeInputs(), ...program.inputs },
    layers: async () => [...(await nodeLayers(layout, options)), await program.layer()],
  };
}

/** Our own program, the highest layer of an image of the runner, and what decides it. */
export function runnerProgram() {
  const files: Record<string, Buffer> = { [PROGRAM]: fs.readFileSync(currentBundle("runner")) };
  for (const name of THREADS) files[`/app/${name}.cjs`] = fs.readFileSync(currentBundle(name));
  return {
    inputs: Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, hashOf(bytes)])),
    layer: (): Promise<Layer> => layerOf(tarOf(files), COMPRESSION),
  };
}

/** What decides the two layers below our bundle. */
export function nodeInputs(): { readonly rootfs: string; readonly node: string } {
  return { rootfs: debianInputs(ROOTFS), node: JSON.stringify(madeOf(launcher().NODE_VERSION)) };
}

/** The lowest layer of all images that run programs of Debian's. To be called under the lock. */
export const rootfsLayer = (layout: Layout, options: ImageOptions): Promise<Layer> =>
  debianLayer(layout, "rootfs", ROOTFS, options);

/** Debian files and Node.js, the lowest first: as they were packed before, or packed now. To be called under the lock. */
export async function nodeLayers(layout: Layout, options: ImageOptions): Promise<readonly Layer[]> {
  const { node } = nodeInputs();
  return [
    await rootfsLayer(layout, options),
    await keptLayer(layout, { name: "node", inputs: node }, options.progress, () => nodeTar(layout, options)),
  ];
}

async function nodeTar(layout: Layout, { progress, signal }: ImageOptions): Promise<Buffer> {
  const program = await ensurePinnedNode({ home: layout.home, progress, signal });
  const licence = path.join(path.dirname(program), "..", "LICENSE");
  return tarOf({ [NODE]: fs.readFileSync(program), "/usr/share/doc/nodejs/copyright": fs.readFileSync(licence) });
}
