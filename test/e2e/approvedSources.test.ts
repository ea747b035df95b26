import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LedgerEntry } from "../../core/ledger/entry";
import { TestProject } from "../support/project";

describe("a stack that is deployed from approved sources only", function () {
  this.timeout(600_000);
  const project = new TestProject("approved");
  // Beside the clone: whoever made a commit must not be able to say whose signature counts.
  const keys = path.join(os.tmpdir(), `hms-approvers-${process.pid}`);
  const signers = path.join(keys, "signers");
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=ann", "-c", "user.email=ann@usda.gov", ...args], {
      cwd: project.folder,
      encoding: "utf8",
      stdio: "pipe",
    }).trim();

  before(async () => {
    mkdirSync(keys, { mode: 0o700 });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", path.join(keys, "ann")]);
    const open = execFileSync("ssh-keygen", ["-y", "-f", path.join(keys, "ann")], { encoding: "utf8" });
    writeFileSync(signers, `ann@usda.gov ${open}`);
    project.configure((config) => (config["hms:approvedSources"] = { branches: ["approved/*"], signers }));
    await project.init();
    git("init", "--quiet", "--initial-branch", "feature");
    writeFileSync(path.join(project.folder, ".git", "info", "exclude"), "node_modules\n.state\n");
    git("add", "--all");
    git("commit", "--quiet", "--message", "a change");
  });
  after(() => {
    project.remove();
    rmSync(keys, { recursive: true, force: true });
  });

  it("is refused, in preview and by plain pulumi up alike, for a commit that nobody approved", async () => {
    const commit = git("rev-parse", "HEAD");
    const said = `commit ${commit} (branch feature; no tag; signer: nobody who is listed) is not approved`;
    for (const ran of [await project.preview(), await project.up()]) {
      assert.notEqual(ran.code, 0);
      for (const what of ["the program and its stack files", "drought-benefit"])
        assert.ok(ran.output.includes(`${what}: ${said}`), ran.output);
    }
  });

  it("is deployed by a signed tag, and the ledger knows commit, tag and signer", async () => {
    const sign = ["-c", "gpg.format=ssh", "-c", `user.signingKey=${path.join(keys, "ann")}`];
    git(...sign, "tag", "--sign", "--message", "approved", "v1");
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const listed = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    const { entries } = JSON.parse(listed.output) as { entries: readonly LedgerEntry[] };
    // The policy pack has a word in it, too.
    const approved = entries.flatMap(({ decisions }) => decisions).filter((one) => one.startsWith("source "));
    assert.equal(approved.length, 1, listed.output);
    const wanted = `source approved: commit ${git("rev-parse", "HEAD")} on tag v1, signed by ann@usda.gov (SHA256:`;
    assert.ok(approved[0]?.startsWith(wanted), approved[0]);
  });

  it("is refused for what is not committed, and has no changes for another approved commit of the same release", async () => {
    project.newPolicy("unreviewed");
    const refused = await project.preview();
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /drought-benefit: examples\/drought-benefit\/policy\/data\.json differs from commit/);
    git("checkout", "--quiet", ".");
    writeFileSync(path.join(project.folder, "NOTES.md"), "unrelated");
    git("add", "--all");
    git("commit", "--quiet", "--message", "a note");
    git("branch", "approved/main");
    const again = await project.pulumi("preview", "--expect-no-changes");
    assert.equal(again.code, 0, again.output);
  });
});
