import { bringUp, CLUSTER_TOOLS } from "../../platform/local/up";
import { benchPreview as measure, type Part } from "../../test/bench/preview";
import { answer, EXIT, UsageError, type Command } from "../command";
import { prepareEngine } from "../prepare";

const PARTS: Readonly<Record<string, readonly Part[]>> = {
  services: ["services"],
  aws: ["aws"],
  both: ["services", "aws"],
};

export const benchPreview: Command = {
  name: "",
  summary: "Previews two services in ever more accounts on the local platform and prints one JSON document.",
  options: [
    { flags: "--accounts <list>", description: "how many accounts each preview has", default: "3,10,30" },
    {
      flags: "--parts <which>",
      description: "services, aws (with what up makes in each account) or both",
      default: "both",
    },
  ],
  examples: [
    "npm run --silent bench:preview > preview.json                          # figures on stdout, progress on stderr",
    "npm run --silent bench:preview -- --accounts 1,3 --parts services      # a look",
  ],
  async run(invocation, io) {
    const list = invocation.required("accounts");
    const accounts = list.split(",").map((text) => text.trim());
    if (!accounts.every((text) => /^[1-9]\d{0,2}$/.test(text)))
      throw new UsageError(`--accounts is ${list}; allowed are whole numbers from 1 to 999, separated by commas`);
    const which = invocation.required("parts");
    const parts = PARTS[which];
    if (parts === undefined)
      throw new UsageError(`--parts is ${which}; allowed is one of ${Object.keys(PARTS).join(", ")}`);
    const prepared = await prepareEngine(io, CLUSTER_TOOLS);
    await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal });
    Object.assign(process.env, prepared.env);
    const document = await measure({ accounts: accounts.map(Number), parts }, io);
    answer(io, true, document, () => "");
    return document.ok ? EXIT.done : EXIT.refused;
  },
};
