import { UsageError, type Command, type Invocation } from "../../cli/command";
import { gateKeeper } from "../../provider/rollout/gateKeeper";
import { watchRollout, type WatcherParts } from "../../provider/rollout/watcher";
import { Session } from "../../provider/session";
import { readGates } from "../gates";
import { Log } from "../log";
import { ADDRESS_OPTIONS, gatewayOf, PLACE_OPTIONS, placeOf, urlOf, type Place } from "../place";

/** Stands by an unfinished move when its mover cannot be relied on; see provider/rollout/watcher.ts. */
export const watch: Command = {
  name: "watch",
  summary: "Watches an unfinished move until it is over, and puts the traffic back when nobody else will.",
  options: [
    ...PLACE_OPTIONS,
    ...ADDRESS_OPTIONS,
    {
      flags: "--token <number>",
      description: "fencing token of a move that is about to begin; without it one must be under way",
    },
    {
      flags: "--gates <json>",
      description: "gates of the parked release, a JSON list; without it only time and mover",
    },
  ],
  examples: [
    "runner watch --service drought-benefit --namespace hms-prod # its mover and its expiry",
    "runner watch --service drought-benefit --prometheus http://prometheus.monitoring:9090 --gates '[…]' # its gates too",
  ],
  async run(invocation, io) {
    const place = placeOf(invocation);
    const log = new Log(io.out, { ...place });
    const parts = partsOf(invocation, place, log);
    log.info("watching");
    const end = await watchRollout(parts, io.signal);
    // Both ends are the watcher's work done: a Job that restored is not to run again.
    if (end.kind === "restored") log.info("the traffic was put back", { end: end.kind, why: end.why });
    else log.info("the move is over", { end: end.kind });
  },
};

function partsOf(invocation: Invocation, place: Place, log: Log): WatcherParts {
  const gateway = gatewayOf(invocation);
  const prometheus = urlOf(invocation, "prometheus");
  const gates = readGates(invocation.text("gates"));
  if (gates.length > 0 && prometheus === undefined)
    throw new UsageError("--gates needs --prometheus: without it no gate can be looked at");
  const token = tokenOf(invocation.text("token"));
  const session = new Session(undefined);
  const store = session.store(place.service, place.namespace);
  return {
    kube: session.kube,
    store,
    ...(gates.length === 0 || prometheus === undefined ? {} : { gates: gateKeeper({ ...place, prometheus }, gates) }),
    ...(gateway === undefined ? {} : { dataPlane: session.dataPlane(gateway.address, gateway.host) }),
    probePath: invocation.required("probePath"),
    ...(token === undefined ? {} : { token }),
    seize: () => session.seizeLease(store),
    log: (message) => {
      log.info(message);
    },
  };
}

function tokenOf(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,14}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`--token must be a whole number above zero, got "${text}"`);
}
