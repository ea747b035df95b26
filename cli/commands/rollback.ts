import { unfinishedRollback } from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import { RefusedError, reasonOf } from "../../platform/errors";
import type { ServiceConfig } from "../../core/service/service";
import { UsageError, type Command, type Invocation, type Io } from "../command";
import { dependentsFirst, readRollouts, refuseBreaking, withDependents } from "../dependents";
import { deployStack } from "../deploy";
import { askForServices, EMERGENCY_OPTION, emergencyOf, withDecision } from "../permission";
import { chooseRollback, moveBack, type RollbackChoice } from "../rollback";
import { openTarget, stackOf, type OpenStack } from "../stack";
import { lacksMigration, takeBackAll } from "../takeBack";
import { giveUp } from "../unfinished";
import { ENV_OPTION } from "./deploy";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./status";

/** `hms-deploy rollback`: back to the good release before, by one weight move; no engine, no registry, no builder. */
export const rollback: Command = {
  name: "rollback",
  summary: "Goes back to the previous good release; what is left is held until another release or --retry.",
  options: [
    ENV_OPTION,
    SERVICE_OPTION,
    ACCOUNT_OPTION,
    {
      flags: "--to <tag>",
      description: "an older release, by tag or id; brought up and proven first if it does not stand",
    },
    {
      flags: "--with-dependents",
      description: "takes services back too, and first, that need what --service would lose",
    },
    {
      flags: "--break-dependents",
      description: "goes back although services that are live need what goes away",
    },
    EMERGENCY_OPTION,
  ],
  examples: [
    "hms-deploy rollback --env prod                                       # every service of the stack",
    "hms-deploy rollback --env prod --service drought-benefit --to 8c4f2d3  # further back",
    "hms-deploy rollback --env prod --service drought-benefit --with-dependents",
    'HMS_ROLE=Operator hms-deploy rollback --env prod --emergency "identity provider is down"',
  ],
  async run(invocation, io) {
    const open = await openTarget(
      stackOf(invocation.required("env")),
      invocation.text("service"),
      invocation.text("account"),
      io.env,
    );
    const asked = {
      config: open.config,
      services: invocation.flag("withDependents") ? open.config.services : open.services,
    };
    await goBack(open, invocation, io, await askForServices("rollback", asked, io, emergencyOf(invocation)));
  },
};

/**
 * Takes the open services back.
 * @param decided what the permission policy said, for the ledger.
 * @throws RefusedError with what could not go back; every other service has.
 */
export async function goBack(
  open: OpenStack,
  invocation: Invocation,
  io: Io,
  decided: string | undefined,
): Promise<void> {
  const { stack } = open.config;
  const to = invocation.text("to");
  const failures: string[] = [];
  const warn = (message: string) => io.err.write(`${message}\n`);
  const pins: Record<string, string> = {};
  const breakDependents = invocation.flag("breakDependents");
  const joint = invocation.flag("withDependents");
  const unread = (name: string, error: unknown) =>
    io.err.write(`warning: ${name} cannot be read, so nobody knows what it needs: ${reasonOf(error)}\n`);
  const services = await inOrderOfWayBack(open, stack, joint ? { to } : undefined, unread);
  // One service's refusal never keeps another from going back.
  for (const service of services) {
    try {
      const { actual } = await open.session.store(service.name, open.config.namespace).read();
      const tag = joint && service.name !== open.services[0]?.name ? undefined : to;
      const unfinished = tag === undefined ? unfinishedRollback(actual.record) : undefined;
      if ((actual.record.move ?? actual.record.scheduled) && tag === undefined && !unfinished) {
        io.err.write(`${await giveUp(open, service, "rolled back", { warn, decided })}\n`);
        const { live, colors } = (await open.session.store(service.name, open.config.namespace).read()).actual;
        io.out.write(`${service.name}: Reverted to tag ${(live && colors[live]?.release.tag) ?? "none"}\n`);
        continue;
      }
      const choice: RollbackChoice = unfinished
        ? { kind: "move", release: unfinished }
        : chooseRollback(service.name, actual, tag, stack);
      const { release } = choice.release;
      // What was begun is finished: it was asked for when it began.
      if (!breakDependents && !unfinished)
        refuseBreaking(await readRollouts(open, () => undefined), service.name, release, stack);
      if (choice.kind === "deploy" || (await lacksMigration(open, service.name, release.id))) {
        pins[service.name] = release.id;
        continue;
      }
      const progress = (message: string) => io.err.write(`${service.name}: ${message}\n`);
      await moveBack(open, service, choice.release, { signal: io.signal, progress, decided });
      io.out.write(`${service.name}: Reverted to tag ${release.tag}\n`);
    } catch (error) {
      io.signal.throwIfAborted();
      failures.push(reasonOf(error));
    }
  }
  if (Object.keys(pins).length > 0) {
    io.err.write(`${Object.keys(pins).join(", ")}: the release does not stand; it goes through its gates again\n`);
    const wishes = { pin: pins, ...onlyIn(open), ...(breakDependents ? { breakDependents } : {}) };
    await deployStack(stack, wishes, withDecision(io, decided));
    for (const { name } of services.filter((service) => service.name in pins)) {
      const { actual } = await open.session.store(name, open.config.namespace).read();
      const live = actual.live && actual.colors[actual.live];
      if (live) io.out.write(`${name}: Reverted to tag ${describeRelease(live.release)}\n`);
    }
  }
  failures.push(...(await takeBackAll({ ...open, services }, io)).failures);
  if (failures.length > 0) throw new RefusedError(failures.join("\n"));
}

/** The services to take back: who needs another goes before it. `joint`: with those that cannot do without. */
async function inOrderOfWayBack(
  open: OpenStack,
  stack: string,
  joint: { readonly to: string | undefined } | undefined,
  unread: (service: string, error: unknown) => void,
): Promise<readonly ServiceConfig[]> {
  const { services, config } = open;
  const [only] = services;
  if (joint && (only === undefined || services.length > 1))
    throw new UsageError("--with-dependents is for one service: name it with --service");
  if (config.services.length === 1) return services;
  const rollouts = await readRollouts(open, unread);
  const targetOf = (name: string) => {
    const actual = rollouts.get(name);
    if (!actual) throw new RefusedError(`${name} cannot be read, so it cannot go back with others`);
    return chooseRollback(name, actual, name === only?.name ? joint?.to : undefined, stack).release.release;
  };
  const names =
    joint && only ? withDependents(rollouts, only.name, targetOf) : dependentsFirst(rollouts, services.map(nameOf));
  const known = names.flatMap((name) => config.services.find((service) => service.name === name) ?? []);
  return [...known, ...services.filter((service) => !known.includes(service))];
}

/** Other accounts are left alone. */
const onlyIn = ({ config: { account } }: OpenStack) => (account === undefined ? {} : { onlyAccounts: [account] });

const nameOf = ({ name }: ServiceConfig): string => name;
