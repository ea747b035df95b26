import { describeBrokenNeed, newlyBroken, type BrokenNeed, type LiveReleases } from "../core/rollout/needs";
import type { ActualRollout } from "../core/rollout/plan";
import type { Release } from "../core/rollout/release";
import { inNeedOrder } from "../core/service/needs";
import { RefusedError } from "../platform/errors";
import type { OpenStack } from "./stack";

/** Rollouts of all services of a stack as the cluster has them, by name. */
export type Rollouts = ReadonlyMap<string, ActualRollout>;

/** A way back waits for nobody: one that cannot be read is left out, and `unread` is told. */
export async function readRollouts(
  { config, session }: OpenStack,
  unread: (service: string, error: unknown) => void,
): Promise<Rollouts> {
  const read = config.services.map(async ({ name }) => {
    try {
      return [[name, (await session.store(name, config.namespace).read()).actual] as const];
    } catch (error) {
      unread(name, error);
      return [];
    }
  });
  return new Map((await Promise.all(read)).flat());
}

/** What has traffic, or is on its way to it. */
export function liveReleases(rollouts: Rollouts): LiveReleases {
  return new Map(
    [...rollouts].flatMap(([name, actual]) => {
      const live = actual.live && actual.colors[actual.live]?.release;
      return live ? [[name, live] as const] : [];
    }),
  );
}

/** Needs that going back to `target` would break: of others who need the service, and its own. */
export function brokenBy(rollouts: Rollouts, service: string, target: Release): BrokenNeed[] {
  const now = liveReleases(rollouts);
  const then = new Map([...now, [service, target] as const]);
  return [...newlyBroken(now, then), ...brokenOnTheWay(rollouts, service, target)];
}

/** A release that is getting its traffic right now, or waits with a share of it, needs as much as a live one. */
function brokenOnTheWay(rollouts: Rollouts, service: string, target: Release): BrokenNeed[] {
  return [...rollouts].flatMap(([name, { record, colors }]) => {
    const moving = record.move && colors[record.move.to]?.release;
    if (!moving || name === service) return [];
    const now = new Map([...liveReleases(rollouts), [name, moving] as const]);
    return newlyBroken(now, new Map([...now, [service, target] as const])).filter((one) => one.service === name);
  });
}

/** @throws RefusedError with every reason, and the ways out. */
export function refuseBreaking(rollouts: Rollouts, service: string, target: Release, stack: string): void {
  const broken = brokenBy(rollouts, service, target);
  if (broken.length === 0) return;
  const others = [...new Set(broken.map((one) => one.service).filter((name) => name !== service))];
  const reasons = broken.map(describeBrokenNeed).join("; ");
  const ways =
    others.length === 0
      ? `Bring what it needs back first, or name another release with --to`
      : `Take ${others.join(" and ")} back with it: hms-deploy rollback --env ${stack} --service ${service} --with-dependents. ` +
        `Where that cannot wait, --break-dependents goes back all the same`;
  throw new RefusedError(`${service}: ${reasons}. Nothing was moved. ${ways}`);
}

/**
 * Names of the services that cannot stay as they are when `service` goes back, itself last: each comes before what it
 * needs. `targetOf` says where a service would go.
 * @throws RefusedError when even then somebody would be left without what they need; nothing has moved by then.
 */
export function withDependents(
  rollouts: Rollouts,
  service: string,
  targetOf: (name: string) => Release,
): readonly string[] {
  const now = liveReleases(rollouts);
  const going = new Map<string, Release>([[service, targetOf(service)]]);
  for (;;) {
    const broken = newlyBroken(now, new Map([...now, ...going]));
    const next = broken.filter((one) => !going.has(one.service));
    if (next.length === 0 && broken.length > 0) {
      throw new RefusedError(
        `${service}: going back together would not do: ${broken.map(describeBrokenNeed).join("; ")}. Nothing was moved. ` +
          `Take ${broken[0]?.service ?? ""} further back first, with --service ${broken[0]?.service ?? ""} --to <tag>`,
      );
    }
    if (next.length === 0) return dependentsFirst(rollouts, [...going.keys()]);
    for (const one of next) going.set(one.service, targetOf(one.service));
  }
}

/** Those names in the order of a way back: who needs another goes before it. */
export function dependentsFirst(rollouts: Rollouts, names: readonly string[]): readonly string[] {
  const live = [...liveReleases(rollouts)];
  const needing = (name: string) =>
    live.filter(([, { spec }]) => spec.needs?.[name] !== undefined).map(([other]) => other);
  const graph = new Map([...rollouts.keys()].map((name) => [name, needing(name)] as const));
  return inNeedOrder(graph).filter((name) => names.includes(name));
}
