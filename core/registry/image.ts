/** What lies in one repository under one digest. */
export interface StoredImage {
  /** `127.0.0.1:5001/drought-benefit`: the registry, and where in it. */
  readonly repository: string;
  /** `sha256:…` of its manifest. */
  readonly digest: string;
  readonly tags: readonly string[];
  /**
   * When it was pushed, where the registry remembers that; else when it was made. ISO 8601; `null` where nobody knows.
   */
  readonly at: string | null;
  /** Digests of the manifests that it lists; empty but for an index. */
  readonly children: readonly string[];
  /** Digest of what it is about, of a signature, an attestation or an SBOM; `null` for what stands for itself. */
  readonly subject: string | null;
  /** Bytes of its layers; what it shares with others counts with each. */
  readonly bytes: number;
}

/** A digest that somebody needs, and who. */
export interface Use {
  readonly digest: string;
  /** `live on blue of hms-prod/web`; for people. */
  readonly why: string;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: unknown): text is string => typeof text === "string" && DIGEST.test(text);

/**
 * The digest that a tag is about, by its name: `sha256-<hex>` with `.sig`, `.att` or `.sbom` beside images that cosign
 * signed, and bare where a registry has no referrers of its own. `undefined` for a release's own tag.
 */
export function subjectOfTag(tag: string): string | undefined {
  const [, hex] = /^sha256-([0-9a-f]{64})(?:\.[a-z]+)?$/.exec(tag) ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

/** Index of the signatures of an image, as clients keep it in registries that have no referrers of their own. */
export const isReferrersTag = (tag: string): boolean => /^sha256-[0-9a-f]{64}$/.test(tag);
