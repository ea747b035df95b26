import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SourceState } from "./tag";

const run = promisify(execFile);

/** State of `folder` in its repository; undefined without one, without a commit, or without git. */
export async function readSourceState(folder: string): Promise<SourceState | undefined> {
  try {
    const commit = await git(folder, "rev-parse", "--verify", "HEAD");
    const changes = await git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".");
    return { commit, changed: changes !== "" };
  } catch {
    return undefined;
  }
}

/** Without optional locks, so that a preview beside somebody's `git commit` disturbs nothing. */
async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", ["--no-optional-locks", "-C", folder, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
