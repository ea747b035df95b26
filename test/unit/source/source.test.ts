import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { judgeSource, type SourceVerdict } from "../../../core/source/judge";
import { approvalText, type ApprovedSources } from "../../../core/source/rules";
import { seeSource, type SourceFolder } from "../../../provider/source/look";

/** A real repository with real keys, of one test. */
class Repository {
  readonly home = mkdtempSync(path.join(os.tmpdir(), "hms-source-"));
  readonly folder = path.join(this.home, "work");
  readonly signers = path.join(this.home, "signers");
  private readonly env = {
    ...{ PATH: process.env.PATH, HOME: this.home, GIT_CONFIG_NOSYSTEM: "1" },
    ...{ GIT_AUTHOR_NAME: "ann", GIT_AUTHOR_EMAIL: "ann@usda.gov", GIT_COMMITTER_NAME: "ann" },
    GIT_COMMITTER_EMAIL: "ann@usda.gov",
  };

  constructor() {
    mkdirSync(this.folder);
    this.git("init", "--quiet", "--initial-branch", "main");
    this.commit("one");
    writeFileSync(this.signers, "");
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", args, { cwd: this.folder, env: this.env, encoding: "utf8", stdio: "pipe" }).trim();
  }

  write(file: string, text: string): void {
    mkdirSync(path.dirname(path.join(this.folder, file)), { recursive: true });
    writeFileSync(path.join(this.folder, file), text);
  }

  commit(text: string): string {
    this.write("policy/data.json", text);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", text);
    return this.git("rev-parse", "HEAD");
  }

  /** A key pair of somebody. @returns the private key's file, and the line of its public half. */
  key(name: string): { readonly file: string; readonly open: string } {
    const file = path.join(this.home, name);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
    const [type = "", key = ""] = execFileSync("cat", [`${file}.pub`], { encoding: "utf8" }).split(" ");
    return { file, open: `${name}@usda.gov namespaces="git" ${type} ${key}\n` };
  }

  signTag(tag: string, key: string): void {
    this.git("-c", "gpg.format=ssh", "-c", `user.signingKey=${key}`, "tag", "--sign", "--message", tag, tag);
  }

  async judge(rules: Partial<ApprovedSources>, folder: Partial<SourceFolder> = {}): Promise<SourceVerdict> {
    const whole = { branches: [], ...rules };
    return judgeSource("web", await seeSource({ folder: this.folder, ...folder }, whole), whole);
  }

