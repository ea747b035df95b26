import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { decisionOf } from "../../core/permission/decision";
import { loadPermissions, type PermissionPolicy } from "../../platform/permission";

const ROOT = path.resolve(__dirname, "../..");
const REGO = path.join(ROOT, "policy", "rego");
const opa = path.join(process.env.HMS_HOME ?? path.join(homedir(), ".hms"), "bin", "opa");

interface Vector {
  readonly input: Readonly<Record<string, unknown>>;
  /** Empty: allowed. */
  readonly reasons: readonly string[];
}
const vectors = JSON.parse(readFileSync(path.join(REGO, "vectors.json"), "utf8")) as readonly Vector[];

describe("the permission policy", () => {
  const cache = mkdtempSync(path.join(tmpdir(), "hms-permission-"));
  let policy: PermissionPolicy;
  before(async () => {
    policy = await loadPermissions(opa, ROOT, cache);
  });
  after(() => {
    rmSync(cache, { recursive: true });
  });

  for (const { input, reasons } of vectors)
    it(`${reasons.length === 0 ? "allows" : "denies"} ${JSON.stringify(input)}, by the opa program and in the gate`, () => {
      const decision = { allow: reasons.length === 0, reasons: [...reasons] };
      const files = ["permission.rego", "roles.json"].flatMap((name) => ["--data", path.join(REGO, name)]);
      const words = ["eval", ...files, "--stdin-input", "--format", "raw", "data.hms.permission.decision"];
      const answer = execFileSync(opa, words, { input: JSON.stringify(input), encoding: "utf8" });
      assert.deepEqual(JSON.parse(answer), decision);
      assert.deepEqual(policy.decide(input), decision);
    });

  it("passes its own tests", () => {
    const told = execFileSync(opa, [
      "test",
      ...["permission.rego", "permission_test.rego"].map((name) => path.join(REGO, name)),
    ]);
    assert.match(told.toString(), /^PASS: \d+\/\d+$/m);
  });

  it("is compiled once for each content, and named by it", async () => {
    const again = await loadPermissions("/no/such/opa", ROOT, cache);
    assert.equal(again.digest, policy.digest);
    assert.match(policy.digest, /^[0-9a-f]{64}$/);
    assert.equal(readdirSync(cache).length, 1);
  });

  it("denies where it gives no decision", () => {
    for (const nothing of [undefined, [], [{}], [{ result: true }], [{ result: { allow: true } }]])
      assert.equal(decisionOf(nothing).allow, false);
    assert.equal(decisionOf([{ result: { allow: true, reasons: ["but"] } }]).allow, false);
  });
});
