import { createWriteStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";

/**
 * Unpacks what the Docker Engine saved of an image.
 * @param folder is there already; each file gets a name of ours in it
 * @returns where an entry of the archive is now; links are followed. It throws for an entry that is not there.
 */
export async function savedFiles(
  stream: NodeJS.ReadableStream,
  folder: string,
  image: string,
): Promise<(entry: string) => string> {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const tar = extract();
  const read = pipeline(stream, tar);
  read.catch(() => undefined); // told by the loop below
  for await (const entry of tar) {
    const { name, type, linkname } = entry.header;
    if (type === "symlink" && linkname)
      links.set(name, path.posix.normalize(path.posix.join(path.posix.dirname(name), linkname)));
    if (type !== "file") {
      entry.resume();
      continue;
    }
    const file = path.join(folder, String(files.size));
    files.set(name, file);
    await pipeline(entry, createWriteStream(file));
  }
  await read;
  return (entry) => {
    const file = files.get(entry) ?? files.get(links.get(entry) ?? "");
    if (file === undefined) throw new Error(`the Docker Engine's copy of ${image} lacks ${entry}`);
    return file;
  };
}
