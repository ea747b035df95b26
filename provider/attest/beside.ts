import { artifactOf, entriesOf, MEDIA_TYPE, type Entry } from "../../core/attest/artifact";
import { digestOf } from "../../core/attest/digest";
import type { NamedImage } from "./image";

/** A layer that lies beside an image, with its bytes; without them when the registry lacks them or gives others. */
export interface Found {
  readonly entry: Entry;
  readonly bytes?: Buffer;
}

/** Layers of a kind under a tag beside an image, oldest first; `undefined` when there is no such tag. */
export async function readBeside(
  { registry, path }: NamedImage,
  tag: string,
  mediaType: string,
  signal?: AbortSignal,
): Promise<readonly Found[] | undefined> {
  const stored = await registry.manifest(path, tag, signal);
  if (stored === undefined) return undefined;
  const entries = (entriesOf(stored.bytes) ?? []).filter((entry) => entry.mediaType === mediaType);
  return Promise.all(
    entries.map(async (entry) => {
      const bytes = await registry.blob(path, entry.digest, signal);
      return { entry, ...(bytes === undefined ? {} : { bytes }) };
    }),
  );
}

/** A registry knows no "only if unchanged": what another wrote meanwhile is added to once more. */
const ATTEMPTS = 4;

/**
 * Adds a layer under a tag beside an image, to those that are there; what is there already is not added again. Two that
 * add at the very same moment may still lose one of both, so who needs a signature verifies it afterwards.
 * @throws RefusedError where the registry lets no tag be moved.
 */
export async function addBeside(
  { registry, path }: NamedImage,
  tag: string,
  { bytes, mediaType, annotations }: { bytes: Buffer; mediaType: string; annotations: Record<string, string> },
  signal?: AbortSignal,
): Promise<void> {
  const entry: Entry = { mediaType, digest: digestOf(bytes), size: bytes.length, annotations };
  await registry.putBlob(path, bytes, signal);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = await registry.manifest(path, tag, signal);
    const standing = stored === undefined ? [] : (entriesOf(stored.bytes) ?? []);
    if (standing.some((one) => sameEntry(one, entry))) return;
    const { manifest, config } = artifactOf([...standing, entry]);
    await registry.putBlob(path, config, signal);
    await registry.putManifest(path, tag, { mediaType: MEDIA_TYPE.manifest, bytes: manifest }, signal);
  }
  const stored = await registry.manifest(path, tag, signal);
  if (stored !== undefined && entriesOf(stored.bytes)?.some((one) => sameEntry(one, entry)) === true) return;
  throw new Error(`${path}:${tag}: others write the same tag; try again when they are done`);
}

/** The signature of a layer is in its annotations: the same bytes may be there with another's. */
const sameEntry = (left: Entry, right: Entry): boolean =>
  left.digest === right.digest &&
  JSON.stringify(Object.entries(left.annotations ?? {}).sort()) ===
    JSON.stringify(Object.entries(right.annotations ?? {}).sort());
