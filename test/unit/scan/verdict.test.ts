import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeDatabase, type Consulted } from "../../../core/scan/database";
import type { Finding, Secret } from "../../../core/scan/finding";
import { refusalText, verdictText } from "../../../core/scan/text";
import { judgeScan, type ScanEvidence } from "../../../core/scan/verdict";
import { readWaivers, type Waiver } from "../../../core/scan/waiver";
import { DAY, manifestOf, NOW, readDatabase, vulnerability } from "./support";

const ID = `sha256:${"a".repeat(64)}`;
const scanner = { name: "osv-scanner", version: "2.4.0" };
const fresh = judgeDatabase(readDatabase(manifestOf({ npm: { days: 1 } })), ["npm"], NOW, 7 * DAY);
const stale = judgeDatabase(readDatabase(manifestOf({ npm: { days: 9 } })), ["npm"], NOW, 7 * DAY);
const broken = judgeDatabase({ kind: "missing", where: "/advisories" }, ["npm"], NOW, 7 * DAY);
const secret: Secret = { kind: "secret", id: "github-pat", where: "layer 1: etc/app.conf", line: 3 };

const judge = (
  findings: readonly Finding[],
  { database = fresh, ...over }: Partial<ScanEvidence> & { readonly database?: Consulted } = {},
) =>
  judgeScan({
    target: { name: "registry.test/app:1", id: ID, digest: null },
    components: 12,
    leastComponents: 1,
    databases: [{ scanner: scanner.name, database }],
    problems: [],
    scanned: [{ scanner, findings, problems: [] }],
    waivers: [],
    failOn: "critical",
    now: NOW,
    ...over,
  });

const waiver = (over: Partial<Waiver> = {}): Waiver => ({
  id: "CVE-2026-0001",
  package: "npm/planted",
  owner: "platform team",
  reason: "not reachable",
  expires: "2026-12-01",
  ...over,
});

