import assert from "node:assert/strict";
import type { Finding } from "../../../core/scan/finding";
import { mergeFindings } from "../../../core/scan/merge";
import { verdictText } from "../../../core/scan/text";
import { judgeScan } from "../../../core/scan/verdict";
import { judgeOwnDatabase } from "../../../core/scan/database";
import { DAY, daysAgo, NOW, vulnerability } from "./support";

const said = (name: string, ...findings: readonly Finding[]) => ({ scanner: { name, version: "1" }, findings });

describe("findings of several scanners", () => {
  const osv = vulnerability({ severity: "high", score: 7.5, fixed: ["1.0.1"] });
  const trivy = vulnerability({
    ...{ id: "CVE-2026-0001", names: ["CVE-2026-0001", "GHSA-dddd-eeee-ffff"] },
    ...{ severity: "critical", score: 9.1, fixed: ["1.0.1", "2.0.0"] },
  });

  it("are one where they share a name and a package, with everybody who found it and the worst that is said", () => {
    const [only, ...others] = mergeFindings([said("osv-scanner", osv), said("trivy", trivy), said("grype", osv)]);
    assert.deepEqual(others, []);
    assert.deepEqual(only, {
      ...vulnerability({ severity: "critical", score: 9.1, fixed: ["1.0.1", "2.0.0"] }),
      names: ["CVE-2026-0001", "GHSA-aaaa-bbbb-cccc", "GHSA-dddd-eeee-ffff"],
      by: ["osv-scanner", "trivy", "grype"],
    });
  });

  it("stay apart for another package, another version, or another name", () => {
    const others = [{ package: "npm/b" }, { version: "2.0.0" }, { id: "CVE-2", names: ["CVE-2"] }].map(vulnerability);
    assert.equal(mergeFindings([said("osv-scanner", vulnerability()), said("trivy", ...others)]).length, 4);
  });

  it("are known where one of them is, and unknown only where all are", () => {
    const unknown = vulnerability({ severity: "unknown", score: null });
    const low = vulnerability({ severity: "low", score: null });
    const severityOf = (...all: readonly Finding[]) =>
      mergeFindings(all.map((one, index) => said(`s${index}`, one))).map(
        (one) => one.kind === "vulnerability" && one.severity,
      );
    assert.deepEqual(severityOf(unknown, low), ["low"]);
    assert.deepEqual(severityOf(low, unknown), ["low"]);
    assert.deepEqual(severityOf(unknown, unknown), ["unknown"]);
  });

  it("are one secret in one line by one rule, and two by two rules", () => {
    const secret = { kind: "secret", id: "github-pat", where: "layer 0: etc/app.conf", line: 1 } as const;
    const other = { ...secret, id: "generic-api-key" };
    const merged = mergeFindings([said("gitleaks", secret, other), said("trivy", secret)]);
    assert.deepEqual(
      merged.map(({ id, by }) => [id, by]),
      [
        ["github-pat", ["gitleaks", "trivy"]],
        ["generic-api-key", ["gitleaks"]],
      ],
    );
  });
});

describe("the verdict of several scanners", () => {
  const own = (scanner: string, days: number | undefined) => ({
    scanner,
    database: judgeOwnDatabase(
      { scanner, builtAt: days === undefined ? undefined : daysAgo(days), said: { days: days ?? 0 }, how: "Get one." },
      NOW,
      7 * DAY,
    ),
  });
  const judge = (databases: readonly ReturnType<typeof own>[], ...findings: readonly Finding[]) =>
    judgeScan({
      target: { name: "app", id: `sha256:${"a".repeat(64)}`, digest: null },
      ...{ components: 3, leastComponents: 1, problems: [], waivers: [], failOn: "critical", now: NOW },
      ...{ databases, scanned: [said("trivy", ...findings), said("grype")].map((one) => ({ ...one, problems: [] })) },
    });

  it("is the worst of what each says: no database, then a finding, then a stale database", () => {
    assert.equal(judge([own("trivy", 1), own("grype", 1)]).verdict, "pass");
    const stale = judge([own("trivy", 1), own("grype", 9)]);
    assert.deepEqual(stale.reasons, [
      `the database of grype is stale: it was built at ${daysAgo(9)}, 9d old, and 7d is allowed. Get one.`,
    ]);
    assert.equal(stale.verdict, "stale");
    assert.equal(stale.database?.builtAt, daysAgo(9));
    assert.equal(judge([own("trivy", 1), own("grype", 9)], vulnerability()).verdict, "fail");
    const none = judge([own("trivy", 1), own("grype", undefined)], vulnerability());
    assert.deepEqual([none.verdict, none.reasons[0]], ["error", "grype has no database of advisories. Get one."]);
    assert.match(judge([own("trivy", -3)]).reasons[0] ?? "", /database of trivy is from the future/);
  });

  it("says who found what, and how old each database is", () => {
    const result = judge([own("trivy", 1), own("grype", 2)], vulnerability());
    assert.match(result.reasons[0] ?? "", /mended in 1\.0\.1; found by trivy$/);
    assert.match(verdictText(result), /advisories of \S+ \(trivy\), \S+ \(grype\)/);
  });
});
