import { serviceStatus, statusText, type StatusDocument } from "../../core/rollout/status";
import { answer, JSON_OPTION, type Command } from "../command";
import { openStack, seeServices } from "../stack";

export const STACK_OPTION = { flags: "--stack <name>", description: "stack to look at", default: "dev" };
export const SERVICE_OPTION = { flags: "--service <name>", description: "one service instead of all of the stack" };

/** `hms status`: what is live, straight from the cluster; needs neither the engine nor its state. */
export const status: Command = {
  name: "status",
  summary: "What is live, idle, held or moving in a stack.",
  options: [STACK_OPTION, SERVICE_OPTION, JSON_OPTION],
  examples: ["hms status                      # the dev stack", "hms status --stack prod --json  # for scripts"],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const seen = await seeServices(openStack(stack, invocation.text("service"), io.env));
    const document: StatusDocument = { stack, frozen: null, services: seen.map(serviceStatus) };
    answer(io, invocation.flag("json"), document, () => statusText(seen).join("\n"));
  },
};
