import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { promisify } from "node:util";
import { RefusedError, reasonOf } from "../errors";

/** Content by its digest; read when it is pushed, and not before. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly read: () => Buffer;
}

/** One layer of an image: a gzipped tar archive. */
export interface Layer extends Blob {
  /** Digest of the archive before it was compressed, by which a runtime knows it. */
  readonly diffId: string;
}

/** How a container of the image starts, unless the pod says otherwise. */
export interface ImageRuntime {
  readonly entrypoint: readonly string[];
  /** User and group. */
  readonly user?: string;
  /** @default PATH=/ */
  readonly env?: readonly string[];
  /** Signal that asks its program to end. @default SIGTERM */
  readonly stopSignal?: string;
}

/** An image as a registry stores it. */
export interface BuiltImage {
  readonly blobs: readonly Blob[];
  readonly manifest: Buffer;
  readonly digest: string;
}

const BLOCK = 512;
const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** One entry of a tar archive, without owner and time: the same file always gives the same bytes. */
export function tarEntry(name: string, contents: Buffer | undefined, mode: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`tar name too long: ${name}`);
  const size = contents?.length ?? 0;
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  header.write(contents === undefined ? "5" : "0", 156);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  return Buffer.concat(contents === undefined ? [header] : [header, contents, padding]);
}

/** A tar archive of executables, with the folders above them. */
export function tarOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const folders = new Set<string>();
  for (const name of Object.keys(files)) {
    const parts = name.replace(/^\//, "").split("/").slice(0, -1);
    parts.forEach((_, index) => folders.add(`${parts.slice(0, index + 1).join("/")}/`));
  }
  const entries = [
    ...[...folders].sort().map((folder) => tarEntry(folder, undefined, 0o755)),
    ...Object.entries(files)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, contents]) => tarEntry(name.replace(/^\//, ""), contents, 0o755)),
  ];
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);

/** @param compression 9 for what travels far, 1 for what never leaves the machine. */
export async function layerOf(tar: Buffer, compression: number): Promise<Layer> {
  const bytes = await gzip(tar, { level: compression });
  return { digest: digestOf(bytes), size: bytes.length, diffId: digestOf(tar), read: () => bytes };
}

/** The image of these layers, the lowest first. Its digest depends on nothing but their contents and the runtime. */
export function imageOf(
  layers: readonly Layer[],
  { entrypoint, user, env = ["PATH=/"], stopSignal }: ImageRuntime,
): BuiltImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: {
        Entrypoint: entrypoint,
        Env: env,
        WorkingDir: "/",
        ...(user === undefined ? {} : { User: user }),
        ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "hms" })),
      created: "1970-01-01T00:00:00Z",
    }),
  );
  const configBlob: Blob = { digest: digestOf(config), size: config.length, read: () => config };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: configBlob.size,
        digest: configBlob.digest,
      },
      layers: layers.map(({ size, digest }) => ({
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        size,
        digest,
      })),
    }),
  );
  return { blobs: [...layers, configBlob], manifest, digest: digestOf(manifest) };
}

/** @throws RefusedError when nothing answers there. */
async function ask(registry: string, path: string | URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path instanceof URL ? path : `http://${registry}/v2/${path}`, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    const why = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
    throw new RefusedError(`the registry ${registry} does not answer (${why}); bring it up with: hms local up`);
  }
}

/** The digest under a tag or digest of the registry, or undefined if there is none. */
export async function storedDigest(
  registry: string,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  const response = await ask(registry, `${repository}/manifests/${reference}`, {
    method: "HEAD",
    headers: { accept: MANIFEST_TYPE },
  });
  return response.ok ? (response.headers.get("docker-content-digest") ?? undefined) : undefined;
}

export interface PushTarget {
  readonly registry: string;
  /** Repository in the registry, without host and tag. */
  readonly repository: string;
  readonly tag: string;
}

/** Pushes an image to a registry that asks for no login. What it has already is not sent again. */
export async function pushImage(
  { registry, repository, tag }: PushTarget,
  built: BuiltImage,
  signal?: AbortSignal,
): Promise<void> {
  const cancel = signal === undefined ? {} : { signal };
  for (const blob of built.blobs) {
    const there = await ask(registry, `${repository}/blobs/${blob.digest}`, { method: "HEAD", ...cancel });
    if (there.ok) continue;
    const begun = await ask(registry, `${repository}/blobs/uploads/`, { method: "POST", ...cancel });
    const location = begun.headers.get("location");
    if (!begun.ok || location === null) throw new Error(`registry ${registry} takes no upload: ${begun.status}`);
    const target = new URL(location, `http://${registry}`);
    target.searchParams.set("digest", blob.digest);
    const stored = await ask(registry, target, {
      method: "PUT",
      body: new Uint8Array(blob.read()),
      headers: { "content-type": "application/octet-stream" },
      ...cancel,
    });
    if (!stored.ok) throw new Error(`registry ${registry} refused a layer: ${stored.status} ${await stored.text()}`);
  }
  const stored = await ask(registry, `${repository}/manifests/${tag}`, {
    method: "PUT",
    body: new Uint8Array(built.manifest),
    headers: { "content-type": MANIFEST_TYPE },
    ...cancel,
  });
  if (!stored.ok) throw new Error(`registry ${registry} refused a manifest: ${stored.status} ${await stored.text()}`);
}
