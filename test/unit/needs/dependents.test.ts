import assert from "node:assert/strict";
import { dependentsFirst, refuseBreaking, withDependents, type Rollouts } from "../../../cli/dependents";
import { planProblems } from "../../../core/rollout/needs";
import type { ActualRollout } from "../../../core/rollout/plan";
import { emptyRecord, withDeployment, withMove } from "../../../core/rollout/record";
import { releaseOf, type BoundRelease, type ReleaseSpec } from "../../../core/rollout/release";
import { release } from "../rollout/support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "ann@a (pid 1)" };

type Promised = Pick<ReleaseSpec, "contract" | "needs">;

const bound = (tag: string, promised: Promised): BoundRelease => ({
  ...releaseOf({ ...release(tag).spec, ...promised }, tag),
  image: `registry/x@sha256:${tag}`,
});

const OLD_RULES = bound("rules-1", { contract: ["1.0"] });
const RULES = bound("rules-2", { contract: ["1.1"] });
const NEXT_RULES = bound("rules-3", { contract: ["2.0"] });
const BOTH_RULES = bound("rules-3-and-1", { contract: ["1.1", "2.0"] });
const OLD_API = bound("api-1", { needs: { rules: { contract: "1.0" } } });
const API = bound("api-2", { needs: { rules: { contract: "1.1" } } });
const NEXT_API = bound("api-3", { needs: { rules: { contract: "2.0" } } });
const WEB = bound("web-1", { needs: { api: {} } });

/** Live on blue. */
function rollout(live: BoundRelease): ActualRollout {
  const record = withDeployment(emptyRecord(), "blue", live, act);
  const blue = { release: live, ready: 2, desired: 2, proven: true, missing: false };
  return { live: "blue", weights: record.weights, foreign: null, colors: { blue, green: null }, record };
}

const stack = (live: Readonly<Record<string, BoundRelease>>): Rollouts =>
  new Map(Object.entries(live).map(([name, one]) => [name, rollout(one)]));

describe("a way back", () => {
  it("is refused while a live release needs what would go, with the reason and the ways out", () => {
    assert.throws(
      () => {
        refuseBreaking(stack({ rules: RULES, api: API }), "rules", OLD_RULES, "prod");
      },
      {
        name: "RefusedError",
        message:
          `rules: api api-2 (${API.id}) needs rules by contract 1.1, and rules-1 (${OLD_RULES.id}) answers by contract 1.0. ` +
          "Nothing was moved. Take api back with it: hms-deploy rollback --env prod --service rules --with-dependents. " +
          "Where that cannot wait, --break-dependents goes back all the same",
      },
    );
  });

  it("is refused to a release whose own needs are not met any more", () => {
    assert.throws(() => {
      refuseBreaking(stack({ rules: NEXT_RULES, api: NEXT_API }), "api", API, "prod");
    }, /api: api api-2 .* needs rules by contract 1\.1, and rules-3 .* answers by contract 2\.0.*Bring what it needs back first/);
  });

  it("is refused while a release on its way up needs what would go", () => {
    const moving = rollout(OLD_API);
    const parts = { ...moving.colors, green: { release: API, ready: 2, desired: 2, proven: true, missing: false } };
    const record = withMove(moving.record, "green", API.id, 0, { blue: 90, green: 10 });
    const rollouts = new Map([...stack({ rules: RULES }), ["api", { ...moving, colors: parts, record }] as const]);
    assert.throws(() => {
      refuseBreaking(rollouts, "rules", OLD_RULES, "prod");
    }, /api api-2 .* needs rules by contract 1\.1/);
  });

  for (const [what, live, service, target] of [
    ["nobody needs more than the older release promises", { rules: RULES, api: OLD_API }, "rules", OLD_RULES],
    ["the one who needed it has gone back", { rules: RULES, api: OLD_API, web: WEB }, "rules", OLD_RULES],
    ["it needs less itself", { rules: RULES, api: API }, "api", OLD_API],
    ["what it would break is broken already", { rules: OLD_RULES, api: NEXT_API }, "rules", RULES],
  ] as const) {
    it(`is free when ${what}`, () => {
      refuseBreaking(stack(live), service, target, "prod");
    });
  }

  const targets: Readonly<Record<string, BoundRelease>> = { rules: OLD_RULES, api: OLD_API, web: WEB };
  const targetOf = (name: string) => targets[name] ?? OLD_RULES;

  it("takes along whom it would break, and these go first", () => {
    assert.deepEqual(withDependents(stack({ rules: RULES, api: API, web: WEB }), "rules", targetOf), ["api", "rules"]);
    assert.deepEqual(withDependents(stack({ rules: RULES, api: OLD_API }), "rules", targetOf), ["rules"]);
  });

  it("moves nothing when going back together would break them all the same", () => {
    assert.throws(
      () => withDependents(stack({ rules: RULES, api: API }), "rules", (name) => (name === "api" ? API : OLD_RULES)),
      /going back together would not do: api api-2 .*Nothing was moved/,
    );
  });

  it("of a whole stack begins with those who need others", () => {
    const names = dependentsFirst(stack({ api: API, rules: RULES, web: WEB }), ["api", "rules", "web"]);
    assert.deepEqual(names, ["web", "api", "rules"]);
    assert.deepEqual(dependentsFirst(stack({ a: RULES, b: RULES }), ["a", "b"]), ["a", "b"]);
  });
});

