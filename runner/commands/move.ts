import { UsageError, type Command } from "../../cli/command";
import { blockedText } from "../../core/freeze/describe";
import { stops } from "../../core/rollout/strategy";
import { configMapStore } from "../../provider/freeze/configMapStore";
import { askFreeze } from "../../provider/freeze/look";
import { FreezeGuard } from "../../provider/freeze/permit";
import { withDowns } from "../../provider/migration/takeBack";
import { settleConfigMaps } from "../../provider/rollout/configMaps";
import { GateFailure, messageOf } from "../../provider/rollout/errors";
import { gateKeeper } from "../../provider/rollout/gateKeeper";
import { journalOf } from "../../provider/rollout/journal";
import { moveWishSchema, type MoveWish } from "../../provider/rollout/moveJob";
import { Mover } from "../../provider/rollout/mover";
import { moveAtInstant, type ScheduledMoveParts } from "../../provider/rollout/scheduledMove";
import { needsPermit } from "../../provider/rollout/needs";
import { syntheticLoad } from "../../provider/rollout/syntheticLoad";
import { startWatcher } from "../../provider/rollout/watcherJob";
import { Session } from "../../provider/session";
import { Log } from "../log";
import { PLACE_OPTIONS, placeOf, type Place } from "../place";

/** Makes a scheduled move at its instant; see provider/rollout/scheduledMove.ts. */
export const move: Command = {
  name: "move",
  summary: "Waits for the instant of a scheduled move, and makes it.",
  options: [
    ...PLACE_OPTIONS,
    { flags: "--schedule <number>", description: "id of the schedule in the rollout record" },
    { flags: "--wish <json>", description: "how it moves: steps, gates, addresses as pods see them" },
  ],
  examples: ["runner move --service drought-benefit --namespace hms-prod --schedule 42 --wish '{…}'"],
  async run(invocation, io) {
    const place = placeOf(invocation);
    const id = idOf(invocation.required("schedule"));
    const wish = wishOf(invocation.required("wish"));
    const log = new Log(io.out, { ...place, schedule: id });
    log.info("waiting for the instant");
    // Every end is written in the record: a Job that came to one is not to run again.
    const { kind, ...end } = await moveAtInstant(partsOf(place, id, wish, log), io.signal);
    log.info(ENDS[kind], { end: kind, ...end });
  },
};

const ENDS = {
  over: "the schedule is over",
  moved: "moved",
  parked: "moved, and parked on the way",
  moot: "nothing was left to move",
  failed: "the traffic was put back",
  expired: "the schedule has expired",
} as const;

function partsOf(place: Place, id: number, wish: MoveWish, log: Log): ScheduledMoveParts {
  const session = new Session(undefined);
  const { kube } = session;
  const { service, namespace } = place;
  const store = session.store(service, namespace);
  const { address, prometheus, probePath, steps, gates, image, syntheticRequests: requests } = wish;
  const progress = (message: string) => {
    log.info(message);
  };
  const freeze = configMapStore(kube, namespace);
  const guard = new FreezeGuard({ ...wish.freeze, store: freeze, action: "deploy", notice: progress });
  return {
    kube,
    store,
    id,
    wish,
    log: progress,
    acquire: (signal) => session.lease(store, signal),
    release: () => session.releaseLease(store).catch(() => undefined), // it expires
    async frozen(signal) {
      const decision = await askFreeze(freeze, { stack: wish.freeze.stack, service, action: "deploy" }, signal);
      return decision.frozen ? `${service}: ${blockedText(decision)}` : undefined;
    },
    async move(lease, request, instant, signal) {
      const [host = ""] = request.shape.hostnames;
      const note = journalOf(kube, store, lease, request.release);
      await note("lease-taken");
      const watcher = { ...place, host, probePath, gateway: address, prometheus, gates, image, token: lease.token };
      const mover = new Mover({
        store,
        lease,
        dataPlane: session.dataPlane(address, host),
        gates: gateKeeper({ ...place, prometheus }, gates),
        ...(requests === undefined ? {} : { synthetic: syntheticLoad({ store, address, host, requests }) }),
        ...(stops(steps) ? { standBy: (stop) => startWatcher(kube, watcher, stop) } : {}),
        permits: [guard.permit, needsPermit(session)],
        instant,
        note,
        progress,
      });
      try {
        const result = await mover.run(request, signal);
        await settleConfigMaps(kube, store, lease, progress);
        return result;
      } catch (error) {
        // Held by a gate: what its migrations did is taken back where that is asked for, and told.
        const parts = { session, store, lease, note, progress };
        if (error instanceof GateFailure) log.info(messageOf(await withDowns(parts, error, signal)));
        throw error;
      } finally {
        await note("lease-returning");
      }
    },
  };
}

/** @throws UsageError that names what is wrong. */
function wishOf(text: string): MoveWish {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError("--wish must be a JSON document, got a text that is no JSON");
  }
  const parsed = moveWishSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`);
  throw new UsageError(`--wish: ${problems.join("; ")}`);
}

function idOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`--schedule must be a whole number above zero, got "${text}"`);
}
