import { bringUp, CLUSTER_TOOLS } from "../../platform/local/up";
import { bench as measure } from "../../test/bench/bench";
import { answer, type Command } from "../command";
import { prepareEngine } from "../prepare";

export const bench: Command = {
  name: "",
  summary: "Measures deliveries on the local platform and prints one JSON document.",
  examples: ["npm run --silent bench > bench.json  # figures on stdout, progress on stderr"],
  async run(_invocation, io) {
    const prepared = await prepareEngine(io, CLUSTER_TOOLS);
    await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal });
    answer(io, true, await measure(io, prepared.env), () => "");
  },
};
