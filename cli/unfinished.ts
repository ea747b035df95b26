import { gatesOf } from "../core/gates/serviceGates";
import { syntheticRequests } from "../core/gates/synthetic";
import { affinityOf } from "../core/rollout/affinity";
import type { ActualRollout } from "../core/rollout/plan";
import { ALL_AT_ONCE, stepsAfter, stepsFrom, stops } from "../core/rollout/strategy";
import type { ServiceConfig } from "../core/service/service";
import { stepsOf } from "../core/service/strategy";
import { RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { freezeStore } from "../provider/freeze/look";
import { FreezeGuard } from "../provider/freeze/permit";
import { abandonMove } from "../provider/rollout/abandon";
import { gateKeeper, thinSteps } from "../provider/rollout/gateKeeper";
import { describeHolder, type LeaseHolder } from "../core/rollout/lease";
import { serviceHost, shapeOf } from "../core/tls/reach";
import { settleConfigMaps } from "../provider/rollout/configMaps";
import { journalOf } from "../provider/rollout/journal";
import { readLease, thisProcess } from "../provider/rollout/lease";
import { Mover, type MoveResult } from "../provider/rollout/mover";
import { needsPermit } from "../provider/rollout/needs";
import { cancelledText, cancelSchedule } from "../provider/rollout/schedule";
import { syntheticLoad } from "../provider/rollout/syntheticLoad";
import { startWatcher } from "../provider/rollout/watcherJob";
import { runnerImage } from "../provider/runnerImage";
import type { MoveBackOptions } from "./rollback";
import type { OpenStack } from "./stack";

/**
 * Puts the traffic of a move that is under way, parked or left by a dead mover back, by one patch; one that only waits for
 * its instant is cancelled. It takes the lease from a living mover, which then stops; nothing but the cluster is needed.
 */
export async function giveUp(
  { config, session }: OpenStack,
  service: ServiceConfig,
  what: "aborted" | "rolled back",
  { warn, decided }: { readonly warn: (message: string) => void; readonly decided?: string | undefined },
): Promise<string> {
  const store = session.store(service.name, config.namespace);
  const { move, scheduled } = (await store.read()).actual.record;
  const lease = await session.seizeLease(store);
  const note = journalOf(session.kube, store, lease, move?.release ?? scheduled?.release ?? "");
  try {
    await note("lease-taken");
    const dataPlane = session.dataPlane(config.gateway.address, serviceHost(config, service.name));
    const parts = { store, lease, dataPlane, probePath: service.healthPath, note };
    const trouble: string[] = [];
    const why = `${what} by ${describeHolder(thisProcess())}${decided === undefined ? "" : ` (${decided})`}`;
    // Its instant may have come meanwhile.
    const { record } = (await store.read()).actual;
    const cancelled = record.move
      ? undefined
      : await cancelSchedule({ kube: session.kube, store, lease }, why, "given up");
    const message = cancelled
      ? cancelledText(service.name, cancelled, why)
      : (await abandonMove(parts, why, "given up")).message;
    await settleConfigMaps(session.kube, store, lease, (warning) => trouble.push(warning));
    return [message, ...trouble].join("\n");
  } finally {
    await session.recorder(store, warn)?.settle();
    await note("lease-returning");
    await session.releaseLease(store).catch(() => undefined); // a lease that cannot be given back expires
  }
}

/**
 * Whether a promotion goes on with it: parked, waiting for its instant, or left by a mover that has died on the way up.
 * @param mover who has the rollout's lease now.
 */
export const isPromotable = ({ record: { move, scheduled } }: ActualRollout, mover: LeaseHolder | null): boolean =>
  move === null
    ? scheduled !== undefined && mover === null
    : move.parked !== null || (mover === null && move.intent !== "rollback");

/**
 * Goes on with a parked move through the steps that are left, gates included; one that was left on its way goes through
 * the step again that it was left in, one that waits for its instant through all of them now.
 * @throws RefusedError when there is none, or somebody moves it.
 */
export async function promoteParked(
  { config, session }: OpenStack,
  service: ServiceConfig,
  { signal, progress, decided }: MoveBackOptions,
): Promise<MoveResult> {
  const store = session.store(service.name, config.namespace);
  const [before, holder] = await Promise.all([store.read(), readLease(session.kube, store)]);
  if (!isPromotable(before.actual, holder))
    throw new RefusedError(`${service.name}: nothing is parked${movingHint(before.actual, holder)}`);
  const lease = await session.lease(store, signal);
  const { record } = before.actual;
  const note = journalOf(session.kube, store, lease, record.move?.release ?? record.scheduled?.release ?? "");
  const recorder = session.recorder(store, progress);
  try {
    await note("lease-taken");
    // Whoever had the lease meanwhile, the watcher for one, may have put the traffic back for a reason.
    const { actual, shape } = await store.read();
    const { move, scheduled, weights } = actual.record;
    const waiting = move ?? (scheduled && { ...scheduled, to: scheduled.color });
    if (!waiting || !isPromotable(actual, null))
      throw new RefusedError(`${service.name}: nothing is parked any more; its traffic was put back`);
    const { address } = config.gateway;
    const host = serviceHost(config, service.name);
    const gates = gatesOf(service.kpis);
    const { prometheus, namespace, freeze, stack } = config;
    const watched = { service: service.name, namespace, prometheus };
    const requests = syntheticRequests(service.healthPath, service.smoke);
    const guard = new FreezeGuard({
      ...{ stack, midMove: freeze.midMove, action: "promote", notice: progress },
      store: freezeStore(() => session.kube, namespace, { stack, ...freeze }, projectRoot()),
    });
    const names = gates.map(({ name }) => name);
    const strategy = service.strategy ? stepsOf(service.strategy, names) : ALL_AT_ONCE;
    const steps = !move ? strategy : (move.parked ? stepsAfter : stepsFrom)(strategy, weights[move.to]);
    const { gateway: inside, image: named = "", prometheus: asked } = config.inCluster;
    const standBy = async (stop: AbortSignal) => {
      const image = await runnerImage(
        session,
        { service: service.name, named, why: "its move stops on its way" },
        progress,
        stop,
      );
      const where = { service: service.name, namespace, host, probePath: service.healthPath, gateway: inside };
      await startWatcher(session.kube, { ...where, prometheus: asked, gates, image, token: lease.token }, stop);
    };
    const mover = new Mover({
      store,
      lease,
      dataPlane: session.dataPlane(address, host),
      permits: [guard.permit, needsPermit(session), () => Promise.resolve(decided), recorder?.permit],
      gates: gateKeeper(watched, gates),
      synthetic: syntheticLoad({ store, address, host, requests }),
      // What is parked is watched already.
      ...(move !== null || !stops(steps) ? {} : { standBy }),
      note,
      progress,
    });
    const thin = actual.live === null ? [] : await thinSteps({ ...watched, gates, steps }, actual.live, signal);
    for (const warning of thin) progress(`warning: ${warning}`);
    const result = await mover.run(
      {
        shape: shape ?? shapeOf(config, service.name),
        to: waiting.to,
        release: waiting.release,
        seen: actual.live,
        steps,
        intent: "deploy",
        takeOver: false,
        probePath: service.healthPath,
        affinity: affinityOf(service.affinity, address),
      },
      signal,
    );
    await settleConfigMaps(session.kube, store, lease, progress);
    if (result.parked && guard.held !== undefined) throw new RefusedError(guard.held);
    return result;
  } finally {
    await recorder?.settle();
    await note("lease-returning");
    await session.releaseLease(store).catch(() => undefined);
  }
}

function movingHint({ record: { move, scheduled } }: ActualRollout, holder: LeaseHolder | null): string {
  if (!move && !(scheduled && holder)) return "";
  return holder
    ? `; ${describeHolder(holder)} is moving its traffic: wait until that ends, or hms-deploy abort`
    : "; a rollback was left unfinished: hms-deploy rollback again, or hms-deploy abort";
}
