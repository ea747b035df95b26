import { strict as assert } from "node:assert";
import fc from "fast-check";
import { affinityOf, dealtAgain, sessionProofs, type Sessions } from "../../../core/rollout/affinity";
import { COLORS, otherColor, weightsFor, type Color } from "../../../core/rollout/color";
import {
  emptyRecord,
  parseRecord,
  withDeployment,
  withFailure,
  withGivenUp,
  withMove,
  withParked,
  withRepair,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { renderRoute } from "../../../core/rollout/route";
import { serviceDefinitionSchema } from "../../../core/service/definition";
import { mergeService } from "../../../core/service/service";
import { bound } from "./support";

const shape = {
  service: "svc",
  namespace: "ns",
  hostnames: ["svc.localhost"],
  gateway: { name: "public", namespace: "gateway" },
};
const act = { at: "2026-01-01T00:00:00.000Z", by: "somebody", reason: "why" };
const r1 = bound("r1");
const r2 = bound("r2");
const blueLive = withDeployment(emptyRecord(), "blue", r1, act);
const step = (record: RolloutRecord, weight: number, secure = false): RolloutRecord =>
  withMove(record, "green", r2.id, 0, weightsFor("green", weight), { secure });
const steps = (...weights: readonly number[]): RolloutRecord => weights.reduce((r, w) => step(r, w), blueLive);

/** What the route does with a request: how it deals it, and the cookie that each color's answer carries. */
function treat(record: RolloutRecord, header = "") {
  const { rules } = renderRoute(shape, record.weights, record, "7.1.0").spec;
  const [main, ...led] = rules;
  const rule =
    led.find(({ matches }) => matches.some((match) => new RegExp(headerOf(match)?.value ?? "$^").test(header))) ?? main;
  assert.ok(rule);
  const of = (color: Color) => rule.backendRefs.find(({ name }) => name === `svc-${color}`);
  const total = rule.backendRefs.reduce((sum, { weight }) => sum + weight, 0);
  return {
    isMain: rule === main,
    share: (color: Color) => (of(color)?.weight ?? 0) / total,
    cookie: (color: Color) => {
      const added = of(color)?.filters[0]?.responseHeaderModifier.add ?? [];
      return added.map(({ value }) => value.split(";")[0] ?? "")[0];
    },
  };
}

const headerOf = (match: object): { readonly value: string } | undefined =>
  "headers" in match ? (match.headers as { readonly value: string }[])[0] : undefined;
const ruleCount = ({ weights, ...record }: RolloutRecord): number =>
  renderRoute(shape, weights, { weights, ...record }, "1").spec.rules.length;

describe("sessions of a move", () => {
  it("are told in the answers to requests that have no cookie", () => {
    const { rules } = renderRoute(shape, weightsFor("green", 10), step(blueLive, 10, true), "7.1.0").spec;
    const added = rules[0]?.backendRefs.map(({ filters }) => filters[0]?.responseHeaderModifier.add);
    const attributes = "Path=/; HttpOnly; SameSite=Lax; Secure";
    assert.deepEqual(added, [
      [{ name: "Set-Cookie", value: `hms-svc=blue.0-1.10; ${attributes}` }],
      [{ name: "Set-Cookie", value: `hms-svc=green.0-1.10; ${attributes}` }],
    ]);
  });

  const shares: [string, readonly number[], string, [number, boolean]][] = [
    ["no cookie is dealt by the weights", [10, 25], "", [0.25, true]],
    ["the new color's session stays", [10, 25], "hms-svc=green.0-1.10", [1, false]],
    ["the old color's session of this step stays", [10, 25], "hms-svc=blue.0-1.25", [0, false]],
    ["one of the step before is dealt what has come on top", [10, 25], "hms-svc=blue.0-1.10", [15 / 90, false]],
    ["the cookie may stand anywhere", [10], "a=1; hms-svc=green.0-1.10; b=2", [1, false]],
    ["another service's cookie is none", [10], "xhms-svc=green.0-1.10", [0.1, true]],
    ["a longer name is another cookie", [10], "hms-svc=green.0-1.10x", [0.1, true]],
    ["a cookie of another move is none", [10], "hms-svc=green.0-9.10", [0.1, true]],
    ["nor is one of a weight that was never dealt", [10], "hms-svc=blue.0-1.50", [0.1, true]],
  ];
  for (const [name, weights, header, [share, isMain]] of shares) {
    it(`${name}: ${header || "none"}`, () => {
      const treated = treat(steps(...weights), header);
      assert.deepEqual([treated.share("green"), treated.isMain], [share, isMain]);
    });
  }

  it("keep a service without the setting as it was: one rule, no cookie", () => {
    const plain = withMove(blueLive, "green", r2.id, 0, weightsFor("green", 10));
    assert.equal(ruleCount(plain), 1);
    assert.equal(treat(plain).cookie("green"), undefined);
    assert.equal(plain.move?.sessions, undefined);
  });

  it("are given no second cookie while they stay, and a new one when they are dealt again", () => {
    const given = (header: string) => COLORS.map((color) => treat(steps(10, 25), header).cookie(color));
    assert.deepEqual(given("hms-svc=green.0-1.10"), [undefined, undefined]);
    assert.deepEqual(given("hms-svc=blue.0-1.25"), [undefined, undefined]);
    assert.deepEqual(given("hms-svc=blue.0-1.10"), ["hms-svc=blue.0-1.25", "hms-svc=green.0-1.25"]);
  });

  it("are led by no rule any more at 100 %, though the move is not over yet", () => {
    const all = steps(10, 25, 100);
    assert.ok(all.move?.sessions);
    assert.equal(ruleCount(all), 1);
    assert.equal(treat(all).cookie("green"), undefined);
  });

  it("go on when a parked move is promoted, and as they were when it is read back", () => {
    const parked = withParked(steps(10), r2, { until: act.at, evidence: [] }, act);
    const read = parseRecord(JSON.stringify(parked), "here");
    assert.deepEqual(read.move?.sessions, steps(10).move?.sessions);
    assert.equal(treat(step(read, 25), "hms-svc=green.0-1.10").share("green"), 1);
  });

  it("begin anew when a move begins again below where it was, and with another release", () => {
    const again = step(steps(10, 50), 10);
    assert.ok(treat(again, "hms-svc=green.0-1.50").isMain);
    const other = withMove(steps(10), "green", "r3", 0, weightsFor("green", 25), { secure: false });
    assert.ok(treat(other, "hms-svc=green.0-1.10").isMain);
  });

  it("end with the setting", () => {
    const promoted = withMove(steps(10), "green", r2.id, 0, weightsFor("green", 25));
    assert.equal(ruleCount(promoted), 1);
  });

  const chain = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 14 });

  it("are on the new color in the share of the weight, whenever they began and whichever steps they slept through", () => {
    fc.assert(
      fc.property(chain, fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }), (unordered, awake) => {
        const weights = unordered.toSorted((a, b) => a - b);
        let record = blueLive;
        let moved = 0; // how likely the session is on the new color by now
        let cookie = "";
        weights.forEach((weight, index) => {
          record = step(record, weight);
          if (!awake[index]) return;
          const treated = treat(record, cookie);
          moved += (1 - moved) * treated.share("green");
          cookie = treated.cookie("blue") ?? cookie;
          assert.ok(Math.abs(moved - weight / 100) < 1e-9, `${moved} at ${weight} %`);
          assert.equal(treat(record, cookie).share("blue"), 1, "dealt again in the same step");
          assert.equal(treat(record, treated.cookie("green") ?? cookie.replace("blue", "green")).share("green"), 1);
        });
      }),
    );
  });

  it("fit into a route however many steps there are; the oldest are then dealt like new ones", () => {
    const every = Array.from({ length: 99 }, (_, index) => index + 1);
    assert.equal(ruleCount(steps(...every)), 16);
    assert.ok(treat(steps(...every), "hms-svc=blue.0-1.85").isMain);
    assert.ok(!treat(steps(...every), "hms-svc=blue.0-1.86").isMain);
  });

  it("never lead to a color without a share, and leave nothing behind, in any order of steps and ends", () => {
    const acts = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.constant(100),
      fc.constantFrom("stop", "failure", "given up", "parked", "live", "repair", "toggled" as const),
    );
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 30 }), fc.constantFrom(...COLORS), (sequence, live) => {
        let record = withDeployment(emptyRecord(), live, r1, act);
        let secure = false;
        const cookies = new Map<string, string>(); // cookie -> id of its move
        for (const one of sequence) {
          const to = otherColor(record.live ?? live);
          if (typeof one === "number") record = withMove(record, to, r2.id, 0, weightsFor(to, one), { secure });
          else if (one === "toggled") secure = !secure;
          else if (one === "parked")
            record = record.move ? withParked(record, r2, { until: "", evidence: [] }, act) : record;
          else if (one === "live") record = withDeployment(record, to, r2, act);
          else if (one === "repair") record = withRepair(record, record.live ?? live, act);
          else record = { stop: withStop, failure: withFailure, "given up": withGivenUp }[one](record, r2, act);

          const { weights, move } = record;
          const { rules } = renderRoute(shape, weights, record, "1").spec;
          const divided = weights.blue > 0 && weights.green > 0;
          if (!divided) assert.equal(rules.length, 1);
          assert.ok(rules.length <= 16);
          for (const { backendRefs } of rules) {
            assert.ok(backendRefs.reduce((sum, { weight }) => sum + weight, 0) > 0);
            for (const color of COLORS) {
              const backend = backendRefs.find(({ name }) => name === `svc-${color}`);
              assert.ok(weights[color] > 0 || backend?.weight === 0);
              assert.ok(divided || backend?.filters[0]?.responseHeaderModifier.add === undefined);
            }
          }
          for (const [cookie, id] of cookies)
            assert.ok(id === move?.sessions?.id || treat(record, cookie).isMain, `${cookie} is led by another move`);
          for (const color of COLORS) {
            const cookie = treat(record).cookie(color);
            if (cookie !== undefined) cookies.set(cookie, move?.sessions?.id ?? "");
          }
        }
      }),
    );
  });
});