describe("a plan for a stack", () => {
  const lives = (of: Readonly<Record<string, BoundRelease>>) => new Map(Object.entries(of));
  const problems = (now: Readonly<Record<string, BoundRelease>>, then: Readonly<Record<string, BoundRelease>>) =>
    planProblems(lives(now), lives(then));

  for (const [what, now, then] of [
    ["the first release of both", {}, { rules: RULES, api: API }],
    [
      "one that adds to the contract, and one that uses it",
      { rules: OLD_RULES, api: OLD_API },
      { rules: RULES, api: API },
    ],
    ["both contracts, and one that goes over", { rules: RULES, api: API }, { rules: BOTH_RULES, api: NEXT_API }],
    [
      "the older contract dropped when nobody needs it",
      { rules: BOTH_RULES, api: NEXT_API },
      { rules: NEXT_RULES, api: NEXT_API },
    ],
    ["what is broken and stays as it is", { rules: OLD_RULES, api: API }, { rules: OLD_RULES, api: API }],
  ] as const) {
    it(`is let through: ${what}`, () => {
      assert.deepEqual(problems(now, then), []);
    });
  }

  for (const [what, now, then, reason] of [
    [
      "a need that nothing meets",
      {},
      { api: API },
      /^api api-2 .* needs rules by contract 1\.1, and no release of it is live\. Deploy rules too, or first$/,
    ],
    [
      "a need of more than is promised",
      { rules: OLD_RULES, api: OLD_API },
      { rules: OLD_RULES, api: API },
      /answers by contract 1\.0\. Deploy a release of rules that answers by contract 1\.1, or correct needs$/,
    ],
    [
      "a promise dropped that a live release needs",
      { rules: RULES, api: API },
      { rules: NEXT_RULES, api: API },
      /api api-2 .* answers by contract 2\.0\. Bring api to a release that does without first, or both back together$/,
    ],
    [
      "both over at once, when the needed one moves first",
      { rules: RULES, api: API },
      { rules: NEXT_RULES, api: NEXT_API },
      /^rules moves first, and api api-2 .* needs rules by contract 1\.1.*Let one release of rules answer by both/,
    ],
  ] as const) {
    it(`is refused: ${what}`, () => {
      const [problem, ...more] = problems(now, then);
      assert.match(problem ?? "", reason);
      assert.deepEqual(more, []);
    });
  }
});
