import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { readStack, type ReadStack } from "../../../config/readStack";
import { STACK_VALUES } from "../../support/stackValues";

interface World {
  readonly chaos: unknown;
  /** What the stack says of the service. */
  readonly decided?: Readonly<Record<string, unknown>>;
  readonly stack?: string;
  readonly protect?: boolean;
  readonly replicas?: number;
}

const read = ({ chaos, decided = {}, stack = "staging", protect = false, replicas = 2 }: World): ReadStack => {
  const smoke = [{ name: "answers", request: { path: "/" } }];
  const text = stringify({ name: "web", port: 8080, smoke, replicas, ...(chaos === undefined ? {} : { chaos }) });
  return readStack({
    stack,
    values: {
      ...STACK_VALUES,
      protect,
      services: { web: { source: "web", ...decided } },
    },
    encrypted: [],
    files: { read: () => text, absolute: (path) => path },
  });
};
const chaosOf = (world: World) => {
  const stack = read(world);
  assert.ok(stack.ok, stack.ok ? "" : stack.problems.join("\n"));
  return stack.config.services[0]?.chaos;
};
const problems = (world: World): readonly string[] => {
  const stack = read(world);
  return stack.ok ? [] : stack.problems;
};

const DEFAULTS = {
  seconds: 30,
  killShare: 0.5,
  everySeconds: 10,
  minAvailability: 0.99,
  requestsPerSecond: 50,
  mode: "crash",
  allowProd: false,
};

describe("chaos of a service, before its moves", () => {
  it("is asked for by a map, whose keys all have defaults, and by nothing else", () => {
    assert.deepEqual(chaosOf({ chaos: {} }), DEFAULTS);
    assert.equal(chaosOf({ chaos: undefined }), undefined);
    const given = { time: "1m", kill: "25%", every: "5s", availability: "99.9%", rps: 20, mode: "drain" };
    assert.deepEqual(chaosOf({ chaos: { ...given, allowProd: true } }), {
      seconds: 60,
      killShare: 0.25,
      everySeconds: 5,
      minAvailability: 0.999,
      requestsPerSecond: 20,
      mode: "drain",
      allowProd: true,
    });
  });

  it("is what the stack decides, also that there is none", () => {
    assert.equal(chaosOf({ chaos: { time: "1m" }, decided: { chaos: { time: "2m" } } })?.seconds, 120);
    assert.equal(chaosOf({ chaos: {}, decided: { chaos: "none" } }), undefined);
  });

  it("is refused on a protected or production stack, until that is allowed or turned off there", () => {
    for (const where of [{ stack: "prod" }, { stack: "eu-production" }, { protect: true }]) {
      const [problem = "", ...others] = problems({ chaos: {}, ...where });
      assert.match(problem, /^hms:services\.web\.chaos: got chaos before each move on stack \S+, which is /);
      assert.match(problem, /write chaos: \{ \.\.\., allowProd: true \} .*, or chaos: none to do without$/);
      assert.deepEqual(others, []);
      assert.deepEqual(chaosOf({ chaos: { allowProd: true }, ...where }), { ...DEFAULTS, allowProd: true });
      assert.equal(chaosOf({ chaos: {}, decided: { chaos: "none" }, ...where }), undefined);
    }
  });

  it("is refused where a color has one pod, which is never killed", () => {
    const [problem = ""] = problems({ chaos: {}, replicas: 1 });
    assert.match(problem, /^hms:services\.web\.chaos: got chaos for a color of one pod; .* set replicas to 2 or more/);
    const scaled = { autoscale: { min: 1, max: 4 } };
    assert.match(problems({ chaos: {}, decided: scaled })[0] ?? "", /set autoscale\.min to 2 or more/);
    assert.notEqual(chaosOf({ chaos: {}, replicas: 1, decided: { autoscale: { min: 2, max: 4 } } }), undefined);
  });

  const bad: readonly (readonly [unknown, RegExp])[] = [
    ["yes", /chaos: got "yes"; allowed is a map; write it with the keys time, kill, every, availability, rps, mode/],
    [{ time: "9s" }, /chaos\.time: got "9s"; allowed is a duration from 10s to 10m such as/],
    [{ time: "1h" }, /chaos\.time: got "1h"; allowed is a duration from 10s to 10m/],
    [{ kill: 50 }, /chaos\.kill: got 50; allowed is a percentage above 0% up to 100%/],
    [{ availability: "0%" }, /chaos\.availability: got "0%"; allowed is a percentage/],
    [{ rps: "50" }, /chaos\.rps: got "50"; allowed is a whole number from 10 to 2000/],
    [{ rps: 1 }, /chaos\.rps: got 1; allowed is a whole number from 10 to 2000/],
    [{ mode: "nuke" }, /chaos\.mode: got "nuke"; allowed is one of crash, evict, drain/],
    [{ allowProd: "yes" }, /chaos\.allowProd: got "yes"; allowed is true or false/],
    [{ tme: "10s" }, /chaos\.tme: got an unknown key; .* did you mean time\?/],
  ];
  for (const [chaos, message] of bad)
    it(`says what is wrong with ${JSON.stringify(chaos)}`, () => {
      const found = problems({ chaos });
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", /^web\/service\.yaml:\d+: /);
      assert.match(found[0] ?? "", message);
      assert.match(problems({ chaos: undefined, decided: { chaos } })[0] ?? "", /^hms:services\.web\.chaos/);
    });
});