describe("dealtAgain", () => {
  const before: Sessions = { id: "1-1", secure: false, dealt: [10, 25] };
  const fresh = { id: "2-2", secure: true };
  const cases: [string, Sessions | undefined, number, Sessions | undefined][] = [
    ["begins", undefined, 10, { ...fresh, dealt: [10] }],
    ["adds a larger weight", before, 50, { id: "1-1", secure: true, dealt: [10, 25, 50] }],
    ["stays at the same weight, as a mover does that was killed there", before, 25, { ...before, secure: true }],
    ["begins anew at a smaller one", before, 10, { ...fresh, dealt: [10] }],
    ["deals nothing at 100 %", before, 100, before],
    ["deals nothing all at once", undefined, 100, undefined],
  ];
  for (const [name, sessions, weight, expected] of cases) {
    it(name, () => {
      assert.deepEqual(dealtAgain(sessions, weight, fresh), expected);
    });
  }
});

describe("sessionProofs", () => {
  it("ask each color with its own cookie while the traffic is divided", () => {
    const { weights, move } = steps(10, 25);
    assert.deepEqual(sessionProofs("svc", weights, move), [
      { cookie: "hms-svc=blue.0-1.25", color: "blue" },
      { cookie: "hms-svc=green.0-1.25", color: "green" },
    ]);
  });
  for (const [weights, color] of [
    [weightsFor("blue"), "blue"],
    [weightsFor("green"), "green"],
  ] as const) {
    it(`ask ${color} with the cookies of both when it has all the traffic`, () => {
      assert.deepEqual(sessionProofs("svc", weights, steps(10, 25).move), [
        { cookie: "hms-svc=blue.0-1.25", color },
        { cookie: "hms-svc=green.0-1.25", color },
      ]);
    });
  }
  it("are none without sessions", () => {
    assert.deepEqual(sessionProofs("svc", weightsFor("blue"), null), []);
  });
});

