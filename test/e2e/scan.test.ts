import assert from "node:assert/strict";
import path from "node:path";
import type { LedgerEntry } from "../../core/ledger/entry";
import { planted, writeDumps } from "../support/advisories";
import { TestProject } from "../support/project";

describe("a stack whose images are scanned", function () {
  this.timeout(600_000);
  const project = new TestProject("scan");
  const token = `ghp_${Array.from({ length: 36 }, (_, index) => "aB3dE5gH7jK9mN1pQ"[(index * 7) % 17]).join("")}`;

  const entries = async (): Promise<readonly LedgerEntry[]> => {
    const { output } = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    return (JSON.parse(output) as { readonly entries: readonly LedgerEntry[] }).entries;
  };

  before(async () => {
    const dumps = path.join(project.folder, ".osv");
    await writeDumps(dumps, { Go: [planted("Go")] });
    project.env.HMS_SCAN_DATABASE = path.join(project.folder, ".advisories");
    project.configure((config) => (config["hms:scan"] = { failOn: "high" }));
    await project.init();
    const { code, output } = await project.hms("scan", "database", "import", dumps);
    assert.equal(code, 0, output);
  });
  after(() => {
    project.remove();
  });

  it("delivers an image that passes, by digest, and the ledger says with what it was scanned", async () => {
    const { code, output } = await project.deploy("--env", project.stack);
    assert.equal(code, 0, output);
    const [service] = (await project.status()).services;
    const image = service?.colors.blue?.image ?? "";
    assert.match(image, /@sha256:[0-9a-f]{64}$/);
    const scanned = (await entries()).filter(({ event }) => event === "scanned");
    assert.deepEqual([scanned.length, scanned[0]?.release.image], [1, image]);
    assert.match(
      scanned[0]?.decisions.join("\n") ?? "",
      /^pass, failing on high: sha256:.*\nby osv-scanner \S+, gitleaks \S+\nadvisories sha256:/,
    );
  });

  it("neither pushes nor moves anything when a secret is in the image, and says so in its last line and its ledger", async () => {
    project.edit("policy/data.json", (text) => text.replace("{", `{ "token": "${token}",`));
    const { code, output, lastLine } = await project.deploy("--env", project.stack);
    assert.equal(code, 1, output);
    assert.match(
      lastLine,
      /drought-benefit: nothing was pushed, for the scan of .* fails: secret \(github-pat\) in layer \d+: /,
    );
    assert.ok(!output.includes(token) && !project.state().includes(token));
    const [service] = (await project.status()).services;
    assert.deepEqual([service?.live, service?.colors.green], ["blue", null]);
    const refused = (await entries()).filter(({ event }) => event === "scan-refused");
    assert.deepEqual([refused.length, refused[0]?.release.image], [1, null]);
    assert.match(refused[0]?.reason ?? "", /secret \(github-pat\)/);
  });
});
