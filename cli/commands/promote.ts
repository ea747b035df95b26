import { describeSchedule } from "../../core/rollout/scheduled";
import { RefusedError, reasonOf } from "../../platform/errors";
import { readLease } from "../../provider/rollout/lease";
import type { Command } from "../command";
import { askForServices } from "../permission";
import { openTarget, stackOf } from "../stack";
import { takeBackAll } from "../takeBack";
import { isPromotable, promoteParked } from "../unfinished";
import { ENV_OPTION } from "./deploy";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./status";

/** `hms-deploy promote`: a parked move goes on through the steps that are left; no engine, no registry, no builder. */
export const promote: Command = {
  name: "promote",
  summary: "Goes on with a parked release through the remaining steps and their gates; a scheduled one moves now.",
  options: [ENV_OPTION, SERVICE_OPTION, ACCOUNT_OPTION],
  examples: [
    "hms-deploy promote --env prod                            # every parked or scheduled service",
    "hms-deploy promote --env prod --service drought-benefit  # one of them",
  ],
  async run(invocation, io) {
    const stack = stackOf(invocation.required("env"));
    const only = invocation.text("service");
    const open = await openTarget(stack, only, invocation.text("account"), io.env);
    const decided = await askForServices("promote", open, io);
    const failures: string[] = [];
    let promoted = 0;
    for (const service of open.services) {
      try {
        const store = open.session.store(service.name, open.config.namespace);
        const [{ actual }, mover] = await Promise.all([store.read(), readLease(open.session.kube, store)]);
        if (!isPromotable(actual, mover) && only === undefined) continue;
        const progress = (message: string) => io.err.write(`${service.name}: ${message}\n`);
        const { scheduled, move } = actual.record;
        if (scheduled && !move) progress(`${describeSchedule(scheduled)}, moves now`);
        const { record, parked } = await promoteParked(open, service, { signal: io.signal, progress, decided });
        const live = record.live && record.colors[record.live];
        const share = record.move ? record.weights[record.move.to] : 100;
        io.out.write(
          parked ? `${service.name}: parked at ${share} %\n` : `${service.name}: ${live?.tag ?? ""} is live\n`,
        );
        promoted++;
      } catch (error) {
        io.signal.throwIfAborted();
        failures.push(reasonOf(error));
      }
    }
    if (failures.length > 0) failures.push(...(await takeBackAll(open, io)).failures);
    if (failures.length > 0) throw new RefusedError(failures.join("\n"));
    if (promoted === 0) throw new RefusedError(`nothing is parked or scheduled in ${stack}; nothing was changed`);
  },
};
