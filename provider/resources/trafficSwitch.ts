import { mustBeAsked, policyVerdict, verdictPermit } from "../policy/verdict";
import { freezeStore } from "../freeze/look";
import { FreezeGuard } from "../freeze/permit";
import { gateKeeper, gateProblems, thinSteps } from "../rollout/gateKeeper";
import { affinityOf } from "../../core/rollout/affinity";
import { COLORS, sameWeights, weightsFor } from "../../core/rollout/color";
import { describeHold, findHold } from "../../core/rollout/record";
import type { RouteShape } from "../../core/rollout/route";
import { stops } from "../../core/rollout/strategy";
import {
  isProperties,
  PartialFailure,
  UNKNOWN,
  type Log,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  type Value,
} from "../../platform/rpc";
import { foreignWeights } from "../rollout/arm";
import { downText, migratorOf, withDowns } from "../migration/takeBack";
import { Mover } from "../rollout/mover";
import { messageOf, Refusal } from "../rollout/errors";
import { journalOf } from "../rollout/journal";
import { ConfigMaps, settleConfigMaps } from "../rollout/configMaps";
import { needsPermit } from "../rollout/needs";
import { planPermit } from "../rollout/permit";
import { syntheticLoad } from "../rollout/syntheticLoad";
import { startWatcher } from "../rollout/watcherJob";
import { runnerImage } from "../runnerImage";
import type { Session } from "../session";
import { sourcePermit } from "../source/permit";
import { inputFailures, parseInputs, switchInputs, type SwitchInputs } from "./inputs";
import { sameJson } from "./diff";
import { resourceId, splitId } from "./id";
import { makeSchedule, scheduleDiff, scheduleInput } from "./scheduling";

/** Inputs whose change moves traffic or rewrites the route; the others only say how. */
const COMPARED = ["hostnames", "gateway", "live", "release"] as const;

/**
 * `hms:rollout:TrafficSwitch`: the one route of a service. Creating or updating it *is* the move; reading it tells what
 * the route says now, so that drift shows in a plain preview.
 */
export function trafficSwitch(session: Session): ResourceHandler {
  return {
    async check({ news, olds }) {
      const failures = inputFailures(switchInputs, news);
      if (failures.length > 0) return { inputs: news, failures };
      const inputs = parseInputs(switchInputs, news);
      const { actual } = await session.store(inputs.service, inputs.namespace).read();
      const hold = inputs.retry || actual.live === inputs.live ? undefined : findHold(actual.record, inputs.release);
      if (hold?.kind === "failed") {
        const reason = `${describeHold(hold)}. Deploy another release, or try this one again with --retry (plain pulumi: config hms:retry)`;
        return { inputs: news, failures: [{ property: "release", reason }] };
      }
      const checked = { ...news, weights: { ...wantedWeights(inputs) }, pointer: "right" };
      // Asked only when the gates will be: a preview of nothing is to stay quick, and to work without Prometheus.
      const isSettled = actual.live === inputs.live && (!inputs.schedule || actual.record.scheduled !== undefined);
      if (isSettled && sameJson(olds.gates, news.gates)) return { inputs: checked };
      const problems = await gateProblems(inputs, actual.live);
      return { inputs: checked, failures: problems.map((reason) => ({ property: "gates", reason })) };
    },

    async diff({ olds, news, log }) {
      const inputs = parseInputs(switchInputs, news);
      const moved: [string, PropertyDiff][] = COMPARED.filter((key) => !sameJson(olds[key], news[key])).map((key) => [
        key,
        { kind: "update" },
      ]);
      const wanted = wantedWeights(inputs);
      const { actual } = await session.store(inputs.service, inputs.namespace).read();
      if (actual.foreign && !inputs.takeOver) log.warn(foreignWeights(inputs.service, actual.foreign));
      const drifted = COLORS.filter((color) => actual.weights !== null && actual.weights[color] !== wanted[color]);
      const weights = drifted.map<[string, PropertyDiff]>((color) => [`weights.${color}`, { kind: "update" }]);
      const replaces = ["service", "namespace"].filter((key) => olds[key] !== news[key]);
      const replaced = replaces.map<[string, PropertyDiff]>((key) => [key, { kind: "update-replace" }]);
      const pointer: [string, PropertyDiff][] = olds.pointer === "wrong" ? [["pointer", { kind: "update" }]] : [];
      const schedule = await scheduleDiff(session, inputs, actual.record);
      const detailed = Object.fromEntries([...moved, ...weights, ...pointer, ...schedule, ...replaced]);
      return { changes: Object.keys(detailed).length > 0, replaces, detailed, stables: ["service", "namespace"] };
    },

    async create(operation) {
      const { inputs, preview, signal, log } = operation;
      const wish = parseInputs(switchInputs, inputs);
      const id = resourceId(wish);
      const verdict = policyVerdict(wish, operation);
      mustBeAsked(wish, operation);
      if (preview) return { id: "", outputs: { ...inputs, writer: UNKNOWN }, refreshBeforeUpdate: true };
      return { id, outputs: await move(session, wish, inputs, verdict, signal, log), refreshBeforeUpdate: true };
    },

    async update(operation) {
      const { id, inputs, olds, preview, signal, log } = operation;
      const wish = parseInputs(switchInputs, inputs);
      if (preview) {
        policyVerdict(wish, operation);
        await warnOfThinTraffic(wish, signal, log);
        return { outputs: { ...inputs, writer: UNKNOWN }, refreshBeforeUpdate: true };
      }
      try {
        if (await isPointerAlone(session, wish, inputs, olds))
          return { outputs: await writePointer(session, wish, inputs), refreshBeforeUpdate: true };
        const verdict = policyVerdict(wish, operation);
        mustBeAsked(wish, operation);
        return { outputs: await move(session, wish, inputs, verdict, signal, log), refreshBeforeUpdate: true };
      } catch (error) {
        // The state keeps what the world is now, so that the next preview starts from the truth.
        const properties = await world(session, wish.service, wish.namespace, inputs).catch(() => undefined);
        if (!properties) throw error;
        throw new PartialFailure(
          { id, properties, reasons: [messageOf(error)], refreshBeforeUpdate: true },
          { cause: error },
        );
      }
    },

    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const outputs = await world(session, service, namespace, olds);
      if (!outputs) return undefined;
      const { live, release, hostnames, pointer, recorded: weights, schedule } = outputs;
      const seen = { service, namespace, hostnames, live, release, weights, pointer };
      const { schedule: _before, ...rest } = inputs;
      const now = schedule === undefined ? seen : { ...seen, schedule };
      return { id, inputs: { ...rest, ...now }, outputs, refreshBeforeUpdate: true };
    },

    async delete({ id }) {
      const { namespace, service } = splitId(id);
      await session.store(service, namespace).remove();
    },
  };
}

