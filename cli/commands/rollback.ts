import { unfinishedRollback } from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import { RefusedError, reasonOf } from "../../platform/errors";
import type { Command } from "../command";
import { deployStack } from "../deploy";
import { chooseRollback, moveBack, type RollbackChoice } from "../rollback";
import { openStack, stackOf } from "../stack";
import { giveUp } from "../unfinished";
import { ENV_OPTION } from "./deploy";
import { SERVICE_OPTION } from "./status";

/** `hms-deploy rollback`: back to the good release before, by one weight move; no engine, no registry, no builder. */
export const rollback: Command = {
  name: "rollback",
  summary: "Goes back to the previous good release; what is left is held until another release or --retry.",
  options: [
    ENV_OPTION,
    SERVICE_OPTION,
    {
      flags: "--to <tag>",
      description: "an older release, by tag or id; brought up and proven first if it does not stand",
    },
  ],
  examples: [
    "hms-deploy rollback --env prod                                       # every service of the stack",
    "hms-deploy rollback --env prod --service drought-benefit --to 8c4f2d3  # further back",
  ],
  async run(invocation, io) {
    const stack = stackOf(invocation.required("env"));
    const to = invocation.text("to");
    const open = openStack(stack, invocation.text("service"), io.env);
    const failures: string[] = [];
    const pins: Record<string, string> = {};
    // One service's refusal never keeps another from going back.
    for (const service of open.services) {
      try {
        const { actual } = await open.session.store(service.name, open.config.namespace).read();
        const unfinished = to === undefined ? unfinishedRollback(actual.record) : undefined;
        if (actual.record.move && to === undefined && !unfinished) {
          io.err.write(`${await giveUp(open, service, "rolled back")}\n`);
          const { live, colors } = (await open.session.store(service.name, open.config.namespace).read()).actual;
          io.out.write(`${service.name}: Reverted to tag ${(live && colors[live]?.release.tag) ?? "none"}\n`);
          continue;
        }
        const choice: RollbackChoice = unfinished
          ? { kind: "move", release: unfinished }
          : chooseRollback(service.name, actual, to, stack);
        const { release } = choice.release;
        if (choice.kind === "deploy") {
          pins[service.name] = release.id;
          continue;
        }
        const progress = (message: string) => io.err.write(`${service.name}: ${message}\n`);
        await moveBack(open, service, choice.release, io.signal, progress);
        io.out.write(`${service.name}: Reverted to tag ${release.tag}\n`);
      } catch (error) {
        io.signal.throwIfAborted();
        failures.push(reasonOf(error));
      }
    }
    if (Object.keys(pins).length > 0) {
      io.err.write(`${Object.keys(pins).join(", ")}: the release does not stand; it goes through its gates again\n`);
      await deployStack(stack, { pin: pins }, io);
      for (const { name } of open.services.filter((service) => service.name in pins)) {
        const { actual } = await open.session.store(name, open.config.namespace).read();
        const live = actual.live && actual.colors[actual.live];
        if (live) io.out.write(`${name}: Reverted to tag ${describeRelease(live.release)}\n`);
      }
    }
    if (failures.length > 0) throw new RefusedError(failures.join("\n"));
  },
};
