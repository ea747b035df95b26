import { describeHolder } from "../../core/rollout/lease";
import { COLORS, type Color } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import type { ActualRollout } from "../../core/rollout/plan";
import { probeHeader } from "../../core/rollout/route";
import { answerProblem, type Via } from "../../core/chaos/availability";
import type { Side } from "../../core/chaos/options";
import { asksForCare } from "../../core/chaos/production";
import type { ServiceConfig } from "../../core/service/service";
import type { StackConfig } from "../../config/stackConfig";
import { reasonOf, RefusedError } from "../../platform/errors";
import { SYNTHETIC_HEADER, type LoadAim } from "../../platform/load/openLoad";
import { readLease, thisProcess } from "../../provider/rollout/lease";
import { serviceHost, type OpenStack } from "../stack";

/** One stream of requests, and the colors whose pods answer it. */
export interface Aim {
  readonly service: ServiceConfig;
  readonly via: Via;
  readonly colors: readonly Color[];
  readonly load: LoadAim;
}

/** @throws RefusedError for a stack that somebody depends on, unless that is wanted. */
export function refuseProduction(config: StackConfig, allowProd: boolean): void {
  const why = asksForCare(config);
  if (allowProd || why === undefined) return;
  throw new RefusedError(`stack ${config.stack} ${why}: killing its pods needs --allow-prod. Nothing was touched`);
}

/** Why chaos may not act on a service now: what is the case, and what to do about it. */
export interface Obstacle {
  readonly service: string;
  readonly what: string;
  readonly advice: string;
}

interface Found {
  readonly aims: readonly Aim[];
  readonly obstacles: readonly Obstacle[];
}

/** Whose pods are killed, and which requests measure it, as the cluster stands now. */
export async function findAims(open: OpenStack, side: Side): Promise<Found> {
  const found = await Promise.all(open.services.map((service) => aimAt(open, service, side)));
  return { aims: found.flatMap((one) => one.aims), obstacles: found.flatMap((one) => one.obstacles) };
}

/** @throws RefusedError that says of every service why it cannot be: moving, nothing live, no idle color. */
export async function takeAim(open: OpenStack, side: Side): Promise<readonly Aim[]> {
  const { aims, obstacles } = await findAims(open, side);
  const problems = obstacles.map(({ service, what, advice }) => `${service}: ${what}. ${advice}; no pod was killed`);
  if (problems.length > 0) throw new RefusedError(problems.join("\n"));
  return aims;
}

async function aimAt({ config, session }: OpenStack, service: ServiceConfig, side: Side): Promise<Found> {
  const store = session.store(service.name, config.namespace);
  const [{ actual }, holder] = await Promise.all([store.read(), readLease(session.kube, store)]);
  const refuse = (what: string, advice: string): Found => ({
    aims: [],
    obstacles: [{ service: service.name, what, advice }],
  });
  // A move that looks after itself with chaos holds the lease in this very process.
  if (holder && holder.id !== thisProcess().id)
    return refuse(`${describeHolder(holder)} is moving its traffic`, "Wait until that ends, or stop it");
  const { move } = actual.record;
  if (move?.parked)
    return refuse(
      `${move.to} is parked with a part of the traffic, and its gates would take chaos for users`,
      "Promote it or roll back first",
    );
  if (move && holder === null) return refuse("a move of its traffic was interrupted", "Deliver it again first");
  const { weights } = actual;
  if (actual.live === null || weights === null) return refuse("it has no traffic yet", "Deliver it first");

  const address = {
    address: config.gateway.address,
    host: serviceHost(config, service.name),
    path: service.healthPath,
  };
  const synthetic = { [SYNTHETIC_HEADER]: "chaos" };
  const busy = COLORS.filter((color) => weights[color] > 0);
  const aims: Aim[] = [];
  if (side !== "idle") aims.push({ service, via: "public", colors: busy, load: { ...address, headers: synthetic } });
  if (side !== "live") {
    const idle = idleColor(actual, busy);
    const token = await store.probeToken();
    if (idle === undefined || token === undefined)
      return refuse("it has no idle color with pods", "Choose --color live");
    const headers = { ...synthetic, [HEADER.probe]: probeHeader(idle, token) };
    aims.push({ service, via: "probe", colors: [idle], load: { ...address, headers } });
  }
  return { aims, obstacles: [] };
}

/** The same requests, answered by the same colors. */
export const sameAim = (a: Aim, b: Aim): boolean =>
  a.service.name === b.service.name && a.via === b.via && a.colors.join() === b.colors.join();

function idleColor(actual: ActualRollout, busy: readonly Color[]): Color | undefined {
  return COLORS.find((color) => {
    const fact = actual.colors[color];
    return !busy.includes(color) && fact !== null && !fact.missing && fact.desired > 0;
  });
}

/** @throws RefusedError when a service does not answer rightly before anything was done to it. */
export async function refuseUnanswered(
  { session }: OpenStack,
  aims: readonly Aim[],
  signal: AbortSignal,
): Promise<void> {
  const problems = await Promise.all(
    aims.map(async ({ service, via, load }) => {
      const ask = { path: load.path, headers: load.headers ?? {}, signal };
      const wrong = await session
        .dataPlane(load.address, load.host)
        .ask(ask)
        .then(({ status, headers }) => answerProblem(status, headers[HEADER.color], via), reasonOf);
      return wrong === undefined
        ? []
        : [`${service.name}: the gateway ${load.address} does not answer for ${load.host}${load.path}: ${wrong}`];
    }),
  );
  signal.throwIfAborted();
  const all = problems.flat();
  if (all.length > 0) throw new RefusedError([...all, "No pod was killed"].join("\n"));
}