/**
 * Said in the preview, when there is still time to choose other steps, and at the start of a move, for not everybody makes
 * a preview: what traffic there is decides how long a step takes.
 */
async function warnOfThinTraffic(wish: SwitchInputs, signal: AbortSignal, log: Log): Promise<void> {
  if (wish.seen === null || wish.seen === wish.live) return;
  for (const thin of await thinSteps(wish, wish.seen, signal)) log.warn(`${wish.service}: ${thin}`);
}

/** Starts the watcher in the cluster, with the image that is there or that the local platform makes now. */
function standBy(session: Session, wish: SwitchInputs, token: number, log: Log) {
  return async (signal: AbortSignal) => {
    const { service, namespace, hostnames, probePath, gates, watcher } = wish;
    if (!watcher) return;
    log.status("starting the watcher of the move");
    const status = (message: string) => {
      log.status(message);
    };
    const asked = { service, named: watcher.image, why: "the move stops on its way" };
    const image = await runnerImage(session, asked, status, signal);
    const { gateway, prometheus } = watcher;
    const where = { service, namespace, host: hostnames[0] ?? "", probePath, gateway, prometheus };
    await startWatcher(session.kube, { ...where, gates, image, token }, signal);
  };
}

function guardOf(session: Session, { freeze, namespace }: SwitchInputs, log: Log): FreezeGuard | undefined {
  if (!freeze) return undefined;
  const notice = (message: string) => {
    log.warn(message);
  };
  const store = freezeStore(() => session.kube, namespace, freeze);
  return new FreezeGuard({ ...freeze, store, action: "deploy", notice });
}

const wantedWeights = ({ live, parkedShare = 0 }: SwitchInputs) => weightsFor(live, 100 - parkedShare);

