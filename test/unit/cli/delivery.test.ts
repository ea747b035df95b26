import { strict as assert } from "node:assert";
import { reasonOf } from "../../../cli/pulumi";
import { chooseRollback } from "../../../cli/rollback";
import { otherColor, weightsFor, type Color } from "../../../core/rollout/color";
import type { ActualRollout, ColorFact } from "../../../core/rollout/plan";
import { emptyRecord, withDeployment, withRollback, type RolloutRecord } from "../../../core/rollout/record";
import { serviceStatus, statusText } from "../../../core/rollout/status";
import { phasesOf } from "../../bench/phases";
import { configMapName } from "../../../core/configMap/content";
import { bound, fact } from "../rollout/support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "ann@a (pid 1)" };

describe("reasonOf", () => {
  const cases: [string, string, string][] = [
    [
      "takes the error, not that the update failed",
      "Diagnostics:\n  x:\n    error: smoke test failed\n  s:\n    error: update failed",
      "smoke test failed",
    ],
    [
      "reads the list of a partial failure",
      "    error: 1 error occurred:\n    \t* given up\n    * pod x: ErrImagePull\n\n  other:",
      "given up; pod x: ErrImagePull",
    ],
    [
      "passes over the program's frame",
      "error: Running program '/x' failed with an unhandled exception:\nerror: no such key",
      "no such key",
    ],
    [
      "passes over what was cut short by it",
      "  s:\n    error: failed to run remediation: context canceled\n  lease:\n    error: no room for 3 more pods",
      "no room for 3 more pods",
    ],
    ["has an answer when there is none", "nothing at all", "the update failed"],
  ];
  for (const [name, output, expected] of cases) {
    it(name, () => {
      assert.equal(reasonOf(output.split("\n")), expected);
    });
  }
});

const deployed = (...names: readonly string[]): RolloutRecord =>
  names.reduce(
    (record, name) => withDeployment(record, record.live ? otherColor(record.live) : "blue", bound(name), act),
    emptyRecord(),
  );
const world = (record: RolloutRecord, idle: ColorFact | null): ActualRollout => {
  const live: Color | null = record.live;
  const release = live && record.colors[live];
  const here: ColorFact | null = release && { release, ready: 2, desired: 2, proven: true, missing: false };
  const colors = live === "green" ? { green: here, blue: idle } : { blue: here, green: idle };
  return { live, weights: live && weightsFor(live), foreign: null, colors, record };
};

describe("chooseRollback", () => {
  const choose = (actual: ActualRollout, tag?: string) => chooseRollback("svc", actual, tag, "prod");
  it("moves to the release before when it stands proven", () => {
    const { kind, release } = choose(world(deployed("r1", "r2"), fact("r1")));
    assert.deepEqual([kind, release.release.tag], ["move", "R1"]);
  });
  it("brings a named release up again when it does not stand", () => {
    assert.equal(choose(world(deployed("r1", "r2", "r3"), fact("r2")), "R1").kind, "deploy");
  });
  const refused: [string, ActualRollout, string | undefined, RegExp][] = [
    ["nothing is live", world(emptyRecord(), null), undefined, /nothing is live/],
    [
      "there is no earlier release",
      world(deployed("r1"), null),
      undefined,
      /no earlier good release to go back to; were live: R1/,
    ],
    [
      "the tag was never live",
      world(deployed("r1", "r2"), fact("r1")),
      "R9",
      /no release "R9" was live here; known are R1 .*, R2/,
    ],
    ["the release is live already", world(deployed("r1", "r2"), fact("r1")), "R2", /R2 \(\w+\) is live already/],
    [
      "the release before does not stand",
      world(deployed("r1", "r2"), null),
      undefined,
      /does not stand any more.*hms-deploy rollback --env prod --service svc --to R1/,
    ],
    [
      "it stands, but no pod is ready",
      world(deployed("r1", "r2"), fact("r1", { ready: 0 })),
      undefined,
      /does not stand any more/,
    ],
  ];
  for (const [name, actual, tag, message] of refused) {
    it(`refuses when ${name}`, () => {
      assert.throws(() => choose(actual, tag), message);
    });
  }
});

describe("status", () => {
  const back = withRollback(deployed("r1", "r2"), "blue", bound("r1"), { ...act, reason: "rolled back to R1" });
  const seen = {
    name: "svc",
    target: "here",
    url: "http://svc",
    actual: world(back, fact("r2", { ready: 1 })),
    mover: null,
  };

  it("is the documented document", () => {
    const image = { r1: "registry/x@sha256:r1", r2: "registry/x@sha256:r2" };
    const config = configMapName("svc", bound("r1").spec);
    assert.deepEqual(serviceStatus(seen), {
      name: "svc",
      account: null,
      target: "here",
      url: "http://svc",
      live: "blue",
      weights: { blue: 100, green: 0 },
      phase: "live",
      scheduledAt: null,
      held: [bound("r2").id],
      stale: false,
      colors: {
        blue: { tag: "R1", release: bound("r1").id, image: image.r1, ready: 2, desired: 2, proven: true, config },
        green: { tag: "R2", release: bound("r2").id, image: image.r2, ready: 1, desired: 2, proven: true, config },
      },
    });
  });

  it("says the same to people, and what needs attention", () => {
    assert.deepEqual(statusText([{ ...seen, mover: "bob@b (pid 2)" }]), [
      `svc  blue is live with R1 (${bound("r1").id})  http://svc`,
      "  blue  100 %  2/2 ready  R1  proven",
      "  green   0 %  1/2 ready  R2  proven",
      "  moving: bob@b (pid 2)",
      `  R2 (${bound("r2").id}) is held since ${act.at}: rolled back to R1`,
    ]);
  });
});

describe("phasesOf", () => {
  it("reads where the seconds of an update went", () => {
    const lines = [
      [1.5, " ~  pulumi:providers:hms hms refreshing (0s) "],
      [2.5, " ~  kubernetes:core/v1:Namespace namespace refresh (0.31s) "],
      [4, "    pulumi:pulumi:Stack hms-dev running "],
      [5, " ~  docker:index:Image svc updated (0.57s) [diff: ~build]"],
      [8, " +  kubernetes:apps/v1:Deployment svc-green created (2s) "],
      [9, " ~  hms:rollout:Verification svc updated (0.16s) [diff: ~color,release]; green is healthy"],
      [9.5, " ~  hms:rollout:TrafficSwitch svc updated (0.29s) [diff: ~live]"],
    ].map(([at, text]) => ({ at: Number(at), text: String(text) }));
    assert.deepEqual(phasesOf(lines, 10), {
      total: 10,
      engineStart: 1.5,
      refresh: 1,
      languageStart: 1.5,
      image: 0.57,
      colorUp: 2,
      verify: 0.16,
      move: 0.29,
    });
  });
});
