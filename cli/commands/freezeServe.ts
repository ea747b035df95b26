import type { Command } from "../command";
import { storeOf } from "../freeze";
import { SERVE_OPTIONS, serveFreeze } from "../freezeServe";
import { askForServices } from "../permission";
import { openTarget } from "../stack";
import { ACCOUNT_OPTION } from "./status";

/** `hms freeze serve`: Alertmanager raises a freeze, and lowers it again. */
export const freezeServe: Command = {
  name: "freeze serve",
  summary: "Receives Alertmanager's notifications: alerts with a label freeze the stack while they fire.",
  options: [{ flags: "--stack <name>", description: "stack that the alerts freeze" }, ACCOUNT_OPTION, ...SERVE_OPTIONS],
  examples: [
    "hms freeze serve --stack prod                                               # alerts of this machine's Alertmanager",
    "hms freeze serve --stack prod --listen 0.0.0.0:9097 --token-file /etc/hms/freeze-token --label severity=page",
  ],
  async run(invocation, io) {
    const open = await openTarget(invocation.required("stack"), undefined, invocation.text("account"), io.env);
    // Once, when it begins: an alert has no role.
    await askForServices("freeze", open, io);
    const log = (message: string) => void io.err.write(`${message}\n`);
    await serveFreeze(invocation, { store: storeOf(open), stack: open.config.stack, log }, io.signal);
  },
};
