import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Folder of a `file://` backend, without its settings; `undefined` for any other backend. */
export function stateFolder(backend: string, root: string): string | undefined {
  const [, given] = /^file:\/\/([^?]*)/.exec(backend) ?? [];
  return given === undefined ? undefined : path.resolve(root, given.replace(/^~(?=\/|$)/, os.homedir()));
}

/**
 * Removes attribute files (`<file>.attrs`) that an engine had begun to write when it was killed. It writes state files
 * as a whole or not at all, but the attributes beside them in place, and then reads neither: "failed to load checkpoint:
 * EOF". They hold a content type and a checksum, which the engine can do without; backends with `?metadata=skip` have
 * none.
 * @returns the files that were removed.
 */
export function removeBrokenAttributes(backend: string, root: string): readonly string[] {
  const folder = stateFolder(backend, root);
  if (folder === undefined) return [];
  const broken = ["stacks", "locks"]
    .map((name) => path.join(folder, ".pulumi", name))
    .filter((below) => existsSync(below))
    .flatMap((below) => readdirSync(below, { recursive: true, encoding: "utf8" }).map((name) => path.join(below, name)))
    .filter((file) => file.endsWith(".attrs") && !isJson(file));
  for (const file of broken) rmSync(file, { force: true });
  return broken;
}

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    // Also when it is gone: then nothing is left to remove.
    return !existsSync(file);
  }
}
