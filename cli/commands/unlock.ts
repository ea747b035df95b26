import { environment } from "../../platform/local/environment";
import { answer, JSON_OPTION, type Command } from "../command";
import { askForServices } from "../permission";
import { openTargets } from "../stack";
import { refuseLocked, unlockStack, unlockText } from "../unlock";

/** `hms unlock`: says who holds a stack, and frees it when nobody does any more. */
export const unlock: Command = {
  name: "unlock",
  summary: "Says who holds a stack's lock, and removes it when its owner has ended and nobody moves traffic.",
  options: [{ flags: "--stack <name>", description: "stack to unlock" }, JSON_OPTION],
  examples: [
    "hms unlock --stack prod         # 0 unlocked, or nothing was locked; 1 somebody still works on it",
    "hms unlock --stack prod --json  # for scripts",
  ],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const targets = await openTargets(stack, undefined, undefined, io.env);
    for (const open of targets.slice(0, 1)) await askForServices("unlock", open, io);
    const backend = environment(io.env).PULUMI_BACKEND_URL ?? "";
    const document = await unlockStack(stack, targets, backend, io.signal, (line) => {
      io.err.write(`${line}\n`);
    });
    answer(io, invocation.flag("json"), document, () => unlockText(document));
    refuseLocked(document);
  },
};
