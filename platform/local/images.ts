import * as fs from "node:fs";
import * as path from "node:path";
import { COREDNS_VERSION, DEBIAN_PACKAGES, OPA_VERSION, TRAEFIK_VERSION } from "../toolchain/tools";
import type { Layout } from "./layout";
import { imageOf, layerOf, pushImage, storedDigest, tarOf } from "./ociImage";

/** An image of the platform: one static program of this machine, in a file system of its own. */
interface PlatformImage {
  readonly repository: string;
  readonly tag: string;
  readonly program: (layout: Layout) => string;
  readonly target: string;
  readonly args?: readonly string[];
  /** 9 where the image travels with every release; 1 where it never leaves the machine. */
  readonly compression: number;
}

const NOBODY = "65532:65532";

const IMAGES = {
  pause: {
    repository: "hms/pause",
    tag: "1",
    program: () => catatonit(),
    target: "/catatonit",
    args: ["-P"],
    compression: 1,
  },
  coredns: {
    repository: "hms/coredns",
    tag: COREDNS_VERSION,
    program: ({ bin }: Layout) => path.join(bin, "coredns"),
    target: "/coredns",
    compression: 1,
  },
  traefik: {
    repository: "hms/traefik",
    tag: TRAEFIK_VERSION,
    program: ({ bin }: Layout) => path.join(bin, "traefik"),
    target: "/traefik",
    compression: 1,
  },
  /** The base of a policy's image: a Dockerfile adds the policy to it. */
  opaExecutor: {
    repository: "hms/opa-executor",
    tag: OPA_VERSION,
    program: ({ bin }: Layout) => path.join(bin, "opa"),
    target: "/opa",
    compression: 9,
  },
} satisfies Record<string, PlatformImage>;

export type ImageName = keyof typeof IMAGES;
export const IMAGE_NAMES = Object.keys(IMAGES) as ImageName[];

export function imageReference(layout: Layout, name: ImageName): string {
  return `${layout.registry}/${IMAGES[name].repository}:${IMAGES[name].tag}`;
}

function catatonit(): string {
  const candidates = DEBIAN_PACKAGES.find((pkg) => pkg.name === "catatonit")?.anyOf ?? [];
  const found = candidates.find((file) => fs.existsSync(file));
  if (found === undefined) throw new Error("catatonit is not installed");
  return found;
}

/** Puts an image into the registry unless exactly this one is there. */
export async function ensureImage(layout: Layout, name: ImageName): Promise<"pushed" | "unchanged"> {
  const image: PlatformImage = IMAGES[name];
  const file = image.program(layout);
  const { mtimeMs, size } = fs.statSync(file);
  const inputs = `${file}:${mtimeMs}:${size}:${image.target}:${image.compression}`;
  const record = path.join(layout.data, "images", `${name}.json`);
  const known = readRecord(record);
  if (known?.inputs === inputs) {
    if ((await storedDigest(layout.registry, image.repository, image.tag)) === known.digest) return "unchanged";
  }
  const layer = await layerOf(tarOf({ [image.target]: fs.readFileSync(file) }), image.compression);
  const built = imageOf([layer], { entrypoint: [image.target, ...(image.args ?? [])], user: NOBODY });
  await pushImage({ registry: layout.registry, repository: image.repository, tag: image.tag }, built);
  fs.mkdirSync(path.dirname(record), { recursive: true });
  fs.writeFileSync(record, JSON.stringify({ inputs, digest: built.digest }));
  return "pushed";
}

function readRecord(file: string): { inputs: string; digest: string } | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as { inputs: string; digest: string };
  } catch {
    return undefined;
  }
}
