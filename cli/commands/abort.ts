import { RefusedError, reasonOf } from "../../platform/errors";
import type { Command } from "../command";
import { askForServices, EMERGENCY_OPTION, emergencyOf } from "../permission";
import { openTarget, stackOf } from "../stack";
import { takeBackAll } from "../takeBack";
import { giveUp } from "../unfinished";
import { ENV_OPTION } from "./deploy";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./status";

/** `hms-deploy abort`: ends a move that is under way, here or elsewhere, scheduled, parked or left by a dead mover. */
export const abort: Command = {
  name: "abort",
  summary:
    "Cancels a scheduled move, or puts the traffic of an unfinished one back at once; the release waits until another one or --retry.",
  options: [ENV_OPTION, SERVICE_OPTION, ACCOUNT_OPTION, EMERGENCY_OPTION],
  examples: [
    "hms-deploy abort --env prod                            # every service with an unfinished move",
    "hms-deploy abort --env prod --service drought-benefit  # one of them",
  ],
  async run(invocation, io) {
    const stack = stackOf(invocation.required("env"));
    const open = await openTarget(stack, invocation.text("service"), invocation.text("account"), io.env);
    const decided = await askForServices("abort", open, io, emergencyOf(invocation));
    const failures: string[] = [];
    const warn = (message: string) => io.err.write(`${message}\n`);
    let ended = 0;
    // One service's trouble never keeps another's traffic where it should not be.
    for (const service of open.services) {
      try {
        const { actual } = await open.session.store(service.name, open.config.namespace).read();
        if (!actual.record.move && !actual.record.scheduled) continue;
        io.out.write(`${await giveUp(open, service, "aborted", { warn, decided })}\n`);
        ended++;
      } catch (error) {
        failures.push(reasonOf(error));
      }
    }
    const { taken, failures: left } = await takeBackAll(open, io);
    failures.push(...left);
    ended += taken;
    if (failures.length > 0) throw new RefusedError(failures.join("\n"));
    if (ended === 0) throw new RefusedError(`no move is under way in ${stack}; nothing was changed`);
  },
};
