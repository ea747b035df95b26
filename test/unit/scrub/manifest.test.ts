import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { fileSigner, seal, trust } from "../../../core/ledger/seal";
import {
  type ManifestExpectation,
  manifestProblemsText,
  signManifest,
  type SnapshotManifest,
  verifyManifest,
} from "../../../core/scrub/manifest";
import { DETECTOR_VERSION } from "../../../core/scrub/scan/report";

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = fileSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  return { signer, keys: trust([publicKey.export({ type: "spki", format: "pem" }).toString()]) };
}
const OURS = newKey();
const THEIRS = newKey();
const hash = (digit: string) => digit.repeat(64);
const NOW = new Date("2026-11-22T03:00:00.000Z");
const PART = { file: "public.people.0001.copy.gz", bytes: 400, sha256: hash("a") };
const PRE = { file: "pre-data.sql", bytes: 90, sha256: hash("1") };
const POST = { file: "post-data.sql", bytes: 80, sha256: hash("2") };
const FILES = [PRE, POST, PART];

const GOOD: SnapshotManifest = {
  version: 1,
  id: "drought-20261122-1",
  service: "drought-benefit",
  tool: "0.1.0",
  at: "2026-11-22T02:31:00.000Z",
  source: { at: "2026-11-22T02:30:00.000Z", lsn: "16/B374D848" },
  epoch: "e-1",
  schema: hash("b"),
  rules: hash("c"),
  definitions: { preData: PRE, postData: POST },
  tables: [
    {
      schema: "public",
      table: "people",
      columns: ["id", "name"],
      rowsIn: 10,
      rowsOut: 10,
      bytes: 900,
      parts: [PART],
      fakes: { "person.name": 10, "gov.ssn": 9 },
    },
    { schema: "public", table: "empty", columns: [], rowsIn: 0, rowsOut: 0, bytes: 0, parts: [], fakes: {} },
  ],
  scan: { detector: DETECTOR_VERSION, verdict: "pass", rows: 10, bytes: 900, counts: [], findings: [] },
  canaries: { planted: 12, found: 12, leaked: 0, verdict: "pass" },
  k: [
    {
      table: "public.people",
      columns: ["zip", "born"],
      required: 5,
      k: 5,
      rows: 10,
      groups: 2,
      tooSmall: [],
      verdict: "pass",
    },
  ],
};
const people = (more: Partial<SnapshotManifest["tables"][number]>) => ({
  tables: [{ ...(GOOD.tables[0] ?? assert.fail()), ...more }],
});
const expected: ManifestExpectation = { keys: OURS.keys, now: NOW, schema: hash("b"), rules: hash("c"), parts: FILES };

async function problemsOf(manifest: SnapshotManifest, more: Partial<ManifestExpectation> = {}, signer = OURS.signer) {
  const verdict = verifyManifest(await signManifest(manifest, signer), { ...expected, ...more });
  return verdict.ok ? [] : verdict.problems;
}

