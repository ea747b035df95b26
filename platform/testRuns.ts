import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Where runs of this checkout's tests are kept, the newest of each suite. */
const folderOf = (root: string): string => path.join(root, "dist", "test-runs");

/** @param run name of a suite: `unit`, `e2e alone`. */
export const testRunFile = (root: string, run: string): string =>
  path.join(folderOf(root), `${run.replaceAll(" ", "-")}.json`);

/** The texts that are kept, by their files' names. */
export function readTestRunTexts(root: string): readonly string[] {
  const folder = folderOf(root);
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => readFileSync(path.join(folder, name), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
