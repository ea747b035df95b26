import { benchScrub as measure } from "../../test/bench/scrub";
import { measurePath, PATHS } from "../../test/bench/scrubPath";
import { answer, type Command, UsageError } from "../command";

/** Rows are some five for each person. */
const PEOPLE = 20_000;
const RUNS = 5;

export const benchScrub: Command = {
  name: "",
  summary: "Measures masking against pg_dump on the local platform's PostgreSQL and prints one JSON document.",
  options: [
    {
      flags: "--people <n>",
      description: `in the smaller database, the other has ten times as many; ${PEOPLE} without it`,
    },
    { flags: "--runs <n>", description: `of each way; ${RUNS} without it` },
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
      answer(io, true, await measurePath(path), () => "");
      return;
    }
    const settings = {
      people: wholeNumber(invocation.text("people"), "--people", PEOPLE),
      runs: wholeNumber(invocation.text("runs"), "--runs", RUNS),
    };
    answer(io, true, await measure(settings, io), () => "");
  },
};

function wholeNumber(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`${name} is ${text}; allowed is a whole number from 1`);
  return Number(text);
}