describe("the affinity of a service", () => {
  const definition = { name: "web", port: 80, smoke: [{ name: "up", request: { path: "/" } }] };
  const cases: ["cookie" | "none" | undefined, "cookie" | "none" | undefined, "cookie" | undefined][] = [
    [undefined, undefined, undefined],
    ["cookie", undefined, "cookie"],
    ["cookie", "none", undefined],
    ["none", "cookie", "cookie"],
  ];
  for (const [own, stack, expected] of cases) {
    it(`is ${expected ?? "none"} when service.yaml says ${own ?? "nothing"} and the stack ${stack ?? "nothing"}`, () => {
      const parsed = serviceDefinitionSchema.parse({ ...definition, ...(own === undefined ? {} : { affinity: own }) });
      const merged = mergeService("web", parsed, stack === undefined ? {} : { affinity: stack }, (path) => path);
      assert.equal(merged.affinity, expected);
    });
  }
});

describe("affinityOf", () => {
  const cases: ["cookie" | undefined, string, { secure: boolean } | undefined][] = [
    [undefined, "https://x", undefined],
    ["cookie", "http://127.0.0.1:8080", { secure: false }],
    ["cookie", "https://gateway.example.gov", { secure: true }],
  ];
  for (const [choice, address, expected] of cases) {
    it(`of ${choice ?? "nothing"} at ${address} is ${JSON.stringify(expected) ?? "none"}`, () => {
      assert.deepEqual(affinityOf(choice, address), expected);
    });
  }
});