describe("the manifest of a snapshot", () => {
  it("is the same text for the same content, and says what was signed", async () => {
    const text = await signManifest(GOOD, OURS.signer);
    assert.deepEqual(verifyManifest(text, expected), { ok: true, manifest: GOOD });
    const content = (signed: string) => signed.slice(0, signed.indexOf('"key":'));
    assert.equal(content(text), content(await signManifest(structuredClone(GOOD), OURS.signer)));
  });

  it("is worth nothing when it was changed, or signed by somebody else", async () => {
    const text = await signManifest(GOOD, OURS.signer);
    for (const altered of [
      text.replace('"rowsIn":10', '"rowsIn":11'),
      `${text} `,
      text.replace('"fail"', '"pass"').replace('"k":5', '"k":4'),
    ])
      assert.deepEqual(verifyManifest(altered, expected), {
        ok: false,
        problems: [{ what: "signature", why: "it was changed after it was signed" }],
      });
    assert.deepEqual(await problemsOf(GOOD, {}, THEIRS.signer), [
      { what: "signature", why: "it is signed by a key that is not trusted" },
    ]);
    for (const none of ["", "{}", "null", "Ada 536-22-8126"])
      assert.deepEqual(verifyManifest(none, expected), {
        ok: false,
        problems: [{ what: "signature", why: "it is not a signed text" }],
      });
  });

  const cases: readonly (readonly [string, Partial<SnapshotManifest>, Partial<ManifestExpectation>, string])[] = [
    ["another schema", {}, { schema: hash("d") }, "schema: taken with bbbbbbbbbbbb, in force is dddddddddddd"],
    ["other rules", {}, { rules: hash("d") }, "rules: taken with cccccccccccc, in force is dddddddddddd"],
    [
      "a leak",
      {
        scan: {
          ...GOOD.scan,
          verdict: "fail",
          counts: [{ table: "public.people", column: "note", kind: "ssn", count: 3 }],
        },
      },
      {},
      "scan: it found 3 leaks",
    ],
    [
      "a leak that a verdict denies",
      { scan: { ...GOOD.scan, counts: [{ table: "public.people", column: "note", kind: "ssn", count: 3 }] } },
      {},
      "scan: it found 3 leaks",
    ],
    [
      "an old detector",
      { scan: { ...GOOD.scan, detector: "leak-scan/0" } },
      {},
      `scan: made by leak-scan/0, current is ${DETECTOR_VERSION}`,
    ],
    [
      "a missed canary",
      { canaries: { planted: 12, found: 11, leaked: 0, verdict: "fail" } },
      {},
      "canaries: 12 planted, 11 found, 0 left after masking",
    ],
    [
      "no canary",
      { canaries: { planted: 0, found: 0, leaked: 0, verdict: "pass" } },
      {},
      "canaries: 0 planted, 0 found, 0 left after masking",
    ],
    [
      "a small group",
      { k: [{ ...(GOOD.k[0] ?? assert.fail()), k: 2, verdict: "pass" }] },
      {},
      "k: public.people (zip, born) has k 2, 5 needed",
    ],
    ["lost rows", { ...people({ rowsIn: 11 }) }, {}, "rows: public.people had 11 rows, 10 were written"],
    ["unscanned rows", { scan: { ...GOOD.scan, rows: 9 } }, {}, "rows: 10 were written, 9 scanned"],
    ["unscanned bytes", { scan: { ...GOOD.scan, bytes: 1 } }, {}, "rows: 900 bytes were written, 1 scanned"],
    ["a missing part", {}, { parts: [PRE, POST] }, "part: public.people.0001.copy.gz is missing"],
    [
      "a short part",
      {},
      { parts: [PRE, POST, { ...PART, bytes: 399 }] },
      "part: public.people.0001.copy.gz has 399 bytes, signed are 400",
    ],
    [
      "a changed part",
      {},
      { parts: [PRE, POST, { ...PART, sha256: hash("f") }] },
      "part: public.people.0001.copy.gz was changed: another SHA-256",
    ],
    ["a file too many", {}, { parts: [...FILES, { ...PART, file: "x.sql" }] }, "part: x.sql is not in the manifest"],
    ["a missing definition", {}, { parts: [PRE, PART] }, "definition: post-data.sql is missing"],
    [
      "a changed definition",
      {},
      { parts: [{ ...PRE, sha256: hash("f") }, POST, PART] },
      "definition: pre-data.sql was changed: another SHA-256",
    ],
    ["a part listed twice", people({ parts: [PART, PART] }), {}, "part: a file is listed twice"],
    [
      "age",
      {},
      { now: new Date("2026-11-23T14:30:36.000Z") },
      "age: 36.0 h old, at most 36 h allowed; take a new snapshot",
    ],
    [
      "age against a stack's own limit",
      {},
      { now: new Date("2026-11-22T09:00:00.000Z"), mostHours: 6 },
      "age: 6.5 h old, at most 6 h allowed; take a new snapshot",
    ],
    [
      "a moment to come",
      {},
      { now: new Date("2026-11-22T02:00:00.000Z") },
      "age: its source's moment 2026-11-22T02:30:00.000Z has not come yet",
    ],
  ];
  for (const [what, manifest, expectation, text] of cases)
    it(`names ${what}`, async () => {
      assert.equal(manifestProblemsText(await problemsOf({ ...GOOD, ...manifest }, expectation)), text);
    });

  it("is good to its last allowed moment, and without digests and parts to compare with", async () => {
    assert.deepEqual(await problemsOf(GOOD, { now: new Date("2026-11-23T14:30:00.000Z") }), []);
    const text = await signManifest(GOOD, OURS.signer);
    assert.ok(verifyManifest(text, { keys: OURS.keys, now: NOW }).ok);
  });

  it("names all that is wrong at once", async () => {
    const bad = { ...GOOD, ...people({ rowsIn: 12 }), canaries: { ...GOOD.canaries, leaked: 1 } };
    const problems = await problemsOf(bad, {
      schema: hash("d"),
      parts: [PRE, POST],
      now: new Date("2026-12-22T03:00:00.000Z"),
    });
    assert.deepEqual(
      problems.map(({ what }) => what),
      ["schema", "canaries", "rows", "part", "age"],
    );
  });

  it("is not signed with a field that is unknown or missing", async () => {
    const { epoch, ...rest } = GOOD;
    await assert.rejects(async () => signManifest(rest as SnapshotManifest, OURS.signer), { name: "ZodError" });
    await assert.rejects(async () => signManifest({ ...GOOD, sample: epoch } as SnapshotManifest, OURS.signer), {
      name: "ZodError",
    });
    await assert.rejects(async () =>
      signManifest({ ...GOOD, ...people({ parts: [{ ...PART, file: "../people" }] }) }, OURS.signer),
    );
  });

  it("of another form is refused with its paths, not its values", async () => {
    const text = await seal({ ...GOOD, rules: "536-22-8126" }, OURS.signer);
    const verdict = verifyManifest(text, expected);
    assert.deepEqual(verdict, {
      ok: false,
      problems: [{ what: "form", why: "another version wrote it, or none; see rules" }],
    });
  });
});
