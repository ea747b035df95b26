import assert from "node:assert/strict";
import { purlOf, type Component } from "../../../core/scan/component";
import { readTrivyReport, readTrivyVersion } from "../../../core/scan/trivyReport";

/** Written by hand after trivy's documentation and source: it could not be run where this was made. */
const PLANT = { folder: "planted-0123", ids: ["CVE-2021-44906"] };
const CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
const MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N";
const LAYERS = [`sha256:${"0".repeat(64)}`, `sha256:${"1".repeat(64)}`];

const libssl: Component = {
  ...{ ecosystem: "Debian:12", name: "libssl3", version: "1:3.0.1-1", where: "var/lib/dpkg/status" },
  ...{ purl: purlOf("deb", "debian", "libssl3", "1:3.0.1-1"), source: { name: "openssl", version: "1:3.0.1-1" } },
};

const planted = {
  ...{ VulnerabilityID: "CVE-2021-44906", VendorIDs: ["GHSA-xvch-5gv4-984h"], PkgName: "minimist" },
  ...{
    PkgPath: "planted-0123/node_modules/minimist/package.json",
    InstalledVersion: "1.2.5",
    FixedVersion: "1.2.6, 0.2.4",
  },
  ...{ PkgIdentifier: { PURL: "pkg:npm/minimist@1.2.5" }, Severity: "CRITICAL", CVSS: { nvd: { V3Vector: CRITICAL } } },
};
const debian = {
  ...{ VulnerabilityID: "CVE-2026-1003", PkgName: "libssl3", InstalledVersion: "1:3.0.1-1", Severity: "LOW" },
  PkgIdentifier: { PURL: "pkg:deb/debian/libssl3@3.0.1-1?arch=amd64&distro=debian-12&epoch=1" },
  CVSS: { nvd: { V2Vector: "AV:N/AC:M/Au:N/C:N/I:P/A:N", V2Score: 4.3 }, redhat: { V3Vector: MEDIUM, V3Score: 5.3 } },
};
const secret = (Target: string, DiffID: string) => ({
  ...{ Target, Class: "secret" },
  Secrets: [
    { RuleID: "github-pat", Severity: "CRITICAL", StartLine: 3, EndLine: 3, Match: "token = ****", Layer: { DiffID } },
  ],
});
const report = (...vulnerabilities: readonly object[]) => ({
  SchemaVersion: 2,
  Results: [
    {
      ...{ Target: "planted.tar (debian 12)", Class: "os-pkgs", Type: "debian" },
      Packages: [{ Name: "libssl3", Identifier: { PURL: "pkg:deb/debian/libssl3@3.0.1-1" } }],
      Vulnerabilities: vulnerabilities,
    },
    {
      ...{ Target: "Node.js", Class: "lang-pkgs", Type: "node-pkg", Vulnerabilities: [planted] },
      Packages: [{ Name: "minimist", Identifier: { PURL: "pkg:npm/minimist@1.2.5" }, FilePath: planted.PkgPath }],
    },
    secret("/etc/app.conf", LAYERS[1] ?? ""),
    secret("/planted-0123/settings.toml", "sha256:2"),
  ],
});
const read = (json: unknown) => readTrivyReport(json, [libssl], LAYERS, PLANT);

describe("what trivy says of an image", () => {
  it("is findings by our names: Debian's source package, the worse of vectors and word, the layer of a secret", () => {
    const { vulnerabilities, secrets } = read(report(debian));
    assert.deepEqual(vulnerabilities, [
      {
        ...{ kind: "vulnerability", id: "CVE-2026-1003", names: ["CVE-2026-1003"], severity: "medium", score: 5.3 },
        ...{ package: "Debian/openssl", version: "1:3.0.1-1", fixed: [] },
      },
    ]);
    assert.deepEqual(secrets, [{ kind: "secret", id: "github-pat", where: "layer 1: etc/app.conf", line: 3 }]);
  });

  it("keeps what was planted apart, and does not take it for something that was looked at", () => {
    const { planted: found, plantedSecret, looked } = read(report());
    assert.deepEqual([found, plantedSecret, [...(looked ?? [])]], [["CVE-2021-44906"], true, ["deb"]]);
    const blind = read({ SchemaVersion: 2, Results: null });
    assert.deepEqual([blind.planted, blind.plantedSecret], [[], false]);
  });

  it("does not count a planted weakness that lost its severity", () => {
    const json: unknown = JSON.parse(
      JSON.stringify(report()).replaceAll(CRITICAL, MEDIUM).replaceAll('"CRITICAL"', '"MEDIUM"'),
    );
    assert.deepEqual(read(json).planted, []);
  });

  const severities: readonly [string, object, string, number | null][] = [
    ["a word alone", { Severity: "HIGH", CVSS: undefined }, "high", null],
    ["a worse word than its vector", { Severity: "CRITICAL", CVSS: { ghsa: { V3Vector: MEDIUM } } }, "critical", null],
    ["no vector and no word", { Severity: "UNKNOWN", CVSS: null }, "unknown", null],
    [
      "a vector that cannot be read",
      { Severity: "LOW", CVSS: { nvd: { V3Vector: "CVSS:3.1/AV:X" } } },
      "unknown",
      null,
    ],
    [
      "a vector of the fourth version",
      {
        Severity: "LOW",
        CVSS: { ghsa: { V40Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" } },
      },
      "critical",
      9.3,
    ],
  ];
  for (const [name, over, severity, score] of severities)
    it(`rates one with ${name} ${severity}`, () => {
      const [one] = read(report({ ...debian, ...over })).vulnerabilities;
      assert.deepEqual([one?.severity, one?.score], [severity, score]);
    });

  it("names what is not in the bill of materials after its package URL", () => {
    const jar = {
      ...debian,
      PkgName: "a:b",
      PkgIdentifier: { PURL: "pkg:maven/org.a/b@1.0" },
      InstalledVersion: "1.0",
    };
    const bare = { ...debian, PkgName: "a:b", PkgIdentifier: {}, InstalledVersion: "1.0" };
    const names = read(report(jar, bare)).vulnerabilities.map((one) => `${one.package} ${one.version}`);
    assert.deepEqual(names, ["maven/org.a/b 1.0", "other/a:b 1.0"]);
  });

  const bad: readonly [string, unknown][] = [
    ["a severity that is none of its words", report({ ...debian, Severity: "SEVERE" })],
    ["no severity", report({ ...debian, Severity: undefined })],
    ["another version of the form", { ...report(), SchemaVersion: 3 }],
    ["the old list", [{ Target: "x", Vulnerabilities: null }]],
    ["a weakness without a name", report({ ...debian, VulnerabilityID: "" })],
  ];
  for (const [name, json] of bad)
    it(`is not read with ${name}`, () => {
      assert.throws(() => read(json));
    });

  it("says how old its database is, or that it has none", () => {
    const database = { Version: 2, UpdatedAt: "2026-11-20T06:12:32.123456789Z", NextUpdate: "2026-11-21T06:12:32Z" };
    const said = readTrivyVersion({ Version: "0.74.0", VulnerabilityDB: database });
    assert.deepEqual([said.version, said.database?.builtAt], ["0.74.0", "2026-11-20T06:12:32.123Z"]);
    assert.equal(readTrivyVersion({ Version: "0.74.0" }).database, undefined);
    assert.throws(() => readTrivyVersion({ Version: "0.74.0", VulnerabilityDB: { Version: 2 } }));
  });
});
