import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { asArray, asString, path as at } from "../../core/json";
import type { ScanTarget } from "../../core/scan/verdict";
import { encoded } from "../../platform/plugins/docker/credentials";
import { EngineRefusal } from "../../platform/plugins/docker/engineApi";
import { follow } from "../../platform/plugins/docker/progress";
import { referenceOf } from "../../platform/plugins/docker/reference";
import { savedFiles } from "../../platform/plugins/docker/savedFiles";
import type { Session as DockerSession } from "../../platform/plugins/docker/session";

/** An image on this disk, layer by layer. */
export interface SavedImage {
  readonly target: ScanTarget;
  /** Holds `layer-0.tar`, … and `config.json`, and nothing else. */
  readonly folder: string;
  /** The layers' archives, the lowest first, uncompressed. */
  readonly layers: readonly string[];
}

/** What a saved image holds is read with these bounds: its JSON is a few kilobytes. */
const LARGEST_JSON = 8 * 2 ** 20;

const indexSchema = z.array(z.object({ Config: z.string().min(1), Layers: z.array(z.string().min(1)) })).length(1);

/** The image of that name, fetched by the Docker Engine if it has not got it. @param folder is made; the caller removes it. */
export async function saveImage(
  name: string,
  folder: string,
  docker: DockerSession,
  signal: AbortSignal,
): Promise<SavedImage> {
  const target = await inspect(name, docker, signal);
  const raw = path.join(folder, "saved");
  await mkdir(raw, { recursive: true });
  const fileOf = await savedFiles(
    await docker.engine.call({ method: "GET", path: `/images/${name}/get`, signal }),
    raw,
    name,
  );
  const index: unknown = JSON.parse(await readText(fileOf("manifest.json")));
  const [image] = indexSchema.parse(index);
  const scanned = path.join(folder, "image");
  await mkdir(scanned);
  const layers: string[] = [];
  for (const [number, layer] of (image?.Layers ?? []).entries()) {
    const file = path.join(scanned, `layer-${number}.tar`);
    await plain(fileOf(layer), file, signal);
    layers.push(file);
  }
  await rename(fileOf(image?.Config ?? ""), path.join(scanned, "config.json"));
  await rm(raw, { recursive: true, force: true });
  return { target, folder: scanned, layers };
}

async function inspect(name: string, docker: DockerSession, signal: AbortSignal): Promise<ScanTarget> {
  const ask = () => docker.engine.json({ method: "GET", path: `/images/${name}/json`, signal });
  const found = await ask().catch(async (error: unknown) => {
    if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
    await pull(name, docker, signal);
    return ask();
  });
  const id = asString(at(found, "Id"));
  if (id === undefined) throw new Error(`the Docker Engine gave no id for ${name}`);
  const repository = referenceOf(name).name;
  const digests = asArray(at(found, "RepoDigests")).filter((one) => typeof one === "string");
  return { name, id, digest: digests.find((one) => one.startsWith(`${repository}@`))?.split("@")[1] ?? null };
}

async function pull(name: string, { engine, credentials }: DockerSession, signal: AbortSignal): Promise<void> {
  const { registry, name: repository, tag, digest } = referenceOf(name);
  const stream = await engine.call({
    method: "POST",
    path: "/images/create",
    query: { fromImage: repository, tag: digest ?? tag ?? "latest" },
    headers: { "x-registry-auth": encoded(credentials.forRegistry(registry) ?? {}) },
    signal,
  });
  await follow(stream, { failure: `pull of ${name} failed`, signal, show: () => undefined, hidden: [] });
}

async function readText(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_JSON) throw new Error(`the image's description has ${size} bytes; ${LARGEST_JSON} is the most`);
  } finally {
    await handle.close();
  }
  return readFile(file, "utf8");
}

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** A layer as a plain tar archive: some engines keep it as it was pulled. Two layers may be the same file. */
async function plain(from: string, to: string, signal: AbortSignal): Promise<void> {
  const handle = await open(from);
  const head = Buffer.alloc(4);
  await handle.read(head, 0, 4, 0).finally(() => handle.close());
  if (head.equals(ZSTD))
    throw new Error("a layer is compressed with zstd, which is not read here; build the image with gzip");
  const source = createReadStream(from);
  if (head.subarray(0, 2).equals(GZIP)) await pipeline(source, createGunzip(), createWriteStream(to), { signal });
  else await pipeline(source, createWriteStream(to), { signal });
}
