import { bringUp, CLUSTER_TOOLS } from "../../platform/local/up";
import { benchSandbox as measure } from "../../test/bench/sandbox";
import { answer, EXIT, UsageError, type Command } from "../command";
import { prepareEngine } from "../prepare";

/** So many make a database of some 300 MB. */
const PEOPLE = 200_000;

export const benchSandbox: Command = {
  name: "",
  summary: "Makes and unmakes sandboxes on the local platform, as people do, and prints one JSON document.",
  options: [
    { flags: "--count <n>", description: "one after the other", default: "20" },
    { flags: "--at-once <n>", description: "at the same moment, after those", default: "10" },
    {
      flags: "--people <n>",
      description: "in the database that is cloned; the vault's made-up data is replaced",
      default: String(PEOPLE),
    },
  ],
  examples: [
    "npm run --silent bench:sandbox > sandbox.json               # figures on stdout, progress on stderr",
    "npm run --silent bench:sandbox -- --count 2 --at-once 2     # a look",
  ],
  async run(invocation, io) {
    const whole = (name: string, option = name): number => {
      const text = invocation.required(name);
      if (!/^[1-9]\d{0,6}$/.test(text))
        throw new UsageError(`--${option} is ${text}; allowed is a whole number from 1`);
      return Number(text);
    };
    const settings = { count: whole("count"), atOnce: whole("atOnce", "at-once"), people: whole("people") };
    const prepared = await prepareEngine(io, CLUSTER_TOOLS);
    await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal, sandboxes: true });
    Object.assign(process.env, prepared.env);
    const document = await measure(settings, io, prepared.env);
    answer(io, true, document, () => "");
    return document.ok ? EXIT.done : EXIT.refused;
  },
};
