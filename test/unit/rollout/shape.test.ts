import { strict as assert } from "node:assert";
import fc from "fast-check";
import { canonicalJson } from "../../../core/canonicalJson";
import { podsThatFit } from "../../../core/capacity";
import { COLORS, majority, weightsFor } from "../../../core/rollout/color";
import { drainFor } from "../../../core/rollout/drain";
import { planRollout } from "../../../core/rollout/plan";
import { emptyRecord, withDeployment } from "../../../core/rollout/record";
import { releaseOf } from "../../../core/rollout/release";
import { renderProbeRouteSpec, renderRoute } from "../../../core/rollout/route";
import { leastPods, replicasOf } from "../../../core/rollout/size";
import { strategyProblems } from "../../../core/rollout/strategy";
import { bound, release } from "./support";

describe("weights", () => {
  it("always sum to 100, for every whole share", () => {
    fc.assert(
      fc.property(fc.constantFrom(...COLORS), fc.integer({ min: 0, max: 100 }), (color, share) => {
        const weights = weightsFor(color, share);
        assert.equal(weights.blue + weights.green, 100);
        assert.equal(weights[color], share);
      }),
    );
  });
  for (const share of [-1, 101, 0.5, NaN]) {
    it(`refuses a share of ${share}`, () => {
      assert.throws(() => weightsFor("blue", share), /weight of blue: got .*, allowed is a whole number from 0 to 100/);
    });
  }
  it("leave the live color live on a tie", () => {
    assert.deepEqual(
      [majority({ blue: 50, green: 50 }, "green"), majority({ blue: 51, green: 49 }, "green")],
      ["green", "blue"],
    );
  });
});

describe("a release", () => {
  it("has the same id whatever the order of its settings, and the tag decides nothing", () => {
    const { spec } = release("r1");
    const shuffled = Object.fromEntries(Object.entries(spec).reverse()) as unknown as typeof spec;
    assert.equal(releaseOf(shuffled, "other").id, release("r1").id);
    assert.notEqual(releaseOf({ ...spec, env: { A: "1" } }, "R1").id, release("r1").id);
  });
  it("is written with sorted keys and without undefined", () => {
    assert.equal(canonicalJson({ b: [1, { d: null, c: undefined }], a: "x" }), `{"a":"x","b":[1,{"d":null}]}`);
  });
});

describe("the route", () => {
  const shape = {
    service: "svc",
    namespace: "ns",
    hostnames: ["svc.localhost"],
    gateway: { name: "public", namespace: "gateway" },
  };
  it("has both colors as backends whatever their weights, and marks every answer", () => {
    const route = renderRoute(shape, weightsFor("green"), emptyRecord(), "7.1.0");
    const backends = route.spec.rules[0]?.backendRefs.map(({ name, weight, port, filters }) => ({
      name,
      weight,
      port,
      marks: filters[0]?.responseHeaderModifier.set.map((header) => header.value),
    }));
    assert.deepEqual(backends, [
      { name: "svc-blue", weight: 0, port: 80, marks: ["blue", "7.1.0"] },
      { name: "svc-green", weight: 100, port: 80, marks: ["green", "7.1.0"] },
    ]);
  });
  it("refuses weights that do not sum to 100: a zero sum is an outage", () => {
    assert.throws(
      () => renderRoute(shape, { blue: 0, green: 0 }, emptyRecord(), "1"),
      /got 0 \+ 0, the sum must be 100/,
    );
  });
  it("reaches one color by a header with a token", () => {
    const rules = renderProbeRouteSpec(shape, "t0ken").rules.map((rule) => [
      rule.matches[0]?.headers[0]?.value,
      rule.backendRefs.map((backend) => backend.name),
    ]);
    assert.deepEqual(rules, [
      ["blue.t0ken", ["svc-blue"]],
      ["green.t0ken", ["svc-green"]],
    ]);
  });
});

