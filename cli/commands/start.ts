import { bringUp } from "../../platform/local/up";
import type { Command } from "../command";
import { prepareEngine } from "../prepare";

export const start: Command = {
  name: "",
  summary: "Bring the local platform up, deliver the example service, and say what to try next.",
  examples: ["npm start"],
  async run(_invocation, io) {
    const prepared = await prepareEngine(io);
    await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal });
    return undefined;
  },
};
