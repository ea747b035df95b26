import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { TrustedKeys } from "../../core/ledger/seal";
import { withoutValues } from "../../core/scrub/errors";
import { verifyManifest, type ManifestVerdict, type SnapshotPart } from "../../core/scrub/manifest";
import { manifestFile, readManifestText } from "./store";

/**
 * Whether a snapshot may be used: its manifest, and each of its files by digest.
 * @param options.mostHours of the source's moment. @default 36
 */
export async function verifySnapshot(
  folder: string,
  keys: TrustedKeys,
  options: { readonly now: Date; readonly mostHours?: number; readonly signal: AbortSignal },
): Promise<ManifestVerdict> {
  let text: string;
  try {
    text = await readManifestText(folder);
  } catch (error) {
    throw withoutValues(error, "manifest-invalid", { file: path.basename(folder) });
  }
  const { signal, ...limits } = options;
  return verifyManifest(text, { keys, ...limits, parts: await filesOf(folder, signal) });
}

/** All that lies there beside the manifest. */
async function filesOf(folder: string, signal: AbortSignal): Promise<readonly SnapshotPart[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const parts: SnapshotPart[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const file = entry.name;
    if (file === path.basename(manifestFile(folder))) continue;
    // What is no file has no bytes of its own; no manifest names it.
    parts.push({ file, ...(entry.isFile() ? await digestOf(path.join(folder, file), signal) : NOTHING) });
  }
  return parts;
}

const NOTHING = { bytes: 0, sha256: createHash("sha256").digest("hex") };

async function digestOf(file: string, signal: AbortSignal): Promise<Omit<SnapshotPart, "file">> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(
    createReadStream(file, { highWaterMark: 2 ** 20 }),
    async (chunks) => {
      for await (const chunk of chunks) {
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
      }
    },
    { signal },
  );
  return { bytes, sha256: hash.digest("hex") };
}
