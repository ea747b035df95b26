import { affinityOf } from "../../core/rollout/affinity";
import { weightsFor } from "../../core/rollout/color";
import { describeHolder } from "../../core/rollout/lease";
import type { ActualRollout } from "../../core/rollout/plan";
import type { RolloutRecord } from "../../core/rollout/record";
import { overdue, scheduleTime, type Schedule } from "../../core/rollout/scheduled";
import type { Log, PropertyDiff } from "../../platform/rpc";
import { Refusal } from "../rollout/errors";
import type { HeldLease } from "../rollout/lease";
import { hasMoveJob, type MoveWish } from "../rollout/moveJob";
import type { Permit, WeightChange } from "../rollout/permit";
import { cancelledText, cancelSchedule, expireSchedule, scheduleMove } from "../rollout/schedule";
import type { RolloutStore } from "../rollout/store";
import { runnerImage } from "../runnerImage";
import type { Session } from "../session";
import { sameJson } from "./diff";
import type { SwitchInputs } from "./inputs";

/** A schedule in the words of the resource's inputs. */
export function scheduleInput({ scheduled }: RolloutRecord): Schedule | undefined {
  if (!scheduled) return undefined;
  const { id: _id, image: _image, by: _by, since: _since, delayed: _delayed, ...schedule } = scheduled;
  return schedule;
}

/** What differs between the schedule that is wanted and the one there is; also one that nobody is there to carry out. */
export async function scheduleDiff(
  session: Session,
  { service, namespace, schedule }: SwitchInputs,
  record: RolloutRecord,
): Promise<[string, PropertyDiff][]> {
  const { scheduled } = record;
  if (!schedule) return scheduled ? [["schedule", { kind: "delete" }]] : [];
  if (!scheduled) return [["schedule", { kind: "add" }]];
  const job = { service, namespace, id: scheduled.id };
  const stands = sameJson(schedule, scheduleInput(record)) && (await hasMoveJob(session.kube, job));
  return stands ? [] : [["schedule", { kind: "update" }]];
}

/**
 * Brings the schedule to what is wanted: set, changed, given to a new pod, or taken away where something else is wanted.
 * Says in the engine's log what became of it.
 * @param record notes a move before it is left to a pod, which has no ledger. @throws Refusal when it cannot, and when its
 * time is over: it is held then, as a pod would have left it.
 */
export async function makeSchedule(
  session: Session,
  store: RolloutStore,
  lease: HeldLease,
  wish: SwitchInputs,
  record: Permit | undefined,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const { actual } = await store.read();
  const parts = { kube: session.kube, store, lease };
  const { service, schedule } = wish;
  if (!schedule) {
    const wanted = "another release is wanted";
    const cancelled = await cancelSchedule(parts, wanted, "replaced");
    if (cancelled) log.info(cancelledText(service, cancelled, wanted));
    return;
  }
  if ((await scheduleDiff(session, wish, actual.record)).length === 0) return;
  const why = overdue(actual.record, schedule, Date.now());
  if (why !== undefined) {
    const expired = await expireSchedule(parts, why);
    throw new Refusal(
      `${expired ? cancelledText(service, expired, why) : `${service}: ${why}`}. ` +
        "It is held now: say another instant, or deploy it with --retry and without one",
    );
  }
  const change = scheduledChange(wish, schedule, actual, lease);
  if (change) await record?.(change, signal);
  log.status("starting the pod that makes the move at its instant");
  await scheduleMove(parts, schedule, await moveWish(session, wish, signal, log), signal);
  const { color, tag, release } = schedule;
  log.info(
    `${service}: SCHEDULED@${scheduleTime(schedule)}: ${tag} (${release}) stands proven on ${color}; ` +
      "hms-deploy promote moves now, hms-deploy abort cancels",
  );
}

/** The change of weights that the pod begins with; `undefined` where nothing stands on the color, which is refused later. */
function scheduledChange(
  { service, namespace, steps }: SwitchInputs,
  schedule: Schedule,
  { colors, weights }: ActualRollout,
  { token, holder }: HeldLease,
): WeightChange | undefined {
  const { color } = schedule;
  const release = colors[color]?.release;
  if (!release) return undefined;
  return {
    ...{ service, namespace, release, to: color, intent: "deploy", step: 0, evidence: [] },
    before: weights,
    after: weightsFor(color, steps[0]?.weight ?? 100),
    marker: `schedule ${token}`,
    by: describeHolder(holder),
    decisions: [`left to a pod of the cluster, for ${scheduleTime(schedule)}`],
  };
}

async function moveWish(session: Session, wish: SwitchInputs, signal: AbortSignal, log: Log): Promise<MoveWish> {
  const { service, gateway, probePath, steps, gates, syntheticRequests, watcher, affinity, freeze } = wish;
  if (!watcher || !freeze)
    throw new Error("a scheduled move needs to know what pods reach, and where a freeze is kept");
  const { file, account, ...place } = freeze;
  if (file !== undefined) {
    throw new Refusal(
      `${service}: hms:freeze.file is ${JSON.stringify(file)}, which the pod of a scheduled move cannot read. ` +
        "Keep the freeze in the cluster (leave file out), or deploy without an instant; nothing was scheduled",
    );
  }
  if (account !== undefined) {
    throw new Refusal(
      `${service}: hms:freeze.account is ${account.name}, whose parameters the pod of a scheduled move has no credentials for. ` +
        "Keep the freeze in the cluster (leave account out), or deploy without an instant; nothing was scheduled",
    );
  }
  const why = "a pod makes the move at its instant";
  const status = (message: string) => {
    log.status(message);
  };
  const image = await runnerImage(session, { service, named: watcher.image, why }, status, signal);
  const kept = affinityOf(affinity, gateway.address);
  return {
    address: watcher.gateway,
    prometheus: watcher.prometheus,
    probePath,
    steps,
    gates,
    image,
    freeze: place,
    ...(syntheticRequests === undefined ? {} : { syntheticRequests }),
    ...(kept === undefined ? {} : { affinity: kept }),
  };
}
