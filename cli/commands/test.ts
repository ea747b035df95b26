import { runTests, SUITES, type Suite } from "../../test/run";
import { UsageError, type Command } from "../command";

export const test: Command = {
  name: "",
  summary: "Run the project's tests; engine and end-to-end ones bring the local platform up first.",
  arguments: [{ syntax: "[suites...]", description: `some of ${SUITES.join(", ")}; all without one` }],
  options: [
    { flags: "-g, --grep <text>", description: "only tests whose name holds this text" },
    { flags: "--all", description: "every case, where a run takes a share of many that are alike and slow" },
  ],
  examples: ["npm test", "npm test -- unit", "npm test -- e2e -g repairs", "npm test -- e2e --all -g 'dies at'"],
  async run(invocation, io) {
    const suites = invocation.arguments.map((word) => {
      const suite = SUITES.find((candidate) => candidate === word);
      if (suite === undefined) throw new UsageError(`there is no suite "${word}"; there are ${SUITES.join(", ")}`);
      return suite;
    });
    const wanted: readonly Suite[] = suites.length === 0 ? SUITES : suites;
    return runTests({ suites: wanted, grep: invocation.text("grep"), all: invocation.flag("all") }, io);
  },
};
