import { readdir, rmdir, stat, unlink } from "node:fs/promises";
import path from "node:path";

/** Bytes of compiled code that are kept: of a dozen checkouts that are in use, test projects included. */
const KEPT = 256 * 2 ** 20;

/** Where Node.js keeps the compiled code of all that it runs here. */
export const compiledFolder = (home: string): string => path.join(home, "cache", "node");

/**
 * Removes what was used longest ago, until what is left has no more than `most` bytes. An entry is named after a digest of
 * its source's path, so that only its last use tells whether checkout and Node.js are still there. Safe at any time: what
 * Node.js does not find it compiles again, and a process that cannot keep something goes on without. Never fails.
 */
export async function trimCompiled(folder: string, most = KEPT): Promise<void> {
  const variants = (await namesIn(folder)).map((name) => path.join(folder, name));
  const files = (await Promise.all(variants.map(filesIn))).flat();
  files.sort((one, other) => other.used - one.used);
  let sum = 0;
  const gone = files.filter(({ size }) => (sum += size) > most);
  await Promise.all(gone.map(({ file }) => unlink(file).catch(() => undefined)));
  // Of a Node.js that is gone, or of flags that nobody gives any more; one that has anything in it stays.
  await Promise.all(variants.map((variant) => rmdir(variant).catch(() => undefined)));
}

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

async function filesIn(variant: string) {
  const found = (await namesIn(variant)).map(async (name) => {
    const file = path.join(variant, name);
    const seen = await stat(file).catch(() => undefined);
    // Where reading leaves no time behind, the time of writing has to do.
    return seen?.isFile() ? [{ file, size: seen.size, used: Math.max(seen.atimeMs, seen.mtimeMs) }] : [];
  });
  return (await Promise.all(found)).flat();
}
