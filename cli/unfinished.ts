import { gatesOf } from "../core/gates/defaults";
import { syntheticRequests } from "../core/gates/synthetic";
import { affinityOf } from "../core/rollout/affinity";
import type { ActualRollout } from "../core/rollout/plan";
import { ALL_AT_ONCE, stepsAfter } from "../core/rollout/strategy";
import type { ServiceConfig } from "../core/service/service";
import { stepsOf } from "../core/service/strategy";
import { RefusedError } from "../platform/errors";
import { abandonMove } from "../provider/rollout/abandon";
import { gateKeeper, thinSteps } from "../provider/rollout/gateKeeper";
import { describeHolder } from "../core/rollout/lease";
import { thisProcess } from "../provider/rollout/lease";
import { Mover, type MoveResult } from "../provider/rollout/mover";
import { syntheticLoad } from "../provider/rollout/syntheticLoad";
import { serviceHost, type OpenStack } from "./stack";

/**
 * Puts the traffic of a move that is under way, parked or left by a dead mover back, by one patch. It takes the lease
 * from a living mover, which then stops; nothing but the cluster is needed.
 */
export async function giveUp(
  { config, session }: OpenStack,
  service: ServiceConfig,
  what: "aborted" | "rolled back",
): Promise<string> {
  const store = session.store(service.name, config.namespace);
  const lease = await session.seizeLease(store);
  try {
    const dataPlane = session.dataPlane(config.gateway.address, serviceHost(config, service.name));
    const parts = { store, lease, dataPlane, probePath: service.healthPath };
    const { message } = await abandonMove(parts, `${what} by ${describeHolder(thisProcess())}`, "given up");
    return message;
  } finally {
    await session.releaseLease(store).catch(() => undefined); // a lease that cannot be given back expires
  }
}

/**
 * Goes on with a parked move through the steps that are left, gates included.
 * @throws RefusedError when nothing is parked.
 */
export async function promoteParked(
  { config, session }: OpenStack,
  service: ServiceConfig,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<MoveResult> {
  const store = session.store(service.name, config.namespace);
  const { actual } = await store.read();
  const { move } = actual.record;
  if (!move?.parked) throw new RefusedError(`${service.name}: nothing is parked${movingHint(actual)}`);
  const lease = await session.lease(store, signal);
  try {
    const { address, ...gateway } = config.gateway;
    const host = serviceHost(config, service.name);
    const gates = gatesOf(service.kpis);
    const { prometheus, namespace } = config;
    const watched = { service: service.name, namespace, prometheus };
    const requests = syntheticRequests(service.healthPath, service.smoke);
    const mover = new Mover({
      store,
      lease,
      dataPlane: session.dataPlane(address, host),
      gates: gateKeeper(watched, gates),
      synthetic: syntheticLoad({ store, address, host, requests }),
      progress,
    });
    const names = gates.map(({ name }) => name);
    const strategy = service.strategy ? stepsOf(service.strategy, names) : ALL_AT_ONCE;
    const steps = stepsAfter(strategy, actual.record.weights[move.to]);
    const thin = actual.live === null ? [] : await thinSteps({ ...watched, gates, steps }, actual.live, signal);
    for (const warning of thin) progress(`warning: ${warning}`);
    return await mover.run(
      {
        shape: { service: service.name, namespace, hostnames: [host], gateway },
        to: move.to,
        release: move.release,
        seen: actual.live,
        steps,
        intent: "deploy",
        takeOver: false,
        probePath: service.healthPath,
        affinity: affinityOf(service.affinity, address),
      },
      signal,
    );
  } finally {
    await session.releaseLease(store).catch(() => undefined);
  }
}

const movingHint = ({ record }: ActualRollout): string =>
  record.move ? "; a move was left unfinished: deploy again, or hms-deploy abort" : "";
