import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { digestOf } from "./digest";

/** What one signature or attestation is stored as: a layer of the artifact beside the image. */
export interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const MEDIA_TYPE = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  /** A signed statement about which image a signature is for. */
  signature: "application/vnd.dev.cosign.simplesigning.v1+json",
  /** A DSSE envelope. */
  attestation: "application/vnd.dsse.envelope.v1+json",
} as const;

/** On a layer: the signature of its bytes, base64. Empty for an attestation, which has its own inside. */
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";
/** On a layer: the key that says to have signed. Only words a message better: nothing is decided by it. */
export const KEY_ANNOTATION = "hms.delivery/key";
/** On the layer of an attestation, as other readers look for it. */
export const PREDICATE_ANNOTATION = "predicateType";

const manifestSchema = z.object({
  layers: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string(),
      size: z.number(),
      annotations: z.record(z.string(), z.string()).exactOptional(),
    }),
  ),
});

/** The artifact with these layers: its manifest, and the configuration that the manifest names. */
export function artifactOf(entries: readonly Entry[]): { readonly manifest: Buffer; readonly config: Buffer } {
  const config = Buffer.from(
    canonicalJson({
      architecture: "",
      os: "",
      created: "0001-01-01T00:00:00Z",
      config: {},
      history: entries.map(() => ({ created: "0001-01-01T00:00:00Z" })),
      rootfs: { type: "layers", diff_ids: entries.map(({ digest }) => digest) },
    }),
  );
  const manifest = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: { mediaType: MEDIA_TYPE.config, digest: digestOf(config), size: config.length },
      layers: entries,
    }),
  );
  return { manifest, config };
}

/** The layers that a manifest names; `undefined` for what is none. */
export function entriesOf(manifest: Uint8Array): readonly Entry[] | undefined {
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(manifest).toString("utf8"))).layers;
  } catch {
    return undefined;
  }
}
