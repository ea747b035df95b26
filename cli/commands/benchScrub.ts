import { benchScrub as measure } from "../../test/bench/scrub";
import { measurePath, PATHS } from "../../test/bench/scrubPath";
import { answer, type Command, UsageError } from "../command";

/** Some 30 MB, and with ten times as many 300. */
const ROWS = 156_000;
/** Below it groups of people who share a year of birth are too small, and no snapshot is made. */
const FEWEST_ROWS = 10_000;
const RUNS = 3;

export const benchScrub: Command = {
  name: "",
  summary: "Measures snapshots against pg_dump on a PostgreSQL of its own and prints one JSON document.",
  options: [
    {
      flags: "--rows <n>",
      description: `in the smaller database, the other has ten times as many; ${ROWS} without it`,
    },
    { flags: "--runs <n>", description: `of each way; ${RUNS} without it` },
    { flags: "--no-peers", description: "without other programs, for which a Python package is installed once" },
    {
      flags: "--path <name>",
      description: `only this way, once, on the database of PGHOST and so on: ${PATHS.join(", ")}`,
    },
  ],
  examples: ["npm run --silent bench:scrub > scrub.json  # figures on stdout, progress on stderr"],
  async run(invocation, io) {
    const only = invocation.text("path");
    if (only !== undefined) {
      const path = PATHS.find((each) => each === only);
      if (path === undefined) throw new UsageError(`--path is ${only}; allowed is one of ${PATHS.join(", ")}`);
      answer(io, true, await measurePath(path, io.signal), () => "");
      return;
    }
    const settings = {
      rows: wholeNumber(invocation.text("rows"), "--rows", ROWS, FEWEST_ROWS),
      runs: wholeNumber(invocation.text("runs"), "--runs", RUNS, 1),
      peers: invocation.flag("peers"),
    };
    answer(io, true, await measure(settings, io), () => "");
  },
};

function wholeNumber(text: string | undefined, name: string, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,7}$/.test(text) || Number(text) < least)
    throw new UsageError(`${name} is ${text}; allowed is a whole number from ${least}`);
  return Number(text);
}
