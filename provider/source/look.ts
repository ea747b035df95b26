import { realpath } from "node:fs/promises";
import path from "node:path";
import type { SourceSeen } from "../../core/source/judge";
import type { ApprovedSources } from "../../core/source/rules";
import { listContext } from "../../platform/buildContext/files";
import { reasonOf } from "../../platform/errors";
import { Git } from "./git";
import { tagsOf } from "./tags";

export interface SourceFolder {
  readonly folder: string;
  /** Set for what is built: also a file that git ignores is part of the image then, and has nobody's approval. */
  readonly dockerfile?: string;
}

/** Asks git where a folder comes from. What git cannot say is `unknown`, and thereby not approved. */
export async function seeSource(
  { folder, dockerfile }: SourceFolder,
  rules: ApprovedSources,
  signal?: AbortSignal,
): Promise<SourceSeen> {
  const git = new Git(folder, signal);
  try {
    const commit = (await git.ask("rev-parse", "--verify", "HEAD^{commit}")).trim();
    const [head, changed, branches, tags] = await Promise.all([
      headOf(git),
      changesOf(git, folder, dockerfile),
      branchesOf(git, commit, rules.branches),
      rules.signers === undefined ? [] : tagsOf(git, commit, rules.signers),
    ]);
    return { kind: "commit", commit, head, changed, branches, tags };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: "unknown", why: oneLine(reasonOf(error)) };
  }
}

const oneLine = (text: string): string =>
  (text.split("\n").find((line) => /^(fatal|error):/.test(line)) ?? text.split("\n")[0] ?? "").slice(0, 300);

async function headOf(git: Git): Promise<string> {
  const { ok, said } = await git.judge("symbolic-ref", "--quiet", "--short", "HEAD");
  return ok ? `branch ${said.trim()}` : "no branch";
}

/** Files that are not what the commit says, from the folder. */
async function changesOf(git: Git, folder: string, dockerfile: string | undefined): Promise<readonly string[]> {
  const records = async (...args: readonly string[]) =>
    (await git.ask(...args)).split("\0").filter((record) => record !== "");
  const status = await records("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".");
  // Files that git was told not to look at: `update-index --assume-unchanged` and `--skip-worktree`.
  const flagged = (await records("ls-files", "-v", "-z", "--", ".")).filter((record) => /^([a-z]|S) /.test(record));
  const unlisted = dockerfile === undefined ? [] : await untracked(git, folder, dockerfile);
  const named = [...status.map((record) => record.slice(3)), ...flagged.map((record) => record.slice(2)), ...unlisted];
  return [...new Set(named)].sort();
}

/** Files of a build context that git does not keep. */
async function untracked(git: Git, folder: string, dockerfile: string): Promise<readonly string[]> {
  const kept = new Set((await git.ask("ls-files", "-z", "--", ".")).split("\0"));
  const root = await realpath(folder);
  const files = await listContext(root, dockerfile);
  return files
    .filter(({ path: file, ignored }) => !ignored && !kept.has(file))
    .map(({ path: file }) => path.normalize(file));
}

/**
 * Approved branches that have the commit in their own line: what was merged into one was approved as merged, not each of
 * its steps. Where the repository has a remote, only branches that were fetched from it count: a local one is anybody's.
 */
async function branchesOf(git: Git, commit: string, patterns: readonly string[]): Promise<readonly string[]> {
  if (patterns.length === 0) return [];
  const remotes = (await git.ask("remote")).split("\n").filter((name) => name !== "");
  const places = remotes.length === 0 ? ["refs/heads/"] : remotes.map((remote) => `refs/remotes/${remote}/`);
  const refs = places.flatMap((place) => patterns.map((pattern) => `${place}${pattern}`));
  const named = await git.ask("for-each-ref", "--format=%(refname)", "--contains", commit, ...refs);
  const found: string[] = [];
  for (const ref of named.split("\n").filter((name) => name !== "")) {
    const line = await git.ask("rev-list", "--first-parent", ref);
    if (line.split("\n").includes(commit)) found.push(ref.replace(/^refs\/(heads|remotes)\//, ""));
  }
  return found;
}