async function move(
  session: Session,
  wish: SwitchInputs,
  inputs: Properties,
  verdict: string | undefined,
  signal: AbortSignal,
  log: Log,
) {
  const store = session.store(wish.service, wish.namespace);
  const lease = await session.lease(store, signal);
  const note = journalOf(session.kube, store, lease, wish.release);
  const recorder = session.recorder(store, (message) => {
    log.warn(message);
  });
  try {
    const { service, namespace, hostnames, gateway } = wish;
    const { name, namespace: home, section, https } = gateway;
    const shape: RouteShape = {
      service,
      namespace,
      hostnames,
      gateway: {
        name,
        namespace: home,
        ...(section === undefined ? {} : { section }),
        ...(https === undefined ? {} : { https }),
      },
    };
    const dataPlane = session.dataPlane(gateway.address, hostnames[0] ?? "");
    const { live: to, release, seen, steps, intent, takeOver, probePath, parkedShare } = wish;
    const requests = wish.syntheticRequests;
    const source = { store, address: gateway.address, host: hostnames[0] ?? "" };
    const gates = steps.some((step) => step.gates.length > 0) ? gateKeeper(wish, wish.gates) : undefined;
    const status = (message: string) => {
      log.status(message);
    };
    const guard = guardOf(session, wish, log);
    const mover = new Mover({
      store,
      lease,
      dataPlane,
      ...(gates === undefined ? {} : { gates }),
      ...(requests === undefined ? {} : { synthetic: syntheticLoad({ ...source, requests }) }),
      ...(wish.watcher === undefined || !stops(steps) ? {} : { standBy: standBy(session, wish, lease.token, log) }),
      // The ledger last: it is told what the others decided.
      permits: [
        ...[guard?.permit, needsPermit(session), planPermit, verdictPermit(verdict), sourcePermit(wish.approval)],
        recorder?.permit,
      ],
      note,
      progress: status,
    });
    await warnOfThinTraffic(wish, signal, log);
    const share = parkedShare === undefined ? {} : { parkedShare };
    const affinity = affinityOf(wish.affinity, gateway.address);
    const request = { shape, to, release, seen, steps, intent, takeOver, probePath, affinity, ...share };
    const migrations = { session, store, lease, progress: status };
    const { parked } = await mover.run(request, signal).catch(async (error: unknown) => {
      throw await withDowns(migrations, error, signal);
    });
    const warn = (message: string) => {
      log.warn(message);
    };
    await settleConfigMaps(session.kube, store, lease, warn);
    // Whoever goes back leaves releases behind; users are off them now.
    const taken = intent === "rollback" ? await migratorOf(migrations).downs(undefined, signal) : [];
    if (taken.length > 0) log.info(`${service}: ${downText(taken)}`);
    // What was asked for has not been done: whoever waits for it is to know.
    if (parked && guard?.held !== undefined)
      throw new Refusal(`${guard.held}; when the freeze is over: hms-deploy promote, or hms-deploy rollback`);
    await makeSchedule(session, store, lease, wish, recorder?.permit, signal, log);
    if (parked) log.info(`${service}: parked; go on with hms-deploy promote, or back with hms-deploy rollback`);
  } finally {
    await recorder?.settle();
    await note("lease-returning");
    await session.releaseLease(store).catch(() => undefined); // a lease that cannot be given back expires
  }
  return (await world(session, wish.service, wish.namespace, inputs)) ?? inputs;
}

/** Whether the route is as it should be, and only the pointer to its configuration is not: then no weight is written. */
async function isPointerAlone(
  session: Session,
  wish: SwitchInputs,
  news: Properties,
  olds: Properties,
): Promise<boolean> {
  const compared = [...COMPARED, "schedule"];
  if (olds.pointer !== "wrong" || compared.some((key) => !sameJson(olds[key], news[key]))) return false;
  const { actual } = await session.store(wish.service, wish.namespace).read();
  return actual.weights !== null && sameWeights(actual.weights, wantedWeights(wish)) && !actual.foreign;
}

async function writePointer(session: Session, wish: SwitchInputs, inputs: Properties): Promise<object> {
  const store = session.store(wish.service, wish.namespace);
  await new ConfigMaps(session.kube, store).writePointer();
  return (await world(session, wish.service, wish.namespace, inputs)) ?? inputs;
}

/** The https listener is the route's own word: one that was lost shows as drift, and is put back. */
function seenGateway(known: Value | undefined, shape: RouteShape | undefined) {
  if (!isProperties(known)) return {}; // being imported: nothing is known to compare with
  const { https: _before, ...shared } = known;
  const https = shape?.gateway.https;
  return { gateway: https === undefined ? shared : { ...shared, https: { ...https } } };
}

/** The route as outputs; `undefined` when it is gone, or when nothing is live behind it. */
async function world(session: Session, service: string, namespace: string, base: Properties) {
  const store = session.store(service, namespace);
  const { actual, routeVersion, hostnames, shape } = await store.read();
  if (routeVersion === undefined || actual.live === null || actual.weights === null) return undefined;
  const { schedule: _before, ...rest } = base;
  const schedule = scheduleInput(actual.record);
  return {
    ...rest,
    ...(schedule === undefined ? {} : { schedule }),
    service,
    namespace,
    hostnames,
    ...seenGateway(base.gateway, shape),
    live: actual.live,
    release: actual.colors[actual.live]?.release.id ?? "",
    weights: actual.weights,
    pointer: (await new ConfigMaps(session.kube, store).isPointerWrong(actual)) ? "wrong" : "right",
    /** What the route should say by the record: other weights are drift. */
    recorded: actual.record.move?.parked ? actual.record.weights : weightsFor(actual.live),
    writer:
      actual.foreign && !sameWeights(actual.foreign.weights, weightsFor(actual.live)) ? actual.foreign.writer : "hms",
  };
}
