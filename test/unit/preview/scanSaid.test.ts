import assert from "node:assert/strict";
import { scanSaid } from "../../../core/preview/scanSaid";

describe("what a preview says of a scan", () => {
  const predicate = {
    verdict: "stale",
    reasons: ["the advisories are 9 days old"],
    components: 3,
    failOn: "critical",
    scanners: [{ name: "osv-scanner", version: "2" }, { name: "gitleaks" }],
    at: "2026-11-22T00:00:00Z",
    findings: [],
  };

  it("is its verdict, who looked, why, and when", () => {
    assert.deepEqual(scanSaid(predicate), {
      verdict: "stale",
      scanner: "osv-scanner, gitleaks",
      text: "the advisories are 9 days old, on 2026-11-22T00:00:00Z",
    });
    const passed = scanSaid({ ...predicate, verdict: "pass", reasons: [] });
    assert.deepEqual(
      [passed.verdict, passed.text],
      ["pass", "nothing from critical on in 3 packages, on 2026-11-22T00:00:00Z"],
    );
  });

  for (const [name, other] of Object.entries({
    "no object": "pass",
    "another verdict": { ...predicate, verdict: "passed" },
    "a part is missing": { verdict: "pass" },
  }))
    it(`is an error, never a pass, where ${name}`, () => {
      assert.deepEqual([scanSaid(other).verdict, scanSaid(other).scanner], ["error", "attestation"]);
    });
});
