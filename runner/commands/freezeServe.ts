import { SERVE_OPTIONS, serveFreeze } from "../../cli/freezeServe";
import type { Command } from "../../cli/command";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { Session } from "../../provider/session";
import { Log } from "../log";
import { namespaceOf, NAMESPACE_OPTION } from "../place";

/** `hms freeze serve` inside the cluster; needs the rights of the account hms-freezer. */
export const freezeServe: Command = {
  name: "freeze-serve",
  summary: "Receives Alertmanager's notifications: alerts with a label freeze the stack while they fire.",
  options: [
    { flags: "--stack <name>", description: "stack that the alerts freeze" },
    NAMESPACE_OPTION,
    ...SERVE_OPTIONS,
  ],
  examples: ["runner freeze-serve --stack prod --listen 0.0.0.0:9097 --token-file /token/token"],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const namespace = namespaceOf(invocation);
    const log = new Log(io.out, { stack, namespace });
    const said = (message: string) => {
      log.info(message);
    };
    const store = configMapStore(new Session(undefined).kube, namespace);
    await serveFreeze(invocation, { store, stack, log: said }, io.signal);
  },
};
