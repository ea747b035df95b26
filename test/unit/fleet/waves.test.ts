import { strict as assert } from "node:assert";
import fc from "fast-check";
import { nextOf, runTable, type FleetWaves, type Outcome } from "../../../core/fleet/run";
import { inWaves, parseWaves, wavesProblems, wavesSchema } from "../../../core/fleet/waves";
import { problemText } from "../../../core/service/problem";

const members = (...names: readonly string[]) => new Map(names.map((name) => [name, [] as readonly string[]]));

describe("waves of a stack", () => {
  it("are read with their soak", () => {
    assert.deepEqual(wavesSchema.parse({ order: [["a"], ["b", "c"]], soak: "10m" }), {
      order: [["a"], ["b", "c"]],
      soakSeconds: 600,
    });
  });

  for (const order of [undefined, "a", [], ["a"], [[]], [["a"], []], [["a", 1]], [[" "]]])
    it(`are refused in another form: ${JSON.stringify(order)}`, () => {
      assert.equal(wavesSchema.safeParse({ order }).success, false);
    });

  const bad: readonly (readonly [readonly string[][], readonly string[]])[] = [
    [[["a", "b"]], []],
    [[["a"]], ['got waves without "b"']],
    [[["a"], ["b", "a"]], ['got "a" for the second time']],
    [[["a"], ["b", "bb"]], ['got "bb"; allowed is one of a, b; did you mean b?']],
  ];
  for (const [order, expected] of bad)
    it(`are checked as a whole: ${JSON.stringify(order)}`, () => {
      const found = wavesProblems({ order, soakSeconds: 0 }, members("a", "b")).map(problemText);
      assert.equal(found.length, expected.length, found.join("\n"));
      expected.forEach((text, index) => {
        assert.ok(found[index]?.includes(text), found[index]);
      });
    });

  it("do not put what is needed behind what needs it", () => {
    const needs = new Map([
      ["front", ["back"]],
      ["back", []],
    ]);
    assert.deepEqual(wavesProblems({ order: [["back"], ["front"]], soakSeconds: 0 }, needs), []);
    const [problem] = wavesProblems({ order: [["front"], ["back"]], soakSeconds: 0 }, needs);
    assert.match(problemText(problem ?? assert.fail()), /"front" in wave 1, and "back", which it needs, in wave 2/);
  });

  it("sort members, and leave their order within a wave; without waves all are one", () => {
    const waves = { order: [["c"], ["b", "a"], ["d"]], soakSeconds: 0 };
    const same = (name: string): string => name;
    assert.deepEqual(inWaves(["a", "b", "c"], same, waves), [["c"], ["a", "b"]]);
    assert.deepEqual(inWaves(["a", "b"], same, undefined), [["a", "b"]]);
    assert.deepEqual(inWaves([], same, undefined), []);
  });

  it("are read from a command line", () => {
    assert.deepEqual(parseWaves("usda; epa, doi"), [["usda"], ["epa", "doi"]]);
    for (const text of ["", "a;", "a,,b", "a; a"]) assert.equal(parseWaves(text), undefined, text);
  });
});

describe("a run of a fleet", () => {
  const waves: FleetWaves = { order: [["a"], ["b", "c"]], soakSeconds: 60, maxFailures: 0 };
  const state = (outcomes: Readonly<Record<string, Outcome>>) => new Map(Object.entries(outcomes));

  const cases: readonly (readonly [string, Readonly<Record<string, Outcome>>, number, number, object])[] = [
    ["begins with the first wave", {}, 0, 2, { start: ["a"], over: false }],
    ["waits for a wave to be whole", { a: "running" }, 0, 2, { start: [], over: false }],
    [
      "watches a wave before the next one",
      { a: "done" },
      0,
      2,
      { start: [], soak: { wave: 0, seconds: 60 }, over: false },
    ],
    ["goes on when it was watched", { a: "done" }, 1, 2, { start: ["b", "c"], over: false }],
    ["has no more than so many at once", { a: "done" }, 1, 1, { start: ["b"], over: false }],
    ["does not watch again in the middle of a wave", { a: "done", b: "done" }, 0, 1, { start: ["c"], over: false }],
    ["ends with the last wave", { a: "done", b: "done", c: "done" }, 1, 2, { start: [], over: true }],
    ["stops at a failure", { a: "failed" }, 0, 2, { start: [], over: true, stopped: "a failed; 0 may" }],
    [
      "lets those end that run when it stops",
      { a: "done", b: "failed", c: "running" },
      1,
      2,
      { start: [], over: false, stopped: "b failed; 0 may" },
    ],
  ];
  for (const [what, outcomes, soaked, parallel, expected] of cases)
    it(what, () => {
      assert.deepEqual(nextOf(waves, state(outcomes), soaked, parallel), expected);
    });

  it("goes on while no more have failed than may", () => {
    const next = nextOf({ ...waves, maxFailures: 1 }, state({ a: "failed" }), 1, 2);
    assert.deepEqual(next, { start: ["b", "c"], over: false });
  });

  it("never begins a wave before the one before is whole and watched, never one too many, and always ends", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        shape,
        fc.nat(3),
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.boolean()),
        (sizes, may, parallel, luck) => {
          const order = sizes.map((size, wave) => Array.from({ length: size }, (_, index) => `${wave}-${index}`));
          const run: FleetWaves = { order, soakSeconds: 1, maxFailures: may };
          const outcomes = new Map<string, Outcome>();
          let soaked = 0;
          for (let turn = 0; ; turn += 1) {
            assert.ok(turn < 200, "it does not end");
            const next = nextOf(run, outcomes, soaked, parallel);
            for (const member of next.start) {
              const wave = Number(member.split("-")[0]);
              const earlier = order.slice(0, wave).flat();
              assert.ok(
                earlier.every((one) => /done|failed/.test(outcomes.get(one) ?? "")),
                `${member} came too early`,
              );
              assert.ok(soaked >= wave, `${member} was not waited for`);
              outcomes.set(member, "running");
            }
            const running = [...outcomes].filter(([, outcome]) => outcome === "running");
            assert.ok(running.length <= parallel);
            if (next.over) {
              const failed = [...outcomes.values()].filter((outcome) => outcome === "failed").length;
              assert.equal(next.stopped === undefined, failed <= may);
              if (failed <= may) assert.equal(outcomes.size, order.flat().length);
              break;
            }
            if (next.soak) soaked = next.soak.wave + 1;
            const [first] = running;
            if (first) outcomes.set(first[0], luck.next().value === true ? "done" : "failed");
          }
        },
      ),
    );
  });

  it("is told in one table", () => {
    const rows = [
      { member: "usda", wave: 0, outcome: "done" as const, seconds: 31.4, said: "benefit  blue is live" },
      { member: "epa", wave: 1, outcome: "failed" as const, seconds: 120, said: "smoke test\n  failed" },
      { member: "doi", wave: 1, outcome: "waiting" as const, seconds: null, said: "" },
    ];
    assert.deepEqual(runTable(rows), [
      "wave 1  usda  done        31 s  benefit  blue is live",
      "wave 2  epa   failed     120 s  smoke test failed",
      "wave 2  doi   not begun",
    ]);
  });
});
