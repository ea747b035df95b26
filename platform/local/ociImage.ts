import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { promisify } from "node:util";

/** An image that is nothing but some files: no base, no shell, no package manager. */
export interface ScratchImage {
  /** Repository in the registry, without host and tag. */
  readonly repository: string;
  readonly tag: string;
  /** Executable by its path inside the image. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly entrypoint: readonly string[];
  /** User and group that the process runs as, unless the pod says otherwise. */
  readonly user?: string;
}

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image as a registry stores it. */
export interface BuiltImage {
  readonly blobs: readonly Blob[];
  readonly manifest: Buffer;
  readonly digest: string;
}

const BLOCK = 512;
const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

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

/** Builds the image in memory. Its digest depends on nothing but its contents. */
export async function buildScratchImage(image: ScratchImage, compression: number): Promise<BuiltImage> {
  const tar = tarOf(image.files);
  const layer = await gzip(tar, { level: compression });
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: {
        Entrypoint: image.entrypoint,
        Env: ["PATH=/"],
        WorkingDir: "/",
        ...(image.user === undefined ? {} : { User: image.user }),
      },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "hms" }],
      created: "1970-01-01T00:00:00Z",
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
          size: layer.length,
          digest: digestOf(layer),
        },
      ],
    }),
  );
  return {
    blobs: [
      { digest: digestOf(layer), bytes: layer },
      { digest: digestOf(config), bytes: config },
    ],
    manifest,
    digest: digestOf(manifest),
  };
}

/** The digest under a tag of the registry, or undefined if there is none. */
export async function taggedDigest(registry: string, repository: string, tag: string): Promise<string | undefined> {
  const response = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: MANIFEST_TYPE },
  });
  return response.ok ? (response.headers.get("docker-content-digest") ?? undefined) : undefined;
}

/** Pushes an image to a registry that asks for no login. */
export async function pushImage(registry: string, image: ScratchImage, built: BuiltImage): Promise<void> {
  const base = `http://${registry}/v2/${image.repository}`;
  for (const blob of built.blobs) {
    const there = await fetch(`${base}/blobs/${blob.digest}`, { method: "HEAD" });
    if (there.ok) continue;
    const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    const location = begun.headers.get("location");
    if (!begun.ok || location === null) throw new Error(`registry ${registry} takes no upload: ${begun.status}`);
    const target = new URL(location, base);
    target.searchParams.set("digest", blob.digest);
    const stored = await fetch(target, {
      method: "PUT",
      body: new Uint8Array(blob.bytes),
      headers: { "content-type": "application/octet-stream" },
    });
    if (!stored.ok) throw new Error(`registry ${registry} refused a layer: ${stored.status} ${await stored.text()}`);
  }
  const stored = await fetch(`${base}/manifests/${image.tag}`, {
    method: "PUT",
    body: new Uint8Array(built.manifest),
    headers: { "content-type": MANIFEST_TYPE },
  });
  if (!stored.ok) throw new Error(`registry ${registry} refused a manifest: ${stored.status} ${await stored.text()}`);
}
