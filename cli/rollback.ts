import { otherColor } from "../core/rollout/color";
import type { ActualRollout } from "../core/rollout/plan";
import { deploymentByTag, previousGood, type Deployment } from "../core/rollout/record";
import { describeRelease } from "../core/rollout/release";
import { ALL_AT_ONCE } from "../core/rollout/strategy";
import type { ServiceConfig } from "../core/service/service";
import { serviceHost, shapeOf } from "../core/tls/reach";
import { RefusedError } from "../platform/errors";
import { settleConfigMaps } from "../provider/rollout/configMaps";
import { journalOf } from "../provider/rollout/journal";
import { Mover } from "../provider/rollout/mover";
import type { OpenStack } from "./stack";

export type RollbackChoice =
  /** The release stands proven on the idle color: one weight move. */
  | { readonly kind: "move"; readonly release: Deployment }
  /** It has to be brought up again, through the normal gates. */
  | { readonly kind: "deploy"; readonly release: Deployment };

/**
 * Where a rollback of one service goes: by the record, never simply to the other color.
 * @throws RefusedError when there is nothing good to go back to.
 */
export function chooseRollback(
  service: string,
  actual: ActualRollout,
  tag: string | undefined,
  stack: string,
): RollbackChoice {
  const { record, live } = actual;
  if (live === null) throw new RefusedError(`${service}: nothing is live, so there is nothing to go back from`);
  const target = tag === undefined ? previousGood(record) : deploymentByTag(record, tag);
  if (!target) {
    const known = record.deployments.map((one) => describeRelease(one.release)).join(", ");
    if (tag !== undefined)
      throw new RefusedError(`${service}: no release "${tag}" was live here; known are ${known || "none"}`);
    throw new RefusedError(`${service}: there is no earlier good release to go back to; were live: ${known || "none"}`);
  }
  if (actual.colors[live]?.release.id === target.release.id) {
    throw new RefusedError(`${service}: ${describeRelease(target.release)} is live already`);
  }
  const standing = actual.colors[otherColor(live)];
  const stands =
    standing?.release.id === target.release.id && standing.proven && !standing.missing && standing.ready > 0;
  if (stands) return { kind: "move", release: target };
  if (tag !== undefined) return { kind: "deploy", release: target };
  throw new RefusedError(
    `${service}: the release before, ${describeRelease(target.release)}, does not stand any more. ` +
      `Bring it back through its gates with: hms-deploy rollback --env ${stack} --service ${service} --to ${target.release.tag}`,
  );
}

export interface MoveBackOptions {
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
  /** What the permission policy said, for the ledger. */
  readonly decided?: string | undefined;
}

/** Moves the weights of one service to its idle color; needs the cluster and the gateway, nothing else. */
export async function moveBack(
  { config, session }: OpenStack,
  service: ServiceConfig,
  target: Deployment,
  { signal, progress, decided }: MoveBackOptions,
): Promise<number> {
  const store = session.store(service.name, config.namespace);
  const lease = await session.lease(store, signal);
  const note = journalOf(session.kube, store, lease, target.release.id);
  const recorder = session.recorder(store, progress);
  try {
    await note("lease-taken");
    const { actual, shape } = await store.read();
    if (actual.live === null) throw new RefusedError(`${service.name}: nothing is live any more`);
    const { address } = config.gateway;
    const host = serviceHost(config, service.name);
    const mover = new Mover({
      ...{ store, lease, note, progress },
      dataPlane: session.dataPlane(address, host),
      permits: [() => Promise.resolve(decided), recorder?.permit],
    });
    const { convergedMs } = await mover.run(
      {
        // A way back changes weights alone, whatever the stack file says of the route meanwhile.
        shape: shape ?? shapeOf(config, service.name),
        to: otherColor(actual.live),
        release: target.release.id,
        seen: actual.live,
        steps: ALL_AT_ONCE,
        intent: "rollback",
        takeOver: true, // going back is always allowed, whoever wrote the weights last
        probePath: service.healthPath,
      },
      signal,
    );
    await settleConfigMaps(session.kube, store, lease, progress);
    return convergedMs;
  } finally {
    await recorder?.settle();
    await note("lease-returning");
    await session.releaseLease(store);
  }
}
