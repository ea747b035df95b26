import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { assess, count, notShown } from "../../../core/controls/assess";
import { controlId, controlText, readBaselines } from "../../../core/controls/baselines";
import { dutyOf, readControlMap, type Claim, type ControlMap } from "../../../core/controls/claims";
import { markdownReport } from "../../../core/controls/markdown";
import { componentDefinition, uuidOf } from "../../../core/controls/oscal";
import { OUTCOMES, readTestRun, type TestRun } from "../../../core/controls/testRun";

const BASELINES = readBaselines(readFileSync("policy/controls/baselines.yaml", "utf8"));
const MAP = readControlMap(readFileSync("policy/controls/controls.yaml", "utf8"));
const FILE = "test/unit/a.test.ts";

const claim = (id: string, tests: readonly string[], remains?: string): Claim => ({
  ...{ id, title: "Title", how: "How.", evidence: ["the ledger"] },
  ...(remains === undefined ? {} : { remains }),
  proofs: tests.map((test) => ({ test, file: FILE, broken: { file: "a.ts", from: "a", to: "b" } })),
});
const run = (tests: Readonly<Record<string, (typeof OUTCOMES)[number]>>): TestRun => ({
  ...{ run: "unit", at: "2026-01-02T03:04:05.000Z", commit: "abc" },
  tests: Object.entries(tests).map(([title, outcome]) => ({ title, file: FILE, outcome })),
});
const baseline = {
  name: "small",
  title: "Small",
  source: "https://example.org/small",
  controls: ["ac-1", "ac-2", "ac-2.1", "pe-3"],
};
const duties = [{ whose: "the provider", why: "it has the buildings", controls: new Set(["pe", "ac-1"]) }];
const mapOf = (...claims: readonly Claim[]): ControlMap => ({ claims, duties });

describe("the baselines of controls", () => {
  it("are FedRAMP Moderate's 323 and NIST's high 370, each control once", () => {
    assert.deepEqual(
      BASELINES.map(({ name, controls }) => [name, controls.length, new Set(controls).size]),
      [
        ["fedramp-moderate", 323, 323],
        ["fisma-high", 370, 370],
      ],
    );
  });

  it("name controls as NIST prints them and as OSCAL has them", () => {
    for (const id of BASELINES.flatMap(({ controls }) => controls)) assert.equal(controlId(controlText(id)), id);
    assert.deepEqual([controlText("au-9.3"), controlId("CM-3(1)")], ["AU-9(3)", "cm-3.1"]);
  });
});

describe("the map of controls", () => {
  it("claims no control twice over, and none that is somebody else's duty", () => {
    for (const { id } of MAP.claims) assert.equal(dutyOf(MAP.duties, id), undefined, id);
  });

  it("breaks what stands in the sources exactly once, and names tests' files that are there", () => {
    for (const { proofs } of MAP.claims)
      for (const { file, broken } of proofs) {
        assert.ok(existsSync(file), file);
        const pieces = readFileSync(broken.file, "utf8").split(broken.from).length - 1;
        assert.equal(pieces, 1, `${broken.file}: ${broken.from}`);
        assert.notEqual(broken.from, broken.to);
      }
  });

  it("claims only what one of the baselines asks for", () => {
    const asked = new Set(BASELINES.flatMap(({ controls }) => controls));
    assert.deepEqual(
      MAP.claims.filter(({ id }) => !asked.has(id)).map(({ id }) => id),
      [],
    );
  });
});

