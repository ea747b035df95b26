import { strict as assert } from "node:assert";
import { readChaosOptions, type ChaosTexts } from "../../../core/chaos/options";
import { problemText } from "../../../core/service/problem";

const GOOD: ChaosTexts = {
  time: "5m",
  kill: "10%",
  every: "20s",
  "min-availability": "99%",
  rps: "50",
  mode: "crash",
  color: "live",
  seed: "7",
};

const problems = (change: Partial<ChaosTexts>): readonly string[] => {
  const read = readChaosOptions({ ...GOOD, ...change }, false);
  return read.ok ? [] : read.problems.map(problemText);
};

describe("the options of chaos", () => {
  it("are read as numbers and seconds", () => {
    const read = readChaosOptions({ ...GOOD, "min-availability": "99.9%" }, true);
    assert.deepEqual(read.ok && read.value, {
      seconds: 300,
      killShare: 0.1,
      everySeconds: 20,
      minAvailability: 0.999,
      requestsPerSecond: 50,
      mode: "crash",
      side: "live",
      seed: 7,
      allowProd: true,
    });
  });

  const bad: readonly { option: keyof ChaosTexts; text: string; message: RegExp }[] = [
    {
      option: "time",
      text: "2h",
      message: /^time: got "2h"; allowed is a duration from 10s to 1h such as 20s or 5m; say how/,
    },
    { option: "time", text: "9s", message: /^time: got "9s"; allowed is a duration from 10s to 1h/ },
    { option: "time", text: "300", message: /^time: got "300"; allowed is a duration/ },
    { option: "kill", text: "10", message: /^kill: got "10"; allowed is a percentage above 0% up to 100%/ },
    { option: "kill", text: "0%", message: /^kill: got "0%"; allowed is a percentage above 0%/ },
    { option: "kill", text: "101%", message: /^kill: got "101%"; allowed is a percentage/ },
    { option: "every", text: "0s", message: /^every: got "0s"; allowed is a duration from 1s to 1h/ },
    { option: "min-availability", text: "0.99", message: /^min-availability: got "0.99"; allowed is a percentage/ },
    { option: "rps", text: "-1", message: /^rps: got "-1"; allowed is a whole number from 1 to 2000/ },
    { option: "rps", text: "1e9", message: /^rps: got "1e9"; allowed is a whole number from 1 to 2000/ },
    { option: "mode", text: "nuke", message: /^mode: got "nuke"; allowed is one of crash, evict, drain; see --help/ },
    { option: "color", text: "blue", message: /^color: got "blue"; allowed is one of live, idle, both; say whose/ },
    { option: "seed", text: "x", message: /^seed: got "x"; allowed is a whole number from 0 to 4294967295/ },
  ];
  for (const { option, text, message } of bad)
    it(`say what is wrong with --${option} ${text}`, () => {
      const [problem = "", ...others] = problems({ [option]: text });
      assert.match(problem, message);
      assert.deepEqual(others, []);
    });

  it("say all that is wrong at once", () => {
    assert.equal(problems({ time: "1d", kill: "", seed: "-2" }).length, 3);
  });
});