  async why(rules: Partial<ApprovedSources>, folder: Partial<SourceFolder> = {}): Promise<string> {
    const verdict = await this.judge(rules, folder);
    assert.ok(!verdict.ok, "it was approved");
    return verdict.why;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

const BRANCHES = { branches: ["approved/*"] };

describe("an approved source", function () {
  let repository: Repository;
  beforeEach(() => (repository = new Repository()));
  afterEach(() => {
    repository.remove();
  });

  it("is a commit of an approved branch, whatever is checked out", async () => {
    const commit = repository.git("rev-parse", "HEAD");
    assert.equal(
      await repository.why(BRANCHES),
      `web: commit ${commit} (branch main; no tag; signer: nobody who is listed) is not approved; allowed is a commit of approved/*; have it merged there`,
    );
    repository.git("branch", "approved/main");
    const expected = { ok: true, approval: { commit, ref: "branch approved/main", signer: null } };
    assert.deepEqual(await repository.judge(BRANCHES), expected);
    repository.git("checkout", "--quiet", "--detach");
    assert.deepEqual(await repository.judge(BRANCHES), expected);
    repository.commit("two");
    assert.match(await repository.why(BRANCHES), /\(no branch; no tag;/);
    assert.match(
      approvalText(expected.approval),
      new RegExp(`^source approved: commit ${commit} on branch approved/main, `),
    );
  });

  it("is what was merged into the branch, not the steps of what was merged", async () => {
    repository.git("checkout", "--quiet", "-b", "approved/main");
    repository.git("checkout", "--quiet", "-b", "feature");
    const step = repository.commit("half done");
    repository.commit("done");
    repository.git("checkout", "--quiet", "approved/main");
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature");
    assert.equal((await repository.judge(BRANCHES)).ok, true);
    repository.git("checkout", "--quiet", step);
    assert.match(await repository.why(BRANCHES), /is not approved/);
  });

  it("is, with a remote, a branch that was fetched from there: a local one is anybody's", async () => {
    const server = path.join(repository.home, "server");
    repository.git("clone", "--quiet", "--bare", repository.folder, server);
    repository.git("remote", "add", "origin", server);
    repository.git("branch", "approved/mine");
    assert.match(await repository.why(BRANCHES), /is not approved/);
    repository.git("push", "--quiet", "origin", "HEAD:approved/main");
    const verdict = await repository.judge(BRANCHES);
    assert.ok(verdict.ok);
    assert.equal(verdict.approval.ref, "branch origin/approved/main");
  });

  it("is all that the commit says and nothing else", async () => {
    repository.git("branch", "approved/main");
    repository.write("policy/data.json", "changed");
    assert.match(
      await repository.why(BRANCHES),
      /^web: policy\/data\.json differs from commit [0-9a-f]{40} \(branch main\)/,
    );
    repository.git("update-index", "--assume-unchanged", "policy/data.json");
    assert.match(await repository.why(BRANCHES), /policy\/data\.json differs/, "hidden from git's own status");
    repository.git("update-index", "--no-assume-unchanged", "policy/data.json");
    repository.git("update-index", "--skip-worktree", "policy/data.json");
    assert.match(await repository.why(BRANCHES), /policy\/data\.json differs/);
    repository.git("update-index", "--no-skip-worktree", "policy/data.json");
    repository.git("checkout", "--quiet", "policy/data.json");
    repository.write("policy/new.rego", "");
    assert.match(await repository.why(BRANCHES), /policy\/new\.rego differs/);
    repository.write(".git/info/exclude", "new.rego");
    assert.equal((await repository.judge(BRANCHES)).ok, true, "what git ignores is no part of a program");
    const built = { folder: path.join(repository.folder, "policy"), dockerfile: "Dockerfile" };
    assert.match(await repository.why(BRANCHES, built), /^web: new\.rego differs/, "but of an image it is");
    repository.write("policy/.dockerignore", "new.rego\n.dockerignore\n");
    assert.equal((await repository.judge(BRANCHES, built)).ok, false, ".dockerignore itself is not committed");
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "ignore");
    repository.git("branch", "--force", "approved/main");
    assert.equal((await repository.judge(BRANCHES, built)).ok, true);
  });

  it("is not what git cannot say anything of", async () => {
    const bare = mkdtempSync(path.join(os.tmpdir(), "hms-source-"));
    try {
      assert.match(
        await repository.why(BRANCHES, { folder: bare }),
        /^web: git cannot say .*not a git repository.*; deploy from a clone/,
      );
    } finally {
      rmSync(bare, { recursive: true });
    }
  });

  describe("by a signed tag", () => {
    const rules = () => ({ signers: repository.signers });
    const fingerprint = (file: string) =>
      execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" }).split(" ")[1] ?? "";

    it("is one whose key is listed, and the ledger is told whose", async () => {
      const ann = repository.key("ann");
      writeFileSync(repository.signers, ann.open);
      repository.signTag("v1", ann.file);
      const verdict = await repository.judge({ ...rules(), ...BRANCHES });
      assert.ok(verdict.ok, JSON.stringify(verdict));
      assert.deepEqual(verdict.approval, {
        commit: repository.git("rev-parse", "HEAD"),
        ref: "tag v1",
        signer: `ann@usda.gov (${fingerprint(ann.file)})`,
      });
    });

    it("is not one by another key, whatever the repository itself would trust", async () => {
      const [ann, eve] = [repository.key("ann"), repository.key("eve")];
      writeFileSync(repository.signers, ann.open);
      repository.signTag("v1", eve.file);
      const own = path.join(repository.home, "own");
      writeFileSync(own, eve.open);
      repository.git("config", "gpg.ssh.allowedSignersFile", own);
      repository.git("config", "gpg.ssh.program", "/bin/true");
      const why = await repository.why(rules());
      assert.ok(why.includes(`tag v1 is signed by ${fingerprint(eve.file)}, which is not listed`), why);
      assert.ok(why.includes(repository.git("rev-parse", "HEAD")) && why.includes("branch main"), why);
    });

    it("is not one without a signature, of another name, or of another commit", async () => {
      const ann = repository.key("ann");
      writeFileSync(repository.signers, ann.open);
      repository.git("tag", "light");
      repository.git("tag", "--annotate", "--message", "a", "noted");
      assert.match(await repository.why(rules()), /tag light is not signed; tag noted is not signed/);
      repository.signTag("v1", ann.file);
      repository.git("update-ref", "refs/tags/v9", repository.git("rev-parse", "refs/tags/v1"));
      repository.git("tag", "--delete", "v1");
      assert.match(await repository.why(rules()), /tag v9 is the tag v1 under another name/);
      repository.commit("two");
      assert.match(await repository.why(rules()), /; no tag; signer: nobody/);
    });

    it("is not one that was altered", async () => {
      const ann = repository.key("ann");
      writeFileSync(repository.signers, ann.open);
      repository.signTag("v1", ann.file);
      const first = repository.git("rev-parse", "HEAD");
      const second = repository.commit("two");
      const tag = repository.git("cat-file", "tag", "v1").replace(first, second);
      const altered = execFileSync("git", ["hash-object", "-t", "tag", "-w", "--stdin"], {
        cwd: repository.folder,
        input: `${tag}\n`,
        encoding: "utf8",
      }).trim();
      repository.git("update-ref", "refs/tags/v1", altered);
      assert.match(await repository.why(rules()), /tag v1 (was altered|is signed by)/);
    });

    it("may be by a listed OpenPGP key", async function () {
      const home = path.join(repository.home, "gnupg");
      mkdirSync(home, { mode: 0o700 });
      const gpg = (...args: readonly string[]) =>
        execFileSync("gpg", ["--batch", "--quiet", "--homedir", home, "--passphrase", "", ...args], {
          encoding: "utf8",
          stdio: "pipe",
        });
      try {
        for (const who of ["ann", "eve"]) gpg("--quick-generate-key", `${who} <${who}@usda.gov>`, "ed25519", "sign");
        writeFileSync(repository.signers, gpg("--armor", "--export", "ann@usda.gov"));
        const wrapper = path.join(repository.home, "gpg");
        writeFileSync(wrapper, `#!/bin/sh\nexec gpg --homedir ${home} "$@"\n`, { mode: 0o755 });
        const sign = (tag: string, who: string) =>
          repository.git("-c", `gpg.program=${wrapper}`, "tag", "--local-user", `${who}@usda.gov`, "-m", tag, tag);
        sign("v1", "eve");
        assert.match(await repository.why(rules()), /tag v1 is signed by [0-9A-F]{16}, which is not listed/);
        sign("v2", "ann");
        const verdict = await repository.judge(rules());
        assert.ok(verdict.ok, JSON.stringify(verdict));
        assert.match(verdict.approval.signer ?? "", /^ann <ann@usda\.gov> \([0-9A-F]{40}\)$/);
      } finally {
        execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
      }
    });

    it("is not anything while the keys cannot be read", async () => {
      rmSync(repository.signers);
      assert.match(await repository.why(rules()), /git cannot say where it comes from \(ENOENT/);
    });
  });
});
