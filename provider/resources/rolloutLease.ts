import { podsThatFit, type PodNeed } from "../../core/capacity";
import { Cancelled, type Log, type Properties, type ResourceHandler } from "../../platform/rpc";
import { refuseFrozen } from "../freeze/refuse";
import { abandonMove } from "../rollout/abandon";
import type { DataPlane } from "../rollout/dataPlane";
import { ConfigMaps } from "../rollout/configMaps";
import { emptyColor } from "../rollout/emptyColor";
import { Refusal } from "../rollout/errors";
import { journalOf } from "../rollout/journal";
import { readLease, removeLease } from "../rollout/lease";
import { describeHolder } from "../../core/rollout/lease";
import { foreignWeights } from "../rollout/arm";
import { roomOnNodes } from "../rollout/room";
import { cancelledText, cancelSchedule } from "../rollout/schedule";
import type { Session } from "../session";
import { resourceId, splitId } from "./id";
import { inputFailures, leaseInputs, parseInputs, type LeaseInputs } from "./inputs";
import { liveRelease, movedProperties } from "./live";

/**
 * `hms:rollout:RolloutLease`: taken before the idle color is touched and held by this process until the traffic has
 * moved, so that two updates never work on one service. It also refuses, before anything changes, what the switch would
 * refuse at the end: a world that is not the one planned for, somebody else's weights, a cluster without room.
 */
export function rolloutLease(session: Session): ResourceHandler {
  const take = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const wish = parseInputs(leaseInputs, inputs);
    const store = session.store(wish.service, wish.namespace);
    const note = journalOf(session.kube, store, await session.lease(store, signal), wish.release);
    try {
      await refuseSurprises(session, wish);
      // The image may have been built for minutes since the update began.
      await refuseFrozen(session, wish.service, wish.namespace, wish.freeze, "nothing was changed", signal);
      signal.throwIfAborted();
      await note("lease-taken");
      if (wish.empties) {
        const dataPlane = session.dataPlane(wish.gatewayAddress, wish.host);
        await endUnfinished(session, wish, dataPlane, log);
        const progress = (message: string) => {
          log.status(message);
        };
        await emptyColor({ store, dataPlane, progress }, wish, signal);
        await note("color-emptied");
      }
    } catch (error) {
      await session.releaseLease(store);
      throw error;
    }
    return inputs;
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(leaseInputs, news) }),
    diff: ({ olds, news }) => movedProperties(olds, news),
    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const id = resourceId(parseInputs(leaseInputs, inputs));
      return { id, outputs: await take(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async update({ inputs, preview, signal, log }) {
      return { outputs: preview ? inputs : await take(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const store = session.store(service, namespace);
      if (!(await session.kube.get(store.leaseRef()))) return undefined;
      const { actual } = await store.read();
      const live = liveRelease(actual) ?? { color: "", release: "" };
      return { id, inputs: { ...inputs, ...live }, outputs: { ...olds, ...live }, refreshBeforeUpdate: true };
    },
    async delete({ id, signal }) {
      const { namespace, service } = splitId(id);
      const store = session.store(service, namespace);
      const holder = await readLease(session.kube, store);
      if (signal.aborted) throw new Cancelled();
      if (holder && holder.pid !== process.pid) {
        throw new Refusal(
          `${service}: ${describeHolder(holder)} is moving its traffic; wait until that ends, or stop it`,
        );
      }
      await removeLease(session.kube, store);
      await new ConfigMaps(session.kube, store).removeAll();
    },
  };
}

/**
 * A color that still carries a share, parked or left by a dead mover, gives it back before it is emptied, and waits for no
 * instant any more.
 */
async function endUnfinished(session: Session, wish: LeaseInputs, dataPlane: DataPlane, log: Log): Promise<void> {
  const store = session.store(wish.service, wish.namespace);
  const { actual } = await store.read();
  const lease = await session.lease(store);
  const why = "another release is wanted";
  if (actual.record.move && (actual.weights?.[wish.color] ?? 0) !== 0) {
    const { message } = await abandonMove(
      { store, lease, dataPlane, probePath: wish.healthPath },
      why,
      "nobody's fault",
    );
    log.info(message);
  }
  const cancelled = await cancelSchedule({ kube: session.kube, store, lease }, why, "replaced");
  if (cancelled) log.info(cancelledText(wish.service, cancelled, why));
}

async function refuseSurprises(session: Session, wish: LeaseInputs): Promise<void> {
  const { actual } = await session.store(wish.service, wish.namespace).read();
  if (actual.foreign && !wish.takeOver) throw new Refusal(foreignWeights(wish.service, actual.foreign));
  if (actual.live !== wish.seen) {
    const [now, then] = [actual.live ?? "no color", wish.seen ?? "no color"];
    throw new Refusal(`${wish.service}: ${now} is live, but the plan was made when ${then} was. Plan again`);
  }
  const standing = actual.colors[wish.color];
  await refuseWithoutRoom(session, wish, standing?.missing === false ? standing.desired : 0);
}

async function refuseWithoutRoom(session: Session, wish: LeaseInputs, standing: number): Promise<void> {
  // What the color has now is taken away first, so only what is added must find room.
  const need: PodNeed = { ...wish.needs, replicas: Math.max(0, wish.needs.replicas - standing) };
  const fit = podsThatFit(await roomOnNodes(session.kube), need);
  if (fit >= need.replicas) return;
  throw new Refusal(
    `${wish.service}: ${wish.color} needs room for ${need.replicas} more pods of ${need.cpu} CPU and ${need.memory}, ` +
      `the cluster has room for ${fit}. Free some, add a node, or lower replicas or resources; nothing was changed`,
  );
}
