import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { z } from "zod";
import type { Plant } from "../../core/scan/imageReport";
import type { SavedImage } from "./savedImage";

/** An image on this disk with one more layer upon it, in which is what a scanner has to find. */
export interface PlantedImage {
  /** As `docker save` writes it. */
  readonly archive: string;
  /** Of the image's own layers, the lowest first: `sha256:…` of what is in them. */
  readonly layers: readonly string[];
  readonly plant: Plant;
}

/** Known to every database of npm since 2022, by all of its names. */
const WEAK = { name: "minimist", version: "1.2.5", ids: ["CVE-2021-44906"] } as const;

const configSchema = z.looseObject({
  rootfs: z.looseObject({ diff_ids: z.array(z.string().min(1)) }),
  history: z.array(z.looseObject({})).default([]),
});

/**
 * Writes the image with a planted weakness and a planted secret as one archive, for scanners that take whole images. The folder
 * and the secret are others each time, so that nothing in an image can pass for them.
 */
export async function plantedImage(image: SavedImage, folder: string, signal: AbortSignal): Promise<PlantedImage> {
  const place = `planted-${randomBytes(16).toString("hex")}`;
  const layer = await layerOf(place);
  const config = configSchema.parse(JSON.parse(await readFile(path.join(image.folder, "config.json"), "utf8")));
  const layers = config.rootfs.diff_ids;
  const more = JSON.stringify({
    ...config,
    rootfs: { ...config.rootfs, diff_ids: [...layers, `sha256:${hexOf(layer)}`] },
    history: [...config.history, { created_by: "planted for the scan" }],
  });
  const [name, archive] = [`${hexOf(more)}.json`, path.join(folder, "planted.tar")];
  const tar = pack();
  const written = pipeline(tar, createWriteStream(archive), { signal });
  written.catch(() => undefined); // told below
  for (const file of image.layers) await addFile(tar, path.basename(file), file);
  tar.entry({ name: "planted-layer.tar" }, layer);
  tar.entry({ name }, more);
  const Layers = [...image.layers.map((file) => path.basename(file)), "planted-layer.tar"];
  tar.entry({ name: "manifest.json" }, JSON.stringify([{ Config: name, RepoTags: ["hms/planted:scan"], Layers }]));
  tar.finalize();
  await written;
  return { archive, layers, plant: { folder: place, ids: WEAK.ids } };
}

async function layerOf(place: string): Promise<Buffer> {
  const token = `ghp_${randomBytes(36)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "x")
    .slice(0, 36)}`;
  const tar = pack();
  const module = `${place}/node_modules/${WEAK.name}`;
  for (const parent of [place, `${place}/node_modules`, module])
    tar.entry({ name: `${parent}/`, type: "directory", mode: 0o755, mtime: new Date(0) });
  const { name, version } = WEAK;
  tar.entry({ name: `${module}/package.json`, mtime: new Date(0) }, JSON.stringify({ name, version, license: "MIT" }));
  tar.entry({ name: `${place}/settings.toml`, mtime: new Date(0) }, `token = "${token}"\n`);
  tar.finalize();
  return buffer(tar);
}

async function addFile(tar: Pack, name: string, file: string): Promise<void> {
  const { size } = await stat(file);
  await pipeline(createReadStream(file), tar.entry({ name, size }));
}

const hexOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
