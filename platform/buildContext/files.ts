import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { Dockerignore } from "./dockerignore";

/** One file or symbolic link of a build context. */
export interface ContextFile {
  /** From the context, with `/` between folders. */
  readonly path: string;
  /** Left out by .dockerignore, and yet read by the builder: only the Dockerfile and .dockerignore themselves. */
  readonly ignored: boolean;
  readonly content:
    | { readonly kind: "file"; readonly absolute: string; readonly executable: boolean; readonly size: number }
    | { readonly kind: "link"; readonly target: string };
}

/** What a builder gets of the folder `root`, sorted by path. Empty folders, sockets and pipes are no part of it. */
export async function listContext(root: string, dockerfile: string): Promise<readonly ContextFile[]> {
  const ignore = Dockerignore.parse(await textOf(join(root, ".dockerignore")));
  const needed = new Set([dockerfile.replace(/^\.\//, ""), ".dockerignore"]);
  const files: ContextFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const ignored = ignore.ignores(path);
      if (entry.isDirectory()) {
        const holdsNeeded = [...needed].some((file) => file.startsWith(`${path}/`));
        if (!ignored || !ignore.final || holdsNeeded) await walk(path);
      } else if (!ignored || needed.has(path)) {
        const content = await contentOf(join(root, path), entry);
        if (content !== undefined) files.push({ path, ignored, content });
      }
    }
  };
  await walk("");
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

async function contentOf(
  absolute: string,
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
): Promise<ContextFile["content"] | undefined> {
  if (entry.isSymbolicLink()) return { kind: "link", target: await readlink(absolute) };
  if (!entry.isFile()) return undefined;
  const { mode, size } = await stat(absolute);
  return { kind: "file", absolute, executable: (mode & 0o100) !== 0, size };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
