import { shellExports } from "../../platform/local/environment";
import { answer, EXIT, JSON_OPTION, type Command } from "../command";
import { prepareEngine } from "../prepare";

export const env: Command = {
  name: "env",
  summary: "Print shell exports under which plain pulumi, kubectl and docker work; what you have set yourself stays.",
  options: [JSON_OPTION],
  examples: ['eval "$(bin/hms env)" && pulumi preview --stack dev', "hms env --json"],
  async run(invocation, io) {
    const { exports } = await prepareEngine(io);
    answer(io, invocation.flag("json"), exports, () => shellExports(exports));
    return EXIT.done;
  },
};
