import { entriesOf, MEDIA_TYPE } from "../../core/attest/artifact";
import { namedImage } from "../../provider/attest/image";

/**
 * Puts what lies beside one image beside another, as whoever changes an image would.
 * @param tag under which it lies beside a digest.
 */
export async function copyBeside(from: string, to: string, tag: (digest: string) => string): Promise<void> {
  const [source, target] = [namedImage(from), namedImage(to)];
  const stored = await source.registry.manifest(source.path, tag(source.digest ?? ""));
  if (stored === undefined) throw new Error(`nothing lies beside ${from}`);
  const { config } = JSON.parse(stored.bytes.toString()) as { config: { digest: string } };
  for (const { digest } of [...(entriesOf(stored.bytes) ?? []), config]) {
    const bytes = await source.registry.blob(source.path, digest);
    if (bytes !== undefined) await target.registry.putBlob(target.path, bytes);
  }
  const manifest = { mediaType: MEDIA_TYPE.manifest, bytes: stored.bytes };
  await target.registry.putManifest(target.path, tag(target.digest ?? ""), manifest);
}
