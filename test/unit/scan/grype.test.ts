import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { purlOf, type Component } from "../../../core/scan/component";
import { readGrypeReport, readGrypeStatus } from "../../../core/scan/grypeReport";

/** What grype 0.115.0 said of a made image, by a database that was made for it; without what nothing here reads. */
const ANSWER = readFileSync(join(__dirname, "grype.json"), "utf8");
const PLANT = { folder: "planted-0123", ids: ["CVE-2021-44906"] };
const libssl: Component = {
  ...{ ecosystem: "Debian:12", name: "libssl3", version: "3.0.1-1", where: "var/lib/dpkg/status.d/libssl3" },
  ...{ purl: purlOf("deb", "debian", "libssl3", "3.0.1-1"), source: { name: "openssl", version: "3.0.1-1" } },
};
const read = (answer = ANSWER) => readGrypeReport(JSON.parse(answer), [libssl], PLANT);

describe("what grype says of an image", () => {
  it("is findings by our names, with all names of a weakness, and by its word where it has no vector", () => {
    assert.deepEqual(
      read().vulnerabilities.map((one) => [one.id, one.severity, one.score, one.package, one.version, one.fixed]),
      [
        ["CVE-2026-1001", "critical", 9.8, "npm/bad-thing", "1.0.0", ["1.0.1"]],
        ["CVE-2026-1003", "high", null, "Debian/openssl", "3.0.1-1", ["3.0.9-1"]],
        ["GHSA-only-here-0001", "high", null, "npm/other-thing", "2.0.0", ["3.0.0"]],
      ],
    );
    assert.deepEqual(read().vulnerabilities[0]?.names, ["CVE-2026-1001", "GHSA-test-crit-0001"]);
    assert.equal(read().distribution, "debian 12");
  });

  it("keeps what was planted apart, unless the image has the same", () => {
    assert.deepEqual(read().planted, ["CVE-2021-44906"]);
    const own = read(ANSWER.replaceAll("/planted-0123/", "/app/"));
    assert.deepEqual([own.planted, own.vulnerabilities.length], [[], 4]);
  });

  it("says of what it knows too little", () => {
    const alerts = [{ package: { name: "libssl3" }, alerts: [{ type: "distro-eol", message: "no more advisories" }] }];
    const answer = JSON.stringify({ ...(JSON.parse(ANSWER) as object), alertsByPackage: alerts });
    assert.deepEqual(read(answer).alerts, ["distro-eol (libssl3)"]);
    assert.deepEqual(read().alerts, []);
  });

  it("is not read with a severity that is none of its words, nor from another program", () => {
    assert.throws(() => read(ANSWER.replaceAll('"Critical"', '"Severe"')));
    assert.throws(() => read(ANSWER.replace('"name": "grype"', '"name": "other"')));
    assert.throws(() => read("{}"));
  });
});

describe("what grype says of its database", () => {
  const valid = { schemaVersion: "v6.1.7", built: "2026-11-22T13:35:09Z", path: "/db", valid: true };
  const cases: readonly [string, object, string | undefined, RegExp | undefined][] = [
    ["a good one", valid, "2026-11-22T13:35:09.000Z", undefined],
    [
      "none",
      { schemaVersion: "", path: "/db", valid: false, error: "database does not exist" },
      undefined,
      /does not exist/,
    ],
    [
      "a damaged one",
      { ...valid, valid: false, error: "bad db checksum" },
      "2026-11-22T13:35:09.000Z",
      /bad db checksum/,
    ],
    ["one that is not valid, without a word", { ...valid, valid: false }, "2026-11-22T13:35:09.000Z", /not valid/],
    [
      "an older version's",
      { schemaVersion: 5, built: "2024-11-27T14:43:17Z", error: null },
      "2024-11-27T14:43:17.000Z",
      undefined,
    ],
    ["Go's zero time", { schemaVersion: 5, built: "0001-01-01T00:00:00Z", error: null }, undefined, undefined],
  ];
  for (const [name, answer, builtAt, error] of cases)
    it(`of ${name} is understood`, () => {
      const status = readGrypeStatus(answer);
      assert.equal(status.builtAt, builtAt);
      if (error === undefined) assert.equal(status.error, undefined);
      else assert.match(status.error ?? "", error);
    });
});
