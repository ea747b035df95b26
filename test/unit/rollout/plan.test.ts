import { strict as assert } from "node:assert";
import fc from "fast-check";
import { COLORS, otherColor, weightsFor, type Color } from "../../../core/rollout/color";
import { planRollout, type ActualRollout, type ColorFact, type PlanKind } from "../../../core/rollout/plan";
import { emptyRecord, type Hold } from "../../../core/rollout/record";
import { fact, release } from "./support";

const hold = (name: string, kind: Hold["kind"]): Hold => ({
  release: release(name).id,
  tag: release(name).tag,
  kind,
  reason: "because",
  at: "2026-01-01T00:00:00.000Z",
});

const actual = (
  live: Color | null,
  blue: ColorFact | null,
  green: ColorFact | null,
  holds: Hold[] = [],
): ActualRollout => ({
  live,
  weights: live === null ? null : weightsFor(live),
  foreign: null,
  colors: { blue, green },
  record: { ...emptyRecord(), live, holds },
});

describe("planRollout", () => {
  const cases: {
    name: string;
    actual: ActualRollout;
    retry?: boolean;
    kind: PlanKind;
    live: Color;
    runs: readonly [string | null, string | null];
  }[] = [
    {
      name: "puts the first release on blue",
      actual: actual(null, null, null),
      kind: "first",
      live: "blue",
      runs: ["r2", null],
    },
    {
      name: "replaces a first release that never went live",
      actual: actual(null, fact("r1", { proven: false }), null),
      kind: "first",
      live: "blue",
      runs: ["r2", null],
    },
    {
      name: "moves nothing when the wish is live",
      actual: actual("green", fact("r1"), fact("r2")),
      kind: "settled",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "gives a new release to the idle color",
      actual: actual("green", fact("r0"), fact("r1")),
      kind: "deploy",
      live: "blue",
      runs: ["r2", "r1"],
    },
    {
      name: "uses the idle color when it was never used",
      actual: actual("blue", fact("r1"), null),
      kind: "deploy",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "only switches to an idle color proven with the wish",
      actual: actual("blue", fact("r1"), fact("r2")),
      kind: "switch",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "proves again what never passed",
      actual: actual("blue", fact("r1"), fact("r2", { proven: false })),
      kind: "deploy",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "brings back a proven color whose workload was deleted",
      actual: actual("blue", fact("r1"), fact("r2", { missing: true })),
      kind: "deploy",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "leaves the live release when the wish was rolled back from",
      actual: actual("blue", fact("r1"), fact("r2"), [hold("r2", "rolledBack")]),
      kind: "kept",
      live: "blue",
      runs: ["r1", "r2"],
    },
    {
      name: "refuses a release that failed its gates",
      actual: actual("blue", fact("r1"), fact("r2", { proven: false }), [hold("r2", "failed")]),
      kind: "refused",
      live: "blue",
      runs: ["r1", "r2"],
    },
    {
      name: "refuses a first release that failed, and keeps nothing of it",
      actual: actual(null, fact("r2", { proven: false }), null, [hold("r2", "failed")]),
      kind: "refused",
      live: "blue",
      runs: [null, null],
    },
    {
      name: "tries a failed release again when told to",
      actual: actual("blue", fact("r1"), fact("r2", { proven: false }), [hold("r2", "failed")]),
      retry: true,
      kind: "deploy",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "goes forward again when told to",
      actual: actual("blue", fact("r1"), fact("r2"), [hold("r2", "rolledBack")]),
      retry: true,
      kind: "switch",
      live: "green",
      runs: ["r1", "r2"],
    },
    {
      name: "moves nothing for a live release that is held by mistake",
      actual: actual("blue", fact("r2"), fact("r1"), [hold("r2", "failed")]),
      kind: "settled",
      live: "blue",
      runs: ["r2", "r1"],
    },
    {
      name: "deploys beside a live color of which nothing is known",
      actual: actual("blue", null, null),
      kind: "deploy",
      live: "green",
      runs: [null, "r2"],
    },
  ];
  for (const { name, actual: facts, retry = false, kind, live, runs } of cases) {
    it(name, () => {
      const plan = planRollout(facts, { release: release("r2"), retry });
      const ran = COLORS.map((color) => plan.colors[color]?.id ?? null);
      assert.deepEqual(
        { kind: plan.kind, live: plan.live, runs: ran },
        { kind, live, runs: runs.map((one) => (one === null ? null : release(one).id)) },
      );
    });
  }

  const facts = fc.option(
    fc
      .record({ name: fc.constantFrom("r0", "r1", "r2", "r3"), proven: fc.boolean(), missing: fc.boolean() })
      .map((one) => fact(one.name, { proven: one.proven, missing: one.missing })),
  );
  const holds = fc.array(
    fc.tuple(fc.constantFrom("r0", "r1", "r2", "r3"), fc.constantFrom("rolledBack" as const, "failed" as const)),
  );
  const worlds = fc.tuple(fc.option(fc.constantFrom(...COLORS)), facts, facts, holds).map(([live, blue, green, held]) =>
    actual(
      live,
      blue,
      green,
      held.map(([name, kind]) => hold(name, kind)),
    ),
  );
  const wishes = fc.record({ release: fc.constantFrom("r0", "r1", "r2", "r3").map(release), retry: fc.boolean() });

  it("never changes what the live color runs, and never changes the color that it makes idle", () => {
    fc.assert(
      fc.property(worlds, wishes, (world, wish) => {
        const plan = planRollout(world, wish);
        if (world.live === null) return;
        assert.equal(plan.colors[world.live]?.id, world.colors[world.live]?.release.id);
        assert.notEqual(plan.changes, world.live);
      }),
    );
  });

  it("never moves to a held release, unless told to", () => {
    fc.assert(
      fc.property(worlds, wishes, (world, wish) => {
        const plan = planRollout(world, wish);
        const isHeld = !wish.retry && world.record.holds.some((one) => one.release === wish.release.id);
        if (!isHeld || plan.kind === "settled") return;
        assert.ok(plan.live === (world.live ?? "blue") || world.live === null);
        assert.equal(plan.changes === null || world.live === null, true);
      }),
    );
  });

  it("is settled once its own plan has been carried out", () => {
    fc.assert(
      fc.property(worlds, wishes, (world, wish) => {
        const plan = planRollout(world, wish);
        if (plan.kind === "refused" || plan.kind === "kept") return;
        const carriedOut = (color: Color): ColorFact | null => {
          const planned = plan.colors[color];
          return planned && { release: { ...planned, image: "x" }, ready: 2, desired: 2, proven: true, missing: false };
        };
        const after = actual(plan.live, carriedOut("blue"), carriedOut("green"));
        const again = planRollout(after, { ...wish, retry: false });
        assert.deepEqual([again.kind, again.live], ["settled", plan.live]);
        assert.deepEqual(again.colors[otherColor(plan.live)]?.id, plan.colors[otherColor(plan.live)]?.id);
      }),
    );
  });
});
