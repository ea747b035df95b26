import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { exec } from "../exec";
import { withLock } from "../lock";
import { archive } from "../toolchain/debianFiles";
import { launcher } from "../toolchain/launcher";
import { layersLock, type ImageOptions } from "./imageLayers";
import type { Layout } from "./layout";
import { imageOf, layerOf, pushImage, storedDigest } from "./ociImage";
import { nodeInputs, nodeLayers } from "./runnerImage";

/** Node.js on a few Debian packages, as the runner has it: no shell, no package manager. */
const NODE_REPOSITORY = "hms/node";
/** Dependencies of a Node.js service as npm installs them, in a file system of their own; the tag says which. */
const MODULES_REPOSITORY = "hms/modules";

const digestOf = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Makes those of the images that only this platform has, where its registry lacks them. Others are left to the builder.
 * @param folder the build context, whose package-lock.json says what modules are.
 * @throws RefusedError for a tag that nothing here can be made for.
 */
export async function ensureBaseImages(
  layout: Layout,
  images: readonly string[],
  folder: string,
  options: ImageOptions,
): Promise<void> {
  for (const image of images) {
    const [, repository = "", tag = ""] = /^(.*):([^:/@]+)$/.exec(image) ?? [];
    if (repository === `${layout.registry}/${NODE_REPOSITORY}`) await ensureNode(layout, tag, options);
    if (repository === `${layout.registry}/${MODULES_REPOSITORY}`) await ensureModules(layout, tag, folder, options);
  }
}

async function ensureNode(layout: Layout, tag: string, options: ImageOptions): Promise<void> {
  const { NODE_VERSION: version } = launcher();
  if (tag !== version)
    throw new RefusedError(
      `the local platform makes ${NODE_REPOSITORY}:${version}, and a Dockerfile asks for ${tag}; name ${version} there`,
    );
  const record = path.join(layout.data, "images", "node.json");
  const inputs = JSON.stringify(nodeInputs());
  if ((await isThere(layout, NODE_REPOSITORY, tag)) && readText(record) === inputs) return;
  await withLock(
    layersLock(layout),
    () => undefined,
    options.signal,
    async () => {
      const layers = await nodeLayers(layout, options);
      const built = imageOf(layers, {
        entrypoint: ["/usr/local/bin/node"],
        user: "65532:65532",
        env: ["PATH=/usr/local/bin:/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
      });
      await options.progress.during("push the image of Node.js", () =>
        pushImage({ registry: layout.registry, repository: NODE_REPOSITORY, tag }, built, options.signal),
      );
      fs.mkdirSync(path.dirname(record), { recursive: true });
      fs.writeFileSync(record, inputs);
    },
  );
}

/** By npm on this machine, from the lock file alone: a build then needs no network. */
async function ensureModules(
  layout: Layout,
  tag: string,
  folder: string,
  { progress, signal }: ImageOptions,
): Promise<void> {
  const lock = readText(path.join(folder, "package-lock.json"));
  if (lock === undefined)
    throw new RefusedError(`${folder} has no package-lock.json, which says what modules it needs`);
  const wanted = digestOf(lock).slice(0, 12);
  if (tag !== wanted)
    throw new RefusedError(
      `the Dockerfile of ${path.basename(folder)} names ${MODULES_REPOSITORY}:${tag}, and its package-lock.json is ${wanted}; ` +
        `write ${MODULES_REPOSITORY}:${wanted} there`,
    );
  if (await isThere(layout, MODULES_REPOSITORY, tag)) return;
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is installing the same modules; waiting for it`);
  };
  await withLock(`modules:${layout.home}`, waiting, signal, async () => {
    if (await isThere(layout, MODULES_REPOSITORY, tag)) return;
    const root = path.join(layout.data, "images", `modules-${tag}`);
    fs.rmSync(root, { recursive: true, force: true });
    fs.mkdirSync(root, { recursive: true });
    try {
      for (const name of ["package.json", "package-lock.json"])
        fs.copyFileSync(path.join(folder, name), path.join(root, name));
      const options = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
      await progress.during(`npm ci (modules of ${path.basename(folder)})`, () =>
        exec("npm", ["ci", ...options], { cwd: root, signal }),
      );
      for (const name of ["package.json", "package-lock.json"]) fs.rmSync(path.join(root, name));
      await exec("chmod", ["-R", "u=rwX,go=rX", root], { signal });
      const layer = await layerOf(await archive(root, signal), 1);
      await progress.during("push the image of the modules", () =>
        pushImage(
          { registry: layout.registry, repository: MODULES_REPOSITORY, tag },
          imageOf([layer], { entrypoint: [] }),
          signal,
        ),
      );
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  });
}

const isThere = async (layout: Layout, repository: string, tag: string): Promise<boolean> =>
  (await storedDigest(layout.registry, repository, tag)) !== undefined;

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
