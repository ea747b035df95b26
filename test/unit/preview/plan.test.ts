import { strict as assert } from "node:assert";
import { factDifferences } from "../../../core/preview/differences";
import { readEnginePlan, violationsOf } from "../../../core/preview/enginePlan";
import type { ServiceFacts } from "../../../core/preview/facts";
import { movedText, planDigest, planFile, readPlanFile, sourceDifferences } from "../../../core/preview/planFile";
import { weightsFor } from "../../../core/rollout/color";
import { content, enginePlanText, image, moving } from "./support";

const SAVED = new Date("2026-01-02T03:04:05Z");
const digestOf = (text: string): string => planDigest(content({ engine: readEnginePlan(text) }));

describe("the digest of a plan", () => {
  it("is the same for two previews of the same change", () => {
    const again = { seed: "BBBB", time: "2026-02-02T00:00:00Z", cipher: "v1:p:q", flipped: true };
    assert.equal(digestOf(enginePlanText()), digestOf(enginePlanText(again)));
  });

  it("is another one for another value, another step, another wish, another world, another program", () => {
    const digests = [
      digestOf(enginePlanText()),
      digestOf(enginePlanText().replace('"live":"green"', '"live":"blue"')),
      digestOf(enginePlanText().replace('["update"]', '["replace"]')),
      planDigest(content()),
      planDigest(content({ wishes: { traffic: 1 } })),
      planDigest(content({ facts: { services: [moving({ weights: { before: null, after: null } })] } })),
      planDigest(content({ stack: "prod" })),
      planDigest(content({ sources: { program: {}, configuration: {} } })),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });

  it("does not see remarks of the moment", () => {
    const noted = content({ facts: { services: [moving({ notes: ["somebody is moving its traffic"] })] } });
    assert.equal(planDigest(noted), planDigest(content()));
  });
});

describe("the engine's plan", () => {
  it("is kept without the outputs of resources, and without a secret in clear", () => {
    assert.ok(!JSON.stringify(readEnginePlan(enginePlanText())).includes("resourceVersion"));
  });

  it("is refused in a format that is not known", () => {
    for (const text of ["", "[]", "{}", '{"manifest":{},"resourcePlans":{"urn":{"goal":{}}}}'])
      assert.throws(() => readEnginePlan(text), { name: "RefusedError" }, text);
  });

  it("names the resource and the property that an update would do otherwise", () => {
    const urn = "urn:pulumi:dev::hms::hms:delivery:PolicyService$hms:rollout:RolloutLease::benefit";
    const line = `    error: resource ${urn} violates plan: properties changed: ~~release[{a}!={b}]`;
    assert.deepEqual(violationsOf(["x", line, line]), [
      "benefit (hms:rollout:RolloutLease): properties changed: ~~release[{a}!={b}]",
    ]);
  });
});

describe("a plan file", () => {
  const file = planFile(content(), SAVED);
  const text = JSON.stringify(file);

  it("comes back as it was saved, for the digest that was approved", () => {
    assert.deepEqual(readPlanFile(text, "a.plan", file.digest), file);
  });

  const bad: readonly (readonly [string, string, string | undefined, RegExp])[] = [
    ["a text that is none", "nothing", undefined, /a\.plan is not JSON; make a plan with: hms preview/],
    ["another version", text.replace('"version":1', '"version":2'), undefined, /is no plan of this version \(version:/],
    ["changed wishes", text.replace('"tags":{}', '"tags":{"x":"y"}'), undefined, /was changed after it was saved/],
    ["a changed world", text.replace('"ns"', '"other"'), undefined, /was changed after it was saved/],
    [
      "another digest than the approved one",
      text,
      `sha256:${"0".repeat(64)}`,
      /but sha256:0+ was approved; nothing is applied/,
    ],
  ];
  for (const [what, given, approved, expected] of bad)
    it(`is refused for ${what}`, () => {
      assert.throws(() => readPlanFile(given, "a.plan", approved), expected);
    });
});

describe("a world that moved since the plan", () => {
  const changed: readonly (readonly [string, Partial<ServiceFacts>, readonly string[]])[] = [
    ["nothing", {}, []],
    ["remarks alone", { notes: ["frozen"] }, []],
    [
      "live color",
      { live: { before: "green", after: "blue" }, steps: [100] },
      ["live color: the plan was made for blue, now it is green"],
    ],
    [
      "weights",
      { weights: { before: weightsFor("blue", 99), after: weightsFor("green") } },
      ["weights: the plan was made for blue 100 %, green 0 %, now it is blue 99 %, green 1 %"],
    ],
    ["a hold", { held: ["bbb"], kind: "kept" }, ["held releases: the plan was made for none, now it is bbb"]],
    [
      "the wish",
      {
        colors: {
          ...moving().colors,
          after: { ...moving().colors.before, green: { tag: "V3", release: "ccc", image: null, proven: false } },
        },
      },
      ["release on green after the update: the plan was made for V2 (bbb), now it is V3 (ccc)"],
    ],
    [
      "an image",
      {
        colors: {
          ...moving().colors,
          before: { ...moving().colors.before, blue: { tag: "V1", release: "aaa", image: image("f"), proven: true } },
        },
      },
      [`image on blue: the plan was made for ${image("a")}, now it is ${image("f")}`],
    ],
    ["steps", { steps: [100] }, ["steps: the plan was made for 1, 100, now it is 100"]],
  ];
  for (const [what, change, expected] of changed)
    it(`is named: ${what}`, () => {
      const found = factDifferences({ services: [moving()] }, { services: [moving(change)] });
      assert.deepEqual(
        found,
        expected.map((text) => `benefit: ${text}`),
      );
    });

  it("is named: services that came and went, told apart by account", () => {
    const one = moving({ account: "usda" });
    const other = moving({ account: "epa" });
    assert.deepEqual(factDifferences({ services: [one] }, { services: [other] }), [
      "usda/benefit: it is no service any more",
      "epa/benefit: the plan does not know it",
    ]);
  });

  it("is named: program and configuration, by what changed and never by a value", () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    const planned = { program: { core: a, cli: a }, configuration: { "hms:domain": a } };
    const now = { program: { core: b, policy: a }, configuration: { "hms:domain": a } };
    const found = sourceDifferences(planned, now);
    assert.deepEqual(found, [
      "program: cli: it is not there any more",
      "program: core: it is another one than the plan was made with",
      "program: policy: the plan was made without it",
    ]);
    assert.match(
      movedText("sha256:1", found),
      /^plan sha256:1 is not applied.*\n {2}program: cli.*\n.*\n.*\nnothing was changed/,
    );
  });
});