describe("the assessment of a baseline", () => {
  const standings = (map: ControlMap, ...runs: readonly TestRun[]) =>
    assess(baseline, map, runs).controls.map(({ standing }) => standing);

  it("shows a claim by its tests, names who else has a duty, and calls the rest a gap", () => {
    const map = mapOf(claim("ac-2", ["one", "two"]), claim("ac-2.1", ["three"], "People."));
    const runs = run({ one: "passed", "two of a": "passed", "two of b": "passed", three: "passed" });
    assert.deepEqual(standings(map, runs), ["duty", "shown", "shown-in-part", "duty"]);
    assert.deepEqual(standings(mapOf(), runs), ["duty", "gap", "gap", "duty"]);
  });

  const bad: readonly (readonly [string, TestRun])[] = [
    ["failed", run({ one: "passed", two: "failed" })],
    ["was skipped", run({ one: "passed", two: "skipped" })],
    ["did not run", run({ one: "passed" })],
    ["failed in one case of several", run({ one: "passed", "two of a": "passed", "two of b": "failed" })],
    [
      "ran in another file",
      { ...run({ one: "passed" }), tests: [{ title: "two", file: "b.test.ts", outcome: "passed" }] },
    ],
  ];
  for (const [what, seen] of bad)
    it(`does not show a claim of which a test ${what}`, () => {
      const assessment = assess(baseline, mapOf(claim("ac-2", ["one", "two"])), [seen]);
      assert.equal(assessment.controls[1]?.standing, "not-shown");
      assert.equal(notShown(assessment).length, 1);
    });

  it("puts each control of the baseline in one place, and counts them all, whatever ran", () => {
    const outcome = fc.constantFrom(...OUTCOMES);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("one", "two", "three"), outcome), (outcomes) => {
        const assessment = assess(baseline, mapOf(claim("ac-2", ["one"]), claim("si-7", ["two"])), [run(outcomes)]);
        const kinds = ["shown", "shown-in-part", "not-shown", "duty", "gap"] as const;
        assert.equal(
          kinds.reduce((sum, kind) => sum + count(assessment, kind), 0),
          baseline.controls.length,
        );
        assert.deepEqual(
          assessment.beyond.map(({ id }) => id),
          ["si-7"],
        );
      }),
    );
  });
});

describe("reports on controls", () => {
  const map = mapOf(claim("ac-2", ["one"], "People."), claim("ac-2.1", ["missing"]));
  const assessment = assess({ ...baseline, controls: [...baseline.controls, "si-4"] }, map, [run({ one: "passed" })]);

  it("name every claim with its tests, every duty and every gap", () => {
    const text = markdownReport(assessment);
    assert.match(
      text,
      /### AC-2 Title: shown in part\n\nHow\.\n\nLeft to others: People\.\n\n- test: one \(.*\): passed 2026-01-02/,
    );
    assert.match(text, /### AC-2\(1\) Title: CLAIMED, NOT SHOWN\n[^#]*- test: missing \(.*\): in no run/);
    assert.match(text, /\*\*the provider\*\*: it has the buildings\n\nAC-1, PE-3/);
    assert.match(text, /## Gaps\n\nNothing here is claimed of:\n\nSI-4\n/);
  });

  it("hold in OSCAL what is shown, and nothing that is only claimed", () => {
    const facts = { title: "HMS", description: "d", version: "1", at: new Date(0) };
    const document = componentDefinition(facts, [assessment])["component-definition"];
    const [implementation] = document.components[0]?.["control-implementations"] ?? [];
    assert.deepEqual(
      implementation?.["implemented-requirements"].map((each) => [each["control-id"], each.props[0]?.value]),
      [["ac-2", "partial"]],
    );
    assert.equal(implementation?.source, baseline.source);
    assert.deepEqual(componentDefinition(facts, [assessment]), componentDefinition(facts, [assessment]));
    const nothing = componentDefinition(facts, [assess(baseline, mapOf(), [])])["component-definition"];
    assert.equal("control-implementations" in (nothing.components[0] ?? {}), false);
  });

  it("name things by UUIDs of version 5 that follow from their names", () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.match(uuidOf("requirement", one), form);
        assert.equal(uuidOf("a", one) === uuidOf("a", other), one === other);
      }),
    );
  });
});

describe("a kept test run", () => {
  it("reads back as it was written, and counts for nothing otherwise", () => {
    const kept = run({ one: "passed" });
    assert.deepEqual(readTestRun(JSON.stringify(kept)), kept);
    for (const text of ["", "{}", JSON.stringify({ ...kept, at: "yesterday" })])
      assert.equal(readTestRun(text), undefined);
  });
});
