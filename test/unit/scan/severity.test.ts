import assert from "node:assert/strict";
import { ratingOf, stops, worst, type Severity } from "../../../core/scan/severity";

describe("the severity of an advisory", () => {
  const V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
  const V40 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
  // Scores are those that FIRST's own calculators give.
  const cases: readonly [name: string, vectors: readonly string[], severity: Severity, score: number | null][] = [
    ["a critical v3.1 vector", [V31], "critical", 9.8],
    ["a critical v3.0 vector", [V31.replace("3.1", "3.0")], "critical", 9.8],
    ["a critical v4.0 vector", [V40], "critical", 9.3],
    ["a high one", ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"], "high", 7.5],
    ["a medium one", ["CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"], "medium", 6.1],
    ["a low one", ["CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"], "low", 2.2],
    ["one without any effect", ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"], "none", 0],
    ["the worst of two", ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", V40], "critical", 9.3],
    ["no vector", [], "unknown", null],
    ["a v2 vector alone", ["AV:N/AC:L/Au:N/C:P/I:P/A:P"], "unknown", null],
    ["a vector that cannot be read", ["CVSS:3.1/AV:X"], "unknown", null],
    ["one of two that cannot be read", [V31, "CVSS:4.0/nonsense"], "unknown", null],
    ["a version nobody knows yet", ["CVSS:4.7/AV:N"], "unknown", null],
  ];
  for (const [name, vectors, severity, score] of cases)
    it(`of ${name} is ${severity}`, () => {
      assert.deepEqual(ratingOf(vectors), { severity, score });
    });

  it("is known as soon as one of its names has it", () => {
    assert.deepEqual(worst([ratingOf([]), ratingOf([V31])]), { severity: "critical", score: 9.8 });
    assert.equal(worst([ratingOf([]), ratingOf([])]).severity, "unknown");
    assert.equal(worst([]).severity, "unknown");
  });

  it("stops a release from its threshold on, and always when it is unknown", () => {
    const stopping = (failOn: "critical" | "high") =>
      (["critical", "high", "medium", "low", "none", "unknown"] as const).filter((severity) => stops(severity, failOn));
    assert.deepEqual(stopping("critical"), ["critical", "unknown"]);
    assert.deepEqual(stopping("high"), ["critical", "high", "unknown"]);
  });
});
