import { describeHolder } from "../../core/rollout/lease";
import { COLORS, type Color } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import type { ActualRollout } from "../../core/rollout/plan";
import { probeHeader } from "../../core/rollout/route";
import { answerProblem, type Via } from "../../core/chaos/availability";
import type { Side } from "../../core/chaos/options";
import { reasonOf, RefusedError } from "../../platform/errors";
import { SYNTHETIC_HEADER, type LoadAim } from "../../platform/load/openLoad";
import { readLease, thisProcess } from "../rollout/lease";
import type { Session } from "../session";

/** A service as chaos needs to know it. */
export interface ChaosTarget {
  readonly name: string;
  /** Host name of the service at the gateway. */
  readonly host: string;
  readonly healthPath: string;
  /** How long a new pod may take until it answers. */
  readonly startupSeconds: number;
}

/** Where chaos acts: services of one namespace behind one gateway. */
export interface ChaosPlace {
  readonly session: Session;
  /** What people call it: the stack, or the one service. */
  readonly title: string;
  readonly namespace: string;
  readonly gatewayAddress: string;
  readonly targets: readonly ChaosTarget[];
}

/** One stream of requests, and the colors whose pods answer it. */
export interface Aim {
  readonly service: ChaosTarget;
  readonly via: Via;
  readonly colors: readonly Color[];
  readonly load: LoadAim;
}

/** Why chaos may not act on a service now: what is the case, and what to do about it. */
export interface Obstacle {
  readonly service: string;
  readonly what: string;
  readonly advice: string;
}

export interface Found {
  readonly aims: readonly Aim[];
  readonly obstacles: readonly Obstacle[];
}

/** Whose pods are killed, and which requests measure it, as the cluster stands now. */
export async function findAims(place: ChaosPlace, side: Side): Promise<Found> {
  const found = await Promise.all(place.targets.map((target) => aimAt(place, target, side)));
  return { aims: found.flatMap((one) => one.aims), obstacles: found.flatMap((one) => one.obstacles) };
}

/** @throws RefusedError that says of every service why it cannot be: moving, nothing live, no idle color. */
export function refuseObstacles({ aims, obstacles }: Found): readonly Aim[] {
  const problems = obstacles.map(({ service, what, advice }) => `${service}: ${what}. ${advice}; no pod was killed`);
  if (problems.length > 0) throw new RefusedError(problems.join("\n"));
  return aims;
}

async function aimAt(place: ChaosPlace, target: ChaosTarget, side: Side): Promise<Found> {
  const { session, namespace } = place;
  const store = session.store(target.name, namespace);
  const [{ actual }, holder] = await Promise.all([store.read(), readLease(session.kube, store)]);
  const refuse = (what: string, advice: string): Found => obstacle(target, what, advice);
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

  const busy = COLORS.filter((color) => weights[color] > 0);
  const aims: Aim[] = [];
  if (side !== "idle") {
    const load = { ...requestsTo(place, target), headers: SYNTHETIC };
    aims.push({ service: target, via: "public", colors: busy, load });
  }
  if (side !== "live") {
    const idle = idleColor(actual, busy);
    const token = await store.probeToken();
    if (idle === undefined || token === undefined)
      return refuse("it has no idle color with pods", "Choose --color live");
    aims.push(probeAim(place, target, idle, token));
  }
  return { aims, obstacles: [] };
}

/**
 * The one color that an update is about to move traffic to, while it has none: also before the first release, when
 * nothing is live and the probe route alone stands. The update itself holds the lease.
 */
export async function aimBeforeMove(place: ChaosPlace, target: ChaosTarget, color: Color): Promise<Found> {
  const { session, namespace } = place;
  const store = session.store(target.name, namespace);
  const [{ actual }, holder, token] = await Promise.all([
    store.read(),
    readLease(session.kube, store),
    store.probeToken(),
  ]);
  if (holder && holder.id !== thisProcess().id)
    return obstacle(target, `${describeHolder(holder)} took over its rollout`, "Deliver it again when that has ended");
  const share = actual.live === color ? 100 : (actual.weights?.[color] ?? 0);
  if (share > 0)
    return obstacle(target, `${color} has ${share} % of the traffic`, "End that move first (hms-deploy abort)");
  if (token === undefined)
    return obstacle(target, "the route that reaches idle colors is missing", "Refresh and deploy again");
  return { aims: [probeAim(place, target, color, token)], obstacles: [] };
}

const SYNTHETIC = { [SYNTHETIC_HEADER]: "chaos" };

const obstacle = ({ name }: ChaosTarget, what: string, advice: string): Found => ({
  aims: [],
  obstacles: [{ service: name, what, advice }],
});

const requestsTo = ({ gatewayAddress }: ChaosPlace, { host, healthPath }: ChaosTarget): LoadAim => ({
  address: gatewayAddress,
  host,
  path: healthPath,
});

function probeAim(place: ChaosPlace, target: ChaosTarget, color: Color, token: string): Aim {
  const headers = { ...SYNTHETIC, [HEADER.probe]: probeHeader(color, token) };
  return { service: target, via: "probe", colors: [color], load: { ...requestsTo(place, target), headers } };
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
  { session }: ChaosPlace,
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