describe("strategyProblems", () => {
  const step = (weight: number, holdSeconds = 0) => ({ weight, holdSeconds, gates: [] });
  const cases: [string, ReturnType<typeof step>[], RegExp | null][] = [
    ["accepts 1, 25, 100", [step(1, 120), step(25, 60), step(100)], null],
    ["refuses no steps", [], /the last step must have weight 100, got no step/],
    ["refuses an end below 100", [step(50)], /the last step must have weight 100, got 50/],
    [
      "refuses falling weights",
      [step(50), step(20), step(100)],
      /steps\[1\].weight must be above the step before \(50\), got 20/,
    ],
    ["refuses half percents", [step(0.5), step(100)], /steps\[0\].weight must be a whole number/],
    ["refuses negative holds", [step(100, -1)], /steps\[0\].holdSeconds must be 0 or more, got -1/],
  ];
  for (const [name, steps, expected] of cases) {
    it(name, () => {
      const problems = strategyProblems(steps).join("; ");
      if (expected) assert.match(problems, expected);
      else assert.equal(problems, "");
    });
  }
});

describe("replicasOf", () => {
  const act = { at: "2026-01-01T00:00:00.000Z", by: "x" };
  const record = withDeployment(withDeployment(emptyRecord(), "blue", bound("r1"), act), "green", bound("r2"), act);
  const fact = (name: string, proven: boolean) => ({
    release: bound(name),
    ready: 3,
    desired: 3,
    proven,
    missing: false,
  });
  const world = (proven: boolean) => ({
    live: "green" as const,
    weights: weightsFor("green"),
    foreign: null,
    colors: { blue: fact("r1", proven), green: fact("r2", true) },
    record,
  });
  const wish = { replicas: 3, retainSeconds: 3600 };
  const size = (proven: boolean, wished: string, minutes: number, retain = wish) => {
    const plan = planRollout(world(proven), { release: release(wished), retry: false });
    const now = new Date(Date.parse(act.at) + minutes * 60_000);
    return COLORS.map((color) => replicasOf(color, plan, world(proven), retain, now));
  };
  it("keeps the old color at full size while it is retained", () => {
    assert.deepEqual(size(true, "r2", 59), [3, 3]);
  });
  it("retires the old color after that", () => {
    assert.deepEqual(size(true, "r2", 61), [0, 3]);
  });
  it("never retires without being told to", () => {
    assert.deepEqual(size(true, "r2", 1e6, { replicas: 3 } as typeof wish), [3, 3]);
  });
  it("takes down an idle color that never passed", () => {
    assert.deepEqual(size(false, "r2", 0), [0, 3]);
  });
  it("knows how small a color that scales by itself may get", () => {
    const least = (wished: string, otherPods: number, livePods = 5) => {
      const plan = planRollout(world(true), { release: release(wished), retry: false });
      const facts = { livePods, minima: { blue: 4, green: 4 }, otherPods };
      return COLORS.map((color) => leastPods(color, plan, 2, facts));
    };
    // Green is live. While blue may take over it is as large as green, and green keeps what it was given.
    assert.deepEqual(least("r2", 5), [5, 4]);
    assert.deepEqual(least("r3", 5), [5, 4]);
    // Once blue is retired, green goes by its own use.
    assert.deepEqual(least("r2", 0)[1], 2);
    assert.deepEqual(least("r3", 5, 1)[0], 2);
  });
  it("gives the color of a new release its full size", () => {
    assert.deepEqual(size(false, "r3", 61), [3, 3]);
  });
});

describe("drainFor", () => {
  it("leaves time for the preStop sleep, the longest request and the shutdown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3600 }), (longest) => {
        const { preStopSeconds, gracePeriodSeconds } = drainFor(longest);
        assert.ok(gracePeriodSeconds > preStopSeconds + longest);
      }),
    );
  });
});

describe("podsThatFit", () => {
  const room = (cpu: number, mib: number, pods = 100) => ({ cpu, memory: mib * 2 ** 20, pods });
  const cases: [string, ReturnType<typeof room>[], { cpu: string; memory: string }, number][] = [
    ["counts whole pods a node", [room(250, 1000), room(250, 1000)], { cpu: "100m", memory: "1Mi" }, 4],
    ["is bound by memory", [room(10_000, 100)], { cpu: "1m", memory: "64Mi" }, 1],
    ["is bound by the node's pods", [room(10_000, 10_000, 3)], { cpu: "1m", memory: "1Mi" }, 3],
    ["finds no room on a full node", [room(-5, -5)], { cpu: "10m", memory: "1Mi" }, 0],
    ["finds no room without nodes", [], { cpu: "10m", memory: "1Mi" }, 0],
  ];
  for (const [name, nodes, need, expected] of cases) {
    it(name, () => {
      assert.equal(podsThatFit(nodes, { replicas: 1, ...need }), expected);
    });
  }
});
