/** Names for objects that the program does not name. */
import { createHash, randomBytes } from "node:crypto";
import { isProperties, isSecret, isUnknown, type Properties } from "../../rpc";
import { annotationsOf, metadataOf } from "./tokens";

export const AUTONAMED = "pulumi.com/autonamed";
const SUFFIX_BYTES = 4;
/** The longest name that every kind accepts as a label value of its pods. */
const LONGEST = 63;

export function isAutonamed(inputs: Properties): boolean {
  return annotationsOf(inputs)[AUTONAMED] === "true";
}

/**
 * A name the program gives is kept. Otherwise the object keeps the generated name it has, or gets `<resource>-<8 hex>`, and
 * is marked as named by us, so that a replacement may stand beside it. `generateName` sets the prefix.
 */
export function named(
  inputs: Properties,
  olds: Properties,
  resource: string,
  seed: Uint8Array | undefined,
): Properties {
  if (isSecret(inputs.metadata) || isUnknown(inputs.metadata)) return inputs;
  const metadata = isProperties(inputs.metadata) ? inputs.metadata : {};
  if (metadata.name !== undefined) return inputs;
  const { generateName, ...rest } = metadata;
  const kept = isAutonamed(olds) ? metadataOf(olds).name : undefined;
  const prefix = typeof generateName === "string" ? generateName : `${resource}-`;
  const name = kept ?? prefix.slice(0, LONGEST - 2 * SUFFIX_BYTES) + suffix(seed);
  const annotations = isProperties(metadata.annotations) ? metadata.annotations : {};
  return { ...inputs, metadata: { ...rest, name, annotations: { ...annotations, [AUTONAMED]: "true" } } };
}

function suffix(seed: Uint8Array | undefined): string {
  const bytes = seed ? createHash("sha256").update(seed).digest() : randomBytes(SUFFIX_BYTES);
  return bytes.subarray(0, SUFFIX_BYTES).toString("hex");
}

/** Owns the fields of one resource: the same for every attempt to create it, never the same for two stacks. */
export function fieldManagerOf(urn: string): string {
  return `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}
