import { strict as assert } from "node:assert";
import fc from "fast-check";
import { seededRandom } from "../../../core/chaos/random";
import {
  chooseVictims,
  expendable,
  isWhole,
  readyPods,
  roundLimit,
  type ColorSeen,
  type PodSeen,
} from "../../../core/chaos/victims";
import { COLORS, type Color } from "../../../core/rollout/color";

const pod = (name: string, change: Partial<PodSeen> = {}): PodSeen => ({
  name,
  uid: `uid-${name}`,
  createdAt: "2026-01-01T00:00:00Z",
  ready: true,
  replaced: true,
  ...change,
});

const color = (service: string, side: Color, pods: readonly PodSeen[], desired = pods.length): ColorSeen => ({
  service,
  color: side,
  desired,
  pods,
});

const pods = (prefix: string, count: number): PodSeen[] =>
  Array.from({ length: count }, (_, index) => pod(`${prefix}-${index}`));

const never = () => 0;
const countOf = (colors: readonly ColorSeen[], share: number): number =>
  chooseVictims(colors, share, never, seededRandom(1)).length;

describe("choosing whom chaos kills", () => {
  const cases: readonly { name: string; colors: readonly ColorSeen[]; share: number; killed: number }[] = [
    { name: "one of two at 10 %", colors: [color("a", "blue", pods("a", 2))], share: 0.1, killed: 1 },
    { name: "one of ten at 10 %", colors: [color("a", "blue", pods("a", 10))], share: 0.1, killed: 1 },
    { name: "two of eleven at 10 %", colors: [color("a", "blue", pods("a", 11))], share: 0.1, killed: 2 },
    { name: "seven of a hundred at 7 %", colors: [color("a", "blue", pods("a", 100))], share: 0.07, killed: 7 },
    { name: "all but one at 100 %", colors: [color("a", "blue", pods("a", 5))], share: 1, killed: 4 },
    { name: "no pod that is alone", colors: [color("a", "blue", pods("a", 1))], share: 1, killed: 0 },
    { name: "no pod where none is ready", colors: [color("a", "blue", [])], share: 1, killed: 0 },
    {
      name: "no pod beside one that is not ready",
      colors: [color("a", "blue", [pod("up"), pod("down", { ready: false })])],
      share: 1,
      killed: 0,
    },
    {
      name: "no pod that nobody replaces",
      colors: [color("a", "blue", [pod("x", { replaced: false }), pod("y", { replaced: false })])],
      share: 1,
      killed: 0,
    },
    {
      name: "one of six pods of three services at 10 %, not one of each",
      colors: ["a", "b", "c"].map((name) => color(name, "blue", pods(name, 2))),
      share: 0.1,
      killed: 1,
    },
    {
      name: "one of each color at 100 %, when each has two",
      colors: [color("a", "blue", pods("ab", 2)), color("a", "green", pods("ag", 2))],
      share: 1,
      killed: 2,
    },
  ];
  for (const { name, colors, share, killed } of cases)
    it(`takes ${name}`, () => {
      assert.equal(countOf(colors, share), killed);
    });

  it("gives each service its turn, fewest kills first", () => {
    const colors = [color("a", "blue", pods("a", 2)), color("b", "green", pods("b", 2))];
    const random = seededRandom(7);
    const kills: Record<string, number> = { a: 3, b: 2 };
    const [first] = chooseVictims(colors, 0.1, (seen) => kills[seen.service] ?? 0, random);
    assert.equal(first?.service, "b");
  });

  it("repeats its choices by age where names are new: the oldest stays the oldest", () => {
    const born = (prefix: string) =>
      Array.from({ length: 6 }, (_, index) =>
        pod(`${prefix}${(index * 7) % 6}`, { createdAt: `2026-01-0${index + 1}` }),
      );
    const ages = (prefix: string) =>
      chooseVictims([color("a", "blue", born(prefix))], 0.5, never, seededRandom(42)).map((one) => one.pod.createdAt);
    assert.deepEqual(ages("x"), ages("y"));
  });

  const somePods = fc.array(fc.record({ ready: fc.boolean(), replaced: fc.boolean() }), { maxLength: 12 });
  const someColors = fc
    .uniqueArray(
      fc.record({ service: fc.constantFrom("a", "b", "c"), color: fc.constantFrom(...COLORS), pods: somePods }),
      {
        selector: (one) => `${one.service}-${one.color}`,
        maxLength: 6,
      },
    )
    .map((colors) =>
      colors.map((one) =>
        color(
          one.service,
          one.color,
          one.pods.map((change, index) => pod(`${one.service}-${one.color}-${index}`, change)),
        ),
      ),
    );
  const someShare = fc.double({ min: 0.001, max: 1, noNaN: true });
  const someSeed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  it("never takes the last ready pod of a color, a pod that is not ready, one that nobody replaces, or one twice", () => {
    fc.assert(
      fc.property(someColors, someShare, someSeed, (colors, share, seed) => {
        const victims = chooseVictims(colors, share, never, seededRandom(seed));
        for (const seen of colors) {
          const ready = readyPods(seen);
          const own = victims.filter((one) => one.service === seen.service && one.color === seen.color);
          assert.ok(own.every((one) => ready.includes(one.pod) && one.pod.replaced));
          assert.equal(new Set(own.map((one) => one.pod.uid)).size, own.length);
          if (own.length > 0) assert.ok(own.length < ready.length, "one ready pod is left");
        }
      }),
    );
  });

  it("never takes more than the share of all ready pods, rounded up, and no fewer where it may", () => {
    fc.assert(
      fc.property(someColors, someShare, someSeed, (colors, share, seed) => {
        const victims = chooseVictims(colors, share, never, seededRandom(seed));
        const ready = colors.reduce((sum, seen) => sum + readyPods(seen).length, 0);
        const room = colors.reduce((sum, seen) => sum + expendable(seen), 0);
        assert.equal(victims.length, Math.min(roundLimit(share, ready), room));
        assert.ok(victims.length <= Math.ceil(share * ready));
      }),
    );
  });

  it("chooses the same again with the same seed, in whatever order pods and colors are listed", () => {
    fc.assert(
      fc.property(someColors, someShare, someSeed, (colors, share, seed) => {
        const reversed = [...colors].reverse().map((seen) => ({ ...seen, pods: [...seen.pods].reverse() }));
        const names = (given: readonly ColorSeen[]) =>
          chooseVictims(given, share, never, seededRandom(seed)).map((one) => one.pod.name);
        assert.deepEqual(names(colors), names(reversed));
      }),
    );
  });

  it("chooses every pod sooner or later", () => {
    const seen = [color("a", "blue", pods("a", 5))];
    const random = seededRandom(3);
    const taken = new Set(
      Array.from({ length: 200 }, () => chooseVictims(seen, 0.1, never, random)[0]?.pod.name ?? "none"),
    );
    assert.equal(taken.size, 5);
  });

  it("calls a color whole when as many pods are ready as are asked for", () => {
    assert.equal(isWhole(color("a", "blue", pods("a", 2))), true);
    assert.equal(isWhole(color("a", "blue", pods("a", 3), 2)), true);
    assert.equal(isWhole(color("a", "blue", pods("a", 1), 2)), false);
    assert.equal(isWhole(color("a", "blue", [pod("x"), pod("y", { ready: false })])), false);
  });
});

describe("the chance of chaos", () => {
  it("is the same for the same seed, another for another, and always within [0, 1)", () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => random());
    };
    assert.deepEqual(draw(5), draw(5));
    assert.notDeepEqual(draw(5), draw(6));
    assert.ok([...draw(5), ...draw(2 ** 32 - 1)].every((number) => number >= 0 && number < 1));
    assert.equal(new Set(draw(5)).size, 50);
  });
});
