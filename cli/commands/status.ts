import { serviceStatus, statusText, type StatusDocument } from "../../core/rollout/status";
import { answer, JSON_OPTION, type Command } from "../command";
import { freezeLines, frozenOf, placed, seeFreeze } from "../freeze";
import { nobodyIsAsked } from "../permission";
import { DEFAULT_STACK, openTargets, seeServices, type OpenStack } from "../stack";

export const STACK_OPTION = { flags: "--stack <name>", description: "stack to look at", default: DEFAULT_STACK };
export const ACCOUNT_OPTION = {
  flags: "--account <name>",
  description: "one account, where the stack delivers to several",
};
export const SERVICE_OPTION = { flags: "--service <name>", description: "one service instead of all of the stack" };

/** `hms status`: what is live, straight from the cluster; needs neither the engine nor its state. */
export const status: Command = {
  name: "status",
  summary: "What is live, idle, held or moving in a stack.",
  options: [STACK_OPTION, SERVICE_OPTION, ACCOUNT_OPTION, JSON_OPTION],
  examples: ["hms status                      # the dev stack", "hms status --stack prod --json  # for scripts"],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const targets = await openTargets(stack, invocation.text("service"), invocation.text("account"), io.env);
    const looks = targets.map((open) => Promise.all([seeServices(open), seeFreeze(open, io.signal)]));
    const all = await Promise.all(looks);
    const seen = all.flatMap(([services]) => services);
    const freezes = targets.flatMap((open, index) => (all[index] ? [[open, all[index][1]] as const] : []));
    // One account's freeze is not the stack's: what is said of the whole is what is frozen anywhere.
    const frozen = freezes.flatMap(([open, one]) => frozenIn(open, frozenOf(one)))[0] ?? null;
    const document: StatusDocument = { stack, frozen, services: seen.map(serviceStatus) };
    const lines = freezes.flatMap(([open, one]) => placed(open, freezeLines(one)));
    const asked = targets.slice(0, 1).flatMap(({ config }) => nobodyIsAsked(config));
    answer(io, invocation.flag("json"), document, () => [...lines, ...statusText(seen), ...asked].join("\n"));
  },
};

/** Where an account alone is frozen, its name is said. */
const frozenIn = (open: OpenStack, frozen: ReturnType<typeof frozenOf>) =>
  frozen === null ? [] : [{ ...frozen, reason: placed(open, [frozen.reason]).join("") }];