describe("the verdict of a scan", () => {
  const high = vulnerability({ id: "CVE-2026-2", names: ["CVE-2026-2"], severity: "high", score: 7.5 });
  const unknown = vulnerability({ id: "MAL-1", names: ["MAL-1"], severity: "unknown", score: null });
  const cases: readonly [string, ReturnType<typeof judge>, string, RegExp | undefined][] = [
    ["nothing found", judge([]), "pass", undefined],
    [
      "a critical weakness",
      judge([vulnerability()]),
      "fail",
      /CVE-2026-0001 \(critical 9\.8\) in npm\/planted 1\.0\.0, mended in 1\.0\.1/,
    ],
    ["a high one where critical ones fail", judge([high]), "pass", undefined],
    ["a high one where high ones fail", judge([high], { failOn: "high" }), "fail", /CVE-2026-2 \(high 7\.5\)/],
    ["one that nobody rated", judge([unknown]), "fail", /MAL-1 \(of unknown severity\)/],
    ["a secret", judge([secret]), "fail", /secret \(github-pat\) in layer 1: etc\/app\.conf, line 3/],
    ["a stale database", judge([], { database: stale }), "stale", /is stale/],
    ["a critical weakness by a stale database", judge([vulnerability()], { database: stale }), "fail", /CVE-2026-0001/],
    ["no database", judge([], { database: broken }), "error", /there is no database/],
    [
      "no database, and a critical weakness",
      judge([vulnerability()], { database: broken }),
      "error",
      /there is no database/,
    ],
    ["no packages", judge([], { components: 0 }), "error", /0 packages were found in the image, and 1 is the least/],
    [
      "a scanner that did not say all",
      judge([], { scanned: [{ scanner, findings: [], problems: ["the planted weakness was not found"] }] }),
      "error",
      /osv-scanner: the planted weakness was not found/,
    ],
    ["no scanner", judge([], { scanned: [] }), "error", /no scanner/],
    ["an unreadable part of the image", judge([], { problems: ["packages of apk are not read"] }), "error", /apk/],
    ["a waived weakness", judge([vulnerability()], { waivers: [waiver()] }), "pass", undefined],
    [
      "one waived by its other name",
      judge([vulnerability()], { waivers: [waiver({ id: "GHSA-aaaa-bbbb-cccc" })] }),
      "pass",
      undefined,
    ],
    [
      "an expired waiver",
      judge([vulnerability()], { waivers: [waiver({ expires: "2026-11-22" })] }),
      "fail",
      /the waiver of platform team expired on 2026-11-22/,
    ],
    [
      "a waiver for another package",
      judge([vulnerability()], { waivers: [waiver({ package: "npm/other" })] }),
      "fail",
      /CVE-2026-0001/,
    ],
    [
      "a waiver for another image",
      judge([vulnerability()], { waivers: [waiver({ image: `sha256:${"b".repeat(64)}` })] }),
      "fail",
      /CVE-2026-0001/,
    ],
    ["a waiver for this image", judge([vulnerability()], { waivers: [waiver({ image: ID })] }), "pass", undefined],
    [
      "a waived secret",
      judge([secret], {
        waivers: [{ id: "github-pat", file: "etc/app.conf", owner: "x", reason: "y", expires: "2027-01-01" }],
      }),
      "pass",
      undefined,
    ],
    [
      "a waiver of a package for a secret",
      judge([secret], { waivers: [waiver({ id: "github-pat" })] }),
      "fail",
      /github-pat/,
    ],
  ];
  for (const [name, result, verdict, reason] of cases)
    it(`of ${name} is ${verdict}`, () => {
      assert.equal(result.verdict, verdict, result.reasons.join("\n"));
      if (reason === undefined) assert.deepEqual(result.reasons, []);
      else assert.match(refusalText(result), reason);
    });

  it("reports each waiver that was used, with who answers, and each that was not", () => {
    const used = waiver();
    const idle = waiver({ id: "CVE-1999-1" });
    const result = judge([vulnerability()], { waivers: [used, idle] });
    assert.deepEqual(result.waived, [{ finding: { ...vulnerability(), by: ["osv-scanner"] }, waiver: used }]);
    assert.deepEqual(result.unusedWaivers, [idle]);
    assert.match(verdictText(result), /waived: CVE-2026-0001 .*platform team until 2026-12-01: not reachable/);
    assert.match(verdictText(result), /unused waiver: CVE-1999-1/);
  });

  it("passes only what has no error, nothing bad that is open, and a fresh database", () => {
    const finding = fc.constantFrom<Finding>(vulnerability(), high, unknown, secret);
    const database = fc.constantFrom(fresh, stale, broken);
    fc.assert(
      fc.property(
        fc.array(finding, { maxLength: 4 }),
        database,
        fc.nat(3),
        fc.boolean(),
        (findings, state, components, waived) => {
          const result = judge(findings, { database: state, components, waivers: waived ? [waiver()] : [] });
          const open = findings.some((one) => one === secret || one === unknown || (one !== high && !waived));
          assert.equal(result.verdict === "pass", state === fresh && components > 0 && !open);
          assert.equal(result.verdict === "pass", result.reasons.length === 0);
        },
      ),
    );
  });
});

describe("waivers", () => {
  const full = { id: "CVE-2026-1", package: "npm/a", owner: "o", reason: "r", expires: "2027-01-31" };
  it("are read with all that they need", () => {
    const read = readWaivers({ waivers: [full] });
    assert.deepEqual(read, { ok: true, value: [full] });
  });

  const bad: readonly [string, unknown, RegExp][] = [
    ["no list", { waivers: "none" }, /waivers: got "none"; allowed is a list/],
    ["nothing", null, /a map/],
    ["no owner", { waivers: [{ ...full, owner: undefined }] }, /waivers\[0\]\.owner/],
    ["an empty reason", { waivers: [{ ...full, reason: " " }] }, /waivers\[0\]\.reason/],
    ["no expiry", { waivers: [{ ...full, expires: undefined }] }, /waivers\[0\]\.expires/],
    ["a day that is none", { waivers: [{ ...full, expires: "2027-02-30" }] }, /a date such as/],
    ["one for everything", { waivers: [{ ...full, package: undefined }] }, /a waiver for every image and package/],
    ["an unknown key", { waivers: [{ ...full, until: "2027-01-01" }] }, /unknown key/],
  ];
  for (const [name, document, message] of bad)
    it(`with ${name} are refused`, () => {
      const read = readWaivers(JSON.parse(JSON.stringify(document)));
      assert.equal(read.ok, false);
      assert.match(
        read.ok
          ? ""
          : read.problems
              .map(({ path, got, allowed }) => `${pathOf(path)}: got ${got}; allowed is ${allowed}`)
              .join("\n"),
        message,
      );
    });
});

const pathOf = (path: readonly (string | number)[]): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .slice(1);
