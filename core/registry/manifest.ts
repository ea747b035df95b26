import { asArray, asNumber, asObject, asString, path } from "../json";
import { isDigest } from "./image";

/** What a manifest says of other contents. */
export interface ManifestFacts {
  readonly children: readonly string[];
  readonly subject: string | null;
  /** Digest of the configuration of an image; `null` of an index. */
  readonly config: string | null;
  readonly bytes: number;
  /** When it was made, by its own annotation. */
  readonly created: string | null;
}

/** Kinds of manifest that are asked for. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

/** Reads a manifest, or an index of such. @throws Error for anything else: what is not understood is not judged. */
export function readManifest(text: string, where: string): ManifestFacts {
  const manifest = asObject(parsed(text));
  const listed = manifest?.manifests;
  const layers = manifest?.layers;
  const isIndex = Array.isArray(listed);
  if (!manifest || !(isIndex || Array.isArray(layers)))
    throw new Error(`${where} is neither an image manifest nor an index; it is left alone`);
  const digests = (values: unknown) => asArray(values).map((value) => path(value, "digest"));
  const children = digests(listed).filter(isDigest);
  if (isIndex && children.length !== asArray(listed).length)
    throw new Error(`${where} is an index that lists something without a digest`);
  const subject = path(manifest.subject, "digest");
  const config = path(manifest.config, "digest");
  return {
    children,
    subject: isDigest(subject) ? subject : null,
    config: isDigest(config) ? config : null,
    bytes: [...asArray(layers), manifest.config].reduce<number>(
      (sum, part) => sum + (asNumber(path(part, "size")) ?? 0),
      0,
    ),
    created: instant(path(manifest.annotations, "org.opencontainers.image.created")),
  };
}

/** When an image was made, by its configuration; `null` where it does not say, or says a moment that nobody means. */
export const createdOf = (configuration: string): string | null => instant(path(parsed(configuration), "created"));

function instant(value: unknown): string | null {
  const time = Date.parse(asString(value) ?? "");
  // Reproducible builds write the beginning of time.
  return Number.isNaN(time) || time <= 0 ? null : new Date(time).toISOString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
