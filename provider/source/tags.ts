import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TagSeen } from "../../core/source/judge";
import type { Git } from "./git";

/**
 * Tags of a commit, each with who signed it, as git itself verifies it against nothing but the listed keys.
 * @param signers file with SSH's allowed signers, or with OpenPGP keys in armor.
 * @throws Error when the file cannot be read.
 */
export async function tagsOf(git: Git, commit: string, signers: string): Promise<readonly TagSeen[]> {
  const keys = await readFile(signers, "utf8");
  const format = "%(refname)%00%(objecttype)%00%(objectname)";
  const listed = await git.ask("for-each-ref", `--format=${format}`, "--points-at", commit, "refs/tags/");
  const tags = listed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [ref = "", type = "", object = ""] = line.split("\0");
      return { name: ref.replace(/^refs\/tags\//, ""), type, object };
    });
  if (tags.length === 0) return [];
  return withKeys(git, keys, signers, async (verifier) => {
    const seen: TagSeen[] = [];
    for (const tag of tags) seen.push(await verified(verifier, tag));
    return seen;
  });
}

interface Tag {
  readonly name: string;
  readonly type: string;
  readonly object: string;
}

async function verified(git: Git, { name, type, object }: Tag): Promise<TagSeen> {
  if (type !== "tag") return { name, problem: "is not signed" };
  // A signed tag under another name says something that nobody signed.
  const [header = ""] = (await git.ask("cat-file", "tag", object)).split("\n\n");
  const own = /^tag (.*)$/m.exec(header)?.[1];
  if (own !== name) return { name, problem: `is the tag ${own ?? "of no name"} under another name` };
  const { ok, said } = await git.judge("verify-tag", "--raw", object);
  const signer = signerOf(said);
  if (ok && signer !== undefined) return { name, signer };
  return { name, problem: problemOf(said) };
}

/** Who made a good signature, by what ssh-keygen and gpg say of it. */
function signerOf(said: string): string | undefined {
  const ssh = /^Good "git" signature for (.+) with \S+ key (SHA256:\S+)$/m.exec(said);
  if (ssh) return `${ssh[1] ?? ""} (${ssh[2] ?? ""})`;
  const fingerprint = /^\[GNUPG:\] VALIDSIG ([0-9A-F]{40,64}) /m.exec(said)?.[1];
  const name = /^\[GNUPG:\] GOODSIG [0-9A-F]+ (.*)$/m.exec(said)?.[1];
  return fingerprint === undefined || name === undefined ? undefined : `${name} (${fingerprint})`;
}

function problemOf(said: string): string {
  if (/no signature found/i.test(said)) return "is not signed";
  const key =
    /key (SHA256:[\w+/=]+)/.exec(said)?.[1] ?? /^\[GNUPG:\] (?:ERRSIG|NO_PUBKEY|BADSIG) ([0-9A-F]+)/m.exec(said)?.[1];
  if (/^\[GNUPG:\] BADSIG/m.test(said) || /incorrect signature/i.test(said))
    return `was altered after ${key ?? "its key"} signed it`;
  if (/^\[GNUPG:\] (EXPKEYSIG|REVKEYSIG|EXPSIG)/m.test(said)) return "is signed by a key that was not valid then";
  return `is signed by ${key ?? "a key"}, which is not listed`;
}

/** git with those keys and no others. */
async function withKeys<T>(git: Git, keys: string, file: string, use: (git: Git) => Promise<T>): Promise<T> {
  const armored = keys.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----");
  const home = await mkdtemp(path.join(os.tmpdir(), "hms-signers-"));
  try {
    const env = { GNUPGHOME: home, ...configured("gpg.ssh.allowedSignersFile", armored ? "/dev/null" : file) };
    const own = git.with(env);
    if (armored) await own.importKeys(file);
    return await use(own);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** One more setting of git, which outweighs those of every file. */
const configured = (name: string, value: string) => ({
  ...{ GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: name, GIT_CONFIG_VALUE_0: value },
});
