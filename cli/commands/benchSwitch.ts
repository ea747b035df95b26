import { bringUp, CLUSTER_TOOLS } from "../../platform/local/up";
import { readSettings } from "../../test/bench/switch/settings";
import { benchSwitch as play, SCENARIO_NAMES } from "../../test/bench/switch/switchBench";
import { answer, EXIT, type Command } from "../command";
import { prepareEngine } from "../prepare";

export const benchSwitch: Command = {
  name: "",
  summary: "Moves traffic under load while things break, on the local platform, and prints one JSON document.",
  options: [
    { flags: "--quick", description: "minutes instead of hours: fewer runs, at larger shares of the traffic" },
    { flags: "--rate <n>", description: "requests a second; 500 without it" },
    {
      flags: "--runs <n>",
      description: "runs of each kind of release that gates judge; 20 without it, 2 with --quick",
    },
    {
      flags: "--requests <n>",
      description: "goes on moving until so many were sent; 1000000, none with --quick or --only",
    },
    { flags: "--only <names>", description: `only these scenarios, with commas between: ${SCENARIO_NAMES.join(", ")}` },
  ],
  examples: [
    "npm run --silent bench:switch -- --quick > switch.json      # figures on stdout, progress on stderr",
    "npm run --silent bench:switch -- --only flip,rollback       # some of the scenarios",
    "npm run --silent bench:switch > switch.json                 # all of it, a million requests and more",
  ],
  async run(invocation, io) {
    const settings = readSettings(invocation, SCENARIO_NAMES);
    const prepared = await prepareEngine(io, CLUSTER_TOOLS);
    await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal });
    // What the harness starts finds engine and cluster as any command of this shell would.
    Object.assign(process.env, prepared.env);
    const document = await play(settings, prepared.layout, io);
    answer(io, true, document, () => "");
    return document.ok ? EXIT.done : EXIT.refused;
  },
};
