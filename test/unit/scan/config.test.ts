import assert from "node:assert/strict";
import { readStack, type ReadStack } from "../../../config/readStack";
import { STACK_VALUES } from "../../support/stackValues";

const WAIVER = "{ id: CVE-2026-1, package: npm/a, owner: platform, reason: unreachable, expires: 2027-01-31 }";
const FILES: Readonly<Record<string, string>> = {
  "web/service.yaml": 'name: web\nport: 8080\nsmoke: [{ name: answers, request: { path: "/" } }]\n',
  "waivers.yaml": `waivers: [${WAIVER}]\n`,
  "bad.yaml": `waivers: [${WAIVER.replace("owner: platform, ", "")}]\n`,
  "broken.yaml": "waivers: [",
};

const read = (scan: unknown): ReadStack =>
  readStack({
    stack: "test",
    values: {
      ...STACK_VALUES,
      services: { web: { source: "web" } },
      ...(scan === undefined ? {} : { scan }),
    },
    encrypted: [],
    files: { read: (path) => FILES[path], absolute: (path) => `/project/${path}` },
  });

describe("hms:scan", () => {
  it("scans nothing where it is absent", () => {
    const result = read(undefined);
    assert.ok(result.ok && !("scan" in result.config));
  });

  it("has defaults for everything, and reads the waivers of the file that it names", () => {
    const defaults = { failOn: "critical", maxDatabaseAge: 604_800, minComponents: 1, waivers: [] };
    const bare = read({});
    assert.ok(bare.ok);
    assert.deepEqual(bare.config.scan, defaults);
    const full = read({ failOn: "high", maxDatabaseAge: "1d", minComponents: 10, waivers: "waivers.yaml" });
    assert.ok(full.ok, full.ok ? "" : full.problems.join("\n"));
    assert.deepEqual(full.config.scan, {
      ...{ failOn: "high", maxDatabaseAge: 86_400, minComponents: 10 },
      waivers: [
        { id: "CVE-2026-1", package: "npm/a", owner: "platform", reason: "unreachable", expires: "2027-01-31" },
      ],
    });
  });

  it("asks the scanners that are named", () => {
    for (const scanners of [["trivy"], ["grype", "gitleaks"], ["osv-scanner", "gitleaks", "trivy", "grype"]]) {
      const result = read({ scanners });
      assert.ok(result.ok, result.ok ? "" : result.problems.join("\n"));
      assert.deepEqual(result.config.scan?.scanners, scanners);
    }
  });

  const bad: readonly [unknown, RegExp][] = [
    [
      true,
      /^.*hms:scan: got true; allowed is a map; write it with the keys failOn, maxDatabaseAge, waivers, minComponents, scanners$/,
    ],
    [{ failOn: "medium" }, /hms:scan\.failOn: got "medium"; allowed is one of critical, high; say from which severity/],
    [{ maxDatabaseAge: "1m" }, /hms:scan\.maxDatabaseAge: got "1m"; allowed is a duration from 1h to 365d/],
    [{ minComponents: 0 }, /hms:scan\.minComponents: got 0; allowed is a whole number from 1/],
    [
      { waivers: "/etc/waivers.yaml" },
      /hms:scan\.waivers: got "\/etc\/waivers\.yaml"; allowed is a path relative to Pulumi\.yaml/,
    ],
    [{ waivers: "none.yaml" }, /hms:scan\.waivers: there is no file none\.yaml; write it/],
    [{ waivers: "broken.yaml" }, /broken\.yaml: is no YAML/],
    [
      { waivers: "bad.yaml" },
      /bad\.yaml: waivers\[0\]\.owner: got nothing; allowed is a text; write who answers for it/,
    ],
    [
      { scanners: ["osv-scanner", "clair"] },
      /hms:scan\.scanners: got "clair"; allowed is a list of osv-scanner, gitleaks, trivy, grype, each once, .*; say who is to scan/,
    ],
    [{ scanners: "trivy" }, /hms:scan\.scanners: got "trivy"; allowed is a list of/],
    [{ scanners: ["trivy", "trivy"] }, /hms:scan\.scanners: got trivy twice; allowed is a list of/],
    [{ scanners: ["grype"] }, /hms:scan\.scanners: got grype, and nobody looks for secrets; allowed/],
    [{ scanners: ["gitleaks"] }, /got gitleaks, and nobody looks for known weaknesses; allowed/],
    [{ scanners: [] }, /got an empty list, and nobody looks for known weaknesses; allowed/],
    [{ failon: "high" }, /hms:scan\.failon: got an unknown key; .*did you mean failOn\?/],
  ];
  for (const [scan, message] of bad)
    it(`refuses ${JSON.stringify(scan)}`, () => {
      const result = read(scan);
      assert.equal(result.ok, false);
      assert.match(result.ok ? "" : result.problems.join("\n"), message);
    });
});
