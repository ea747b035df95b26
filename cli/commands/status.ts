import { serviceStatus, statusText, type StatusDocument } from "../../core/rollout/status";
import { answer, JSON_OPTION, type Command } from "../command";
import { freezeLines, frozenOf, seeFreeze } from "../freeze";
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
    const open = openStack(stack, invocation.text("service"), io.env);
    const [seen, freeze] = await Promise.all([seeServices(open), seeFreeze(open, io.signal)]);
    const document: StatusDocument = { stack, frozen: frozenOf(freeze), services: seen.map(serviceStatus) };
    answer(io, invocation.flag("json"), document, () => [...freezeLines(freeze), ...statusText(seen)].join("\n"));
  },
};
