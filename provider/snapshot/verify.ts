import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { TrustedKeys } from "../../core/ledger/seal";
import { withoutValues } from "../../core/scrub/errors";
import { verifyManifest, type ManifestVerdict, type SnapshotPart } from "../../core/scrub/manifest";
import { readManifestText } from "./store";

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

/** The files of rows as they lie there. */
async function filesOf(folder: string, signal: AbortSignal): Promise<readonly SnapshotPart[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".copy.gz")).sort();
  const parts: SnapshotPart[] = [];
  for (const file of names) {
    const hash = createHash("sha256");
    let bytes = 0;
    const stream = createReadStream(path.join(folder, file), { highWaterMark: 2 ** 20 });
    await pipeline(
      stream,
      async (chunks) => {
        for await (const chunk of chunks) {
          hash.update(chunk as Buffer);
          bytes += (chunk as Buffer).length;
        }
      },
      { signal },
    );
    parts.push({ file, bytes, sha256: hash.digest("hex") });
  }
  return parts;
}
