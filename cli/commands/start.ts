import { loadStackFile } from "../../config/stackFile";
import { statusText } from "../../core/rollout/status";
import { projectRoot } from "../../platform/home";
import { CLUSTER_TOOLS } from "../../platform/local/up";
import { readyCluster } from "../cluster";
import type { Command } from "../command";
import { deployStack } from "../deploy";
import { askForServices, withDecision } from "../permission";
import { prepareEngine } from "../prepare";
import { LOCAL_CONTEXT, openStack, seeServices } from "../stack";

/** Stack that a newcomer gets: everything on this machine. */
const FIRST_STACK = "dev";

export const start: Command = {
  name: "",
  summary: "Brings the local platform up, delivers the example service, and says what to try next.",
  examples: ["npm start"],
  async run(_invocation, io) {
    const local = loadStackFile(projectRoot(), FIRST_STACK).kubeContext === LOCAL_CONTEXT;
    const prepared = await prepareEngine(io, local ? CLUSTER_TOOLS : []);
    await readyCluster(openStack(FIRST_STACK, undefined, prepared.env).config, prepared, io);
    const open = openStack(FIRST_STACK, undefined, prepared.env);
    const { env } = withDecision({ ...io, env: prepared.env }, await askForServices("deploy", open, io));
    await deployStack(FIRST_STACK, {}, io, { ...prepared, env });
    const seen = await seeServices(openStack(FIRST_STACK, undefined, prepared.env));
    const url = seen[0]?.url ?? "";
    io.out.write(
      [
        "",
        ...statusText(seen),
        "",
        "Ask it:",
        `  curl -s ${url}/v1/data/benefit/decision -d '{"input":{"region":"central-valley","crop":"almonds","drought":"extreme","acres":100,"income":250000,"yield":{"expected":2000,"harvested":1000}}}'`,
        "Then change a rate in examples/drought-benefit/policy/data.json and try:",
        `  eval "$(bin/hms env)"`,
        "  pulumi preview --stack dev",
        "",
      ].join("\n"),
    );
  },
};
