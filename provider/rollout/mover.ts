import { syntheticNote } from "../../core/gates/synthetic";
import type { Evidence } from "../../core/gates/verdict";
import type { Affinity } from "../../core/rollout/affinity";
import { sameWeights, weightsFor, type Color, type Weights } from "../../core/rollout/color";
import { stepBoundary } from "../../core/rollout/journal";
import type { ActualRollout, ColorFact } from "../../core/rollout/plan";
import {
  asRollback,
  withDeployment,
  withFailure,
  withMove,
  withParked,
  withRepair,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import type { RouteShape } from "../../core/rollout/route";
import type { MoveStep } from "../../core/rollout/strategy";
import type { DataPlane } from "./dataPlane";
import { GateFailure, messageOf, Refusal } from "./errors";
import { gatesFor, watchStep, type GateKeeper } from "./gateWatch";
import type { StartSynthetic } from "./syntheticLoad";
import type { Note } from "./journal";
import type { HeldLease } from "./lease";
import { describeRestored, RouteWriter } from "./routeWriter";
import type { RolloutStore } from "./store";

export interface MoveRequest {
  readonly shape: RouteShape;
  /** Color that is to have all the traffic. */
  readonly to: Color;
  /** Id of the release that this color must be running. */
  readonly release: string;
  /** The live color that the plan was made from; the move is refused when it is another by now. */
  readonly seen: Color | null;
  readonly steps: readonly MoveStep[];
  /** A rollback holds what it leaves and makes no new deployment in the history. */
  readonly intent: "deploy" | "rollback";
  /** Somebody else's weights are overwritten instead of stopping the move. */
  readonly takeOver: boolean;
  /** Path asked on the public route to see who answers. */
  readonly probePath: string;
  /** `to` is live, and the other color is parked with this share: what is repaired is put back to that. */
  readonly parkedShare?: number;
  /** Set: users stay on their color while the traffic is divided. */
  readonly affinity?: Affinity | undefined;
}

export interface MoverParts {
  readonly store: RolloutStore;
  readonly lease: HeldLease;
  readonly dataPlane: DataPlane;
  /** Needed by steps that name gates. */
  readonly gates?: GateKeeper;
  /** Needed by steps that ask for synthetic load. */
  readonly synthetic?: StartSynthetic;
  /** Makes sure that somebody stands by the move from outside this process; called before the first weight is written. */
  readonly standBy?: (signal: AbortSignal) => Promise<void>;
  /** Notes each boundary that the move comes to. */
  readonly note?: Note;
  /** Called at each change of state; must not throw. */
  readonly progress: (message: string) => void;
  readonly now?: () => Date;
}

export interface MoveResult {
  readonly record: RolloutRecord;
  readonly convergedMs: number;
  /** The move waits at a weight below 100 for its promotion. */
  readonly parked: boolean;
}

/**
 * The weight state machine of one service: arm, step, prove, commit; on any doubt one patch puts the weights back.
 * Every write carries the fencing token's record and misses when anybody else wrote in between.
 */
export class Mover {
  private readonly writer: RouteWriter;

  constructor(private readonly parts: MoverParts) {
    this.writer = new RouteWriter(parts.store, parts.lease, parts.now);
  }

  /**
   * @throws Refusal when nothing was done; GateFailure when the release was judged and the traffic is back;
   *   the signal's reason when it was stopped and the traffic is back.
   */
  async run(request: MoveRequest, signal: AbortSignal): Promise<MoveResult> {
    const { actual } = await this.writer.read();
    refuseSurprises(actual, request);
    if (actual.live === request.to) return this.repair(actual, request, signal);
    const fact = arm(actual, request);
    const stop = AbortSignal.any([signal, this.parts.lease.lost]);
    await this.refuseBlind(request, stop);
    await this.parts.standBy?.(stop);
    await this.parts.note?.("armed");
    try {
      return await this.move(request, fact, stop);
    } catch (error) {
      // What was interrupted only says "aborted"; the signal knows why.
      throw await this.restore(request, fact, stop.aborted ? stop.reason : error);
    }
  }

  /** The live color is the wanted one: whatever is different about the route is put right by one patch, never in steps. */
  private async repair(actual: ActualRollout, request: MoveRequest, signal: AbortSignal): Promise<MoveResult> {
    const { writer } = this;
    const parked = request.parkedShare !== undefined;
    const wanted = weightsFor(request.to, 100 - (request.parkedShare ?? 0));
    const act = { ...writer.act(), reason: "the route was not as recorded" };
    const differs = !writer.hasRoute || !sameWeights(actual.weights ?? wanted, wanted) || actual.foreign;
    const record = differs && !parked ? withRepair(writer.record, request.to, act) : writer.record;
    await writer.write(request.shape, wanted, record, writer.nextMarker(0));
    const color = parked ? undefined : request.to;
    const { ms } = await writer.converged(this.parts.dataPlane, request.probePath, color, signal);
    return { record, convergedMs: ms, parked };
  }

  /** Without eyes no step can pass: said before anything moves, not at the first step's deadline. */
  private async refuseBlind({ shape, steps }: MoveRequest, signal: AbortSignal): Promise<void> {
    const { gates } = this.parts;
    for (const step of steps) gatesFor(step, gates);
    if (!gates || steps.every((step) => step.gates.length === 0)) return;
    const why = await gates.blind(signal);
    if (why !== undefined) throw new Refusal(`${shape.service}: ${why}; no traffic was moved`);
  }

  private async move(request: MoveRequest, fact: ColorFact, signal: AbortSignal): Promise<MoveResult> {
    const { to, shape, steps, release } = request;
    const { writer, parts } = this;
    let convergedMs = 0;
    const notes: string[] = [];
    for (const [index, step] of steps.entries()) {
      signal.throwIfAborted();
      const weights: Weights = weightsFor(to, step.weight);
      parts.progress(`${step.weight} % to ${to} (${describeRelease(fact.release)})`);
      await parts.note?.(stepBoundary(index, "begun"));
      const begun = withMove(writer.record, to, release, index, weights, request.affinity);
      const record = request.intent === "rollback" ? asRollback(begun) : begun;
      await writer.write(shape, weights, record, writer.nextMarker(index));
      await parts.note?.(stepBoundary(index, "written"));
      const color = step.weight === 100 ? to : undefined;
      convergedMs = (await writer.converged(parts.dataPlane, request.probePath, color, signal)).ms;
      const { gates: keeper, synthetic, progress } = parts;
      const watched = { keeper, synthetic, readyPods: this.readyPods.bind(this), progress };
      await parts.note?.(stepBoundary(index, "in-force"));
      const evidence = await watchStep(watched, step, to, signal);
      notes.push(...syntheticNote(step.weight, evidence));
      await parts.note?.(stepBoundary(index, "passed"));
      if (step.pauseSeconds !== undefined) return this.park(request, fact, step, evidence, convergedMs);
    }
    signal.throwIfAborted();
    const reason = `rolled back to ${describeRelease(fact.release)}`;
    const record =
      request.intent === "rollback"
        ? withRollback(writer.record, to, fact.release, { ...writer.act(), reason })
        : withDeployment(writer.record, to, fact.release, { ...writer.act(), ...reasonFrom(notes) });
    await writer.write(shape, weightsFor(to), record, writer.marker);
    await parts.note?.("committed");
    parts.progress(`${to} is live with ${describeRelease(fact.release)} (in force after ${convergedMs} ms)`);
    return { record, convergedMs, parked: false };
  }

  private async readyPods(color: Color): Promise<number | undefined> {
    try {
      return await this.parts.store.readyEndpoints(color);
    } catch {
      return undefined; // an API server that is away is no fault of the release
    }
  }

  private async park(
    { shape, to }: MoveRequest,
    fact: ColorFact,
    { weight, pauseSeconds = 0 }: MoveStep,
    evidence: readonly Evidence[],
    convergedMs: number,
  ): Promise<MoveResult> {
    const { writer } = this;
    const act = { ...writer.act(), ...reasonFrom(syntheticNote(weight, evidence)) };
    const until = new Date(Date.parse(act.at) + pauseSeconds * 1000).toISOString();
    const seen = evidence.map(({ gate, value, samples, synthetic }) => ({
      ...{ gate, value, samples },
      ...(synthetic === undefined ? {} : { synthetic }),
    }));
    const record = withParked(writer.record, fact.release, { until, evidence: seen }, act);
    await writer.write(shape, weightsFor(to, weight), record, writer.marker);
    await this.parts.note?.("parked");
    this.parts.progress(
      `parked: ${weight} % of the traffic is on ${to} with ${describeRelease(fact.release)} until ${until}; promote it or roll it back`,
    );
    return { record, convergedMs, parked: true };
  }

  /** Puts the traffic back. @returns the error that the caller is to throw. */
  private async restore(request: MoveRequest, fact: ColorFact, cause: unknown): Promise<unknown> {
    const { service } = request.shape;
    const { writer } = this;
    if (RouteWriter.isOverruled(cause)) {
      return new Refusal(
        `${service}: ${messageOf(cause)}; it decides where the traffic goes now, so it was left as it is`,
      );
    }
    const judged = cause instanceof GateFailure;
    const act = { ...writer.act(), reason: messageOf(cause) };
    const back = (judged ? withFailure : withStop)(writer.record, fact.release, act);
    try {
      await writer.putBack(request.shape, back);
      await this.parts.note?.("restored");
    } catch (error) {
      return new Error(`${service}: ${messageOf(cause)}; the traffic could not be put back: ${messageOf(error)}`);
    }
    const where = await describeRestored(writer, back.live, this.parts.dataPlane, request.probePath);
    const message = `${service}: ${messageOf(cause)}; ${where}${judged ? `; ${describeRelease(fact.release)} is held` : ""}`;
    this.parts.progress(message);
    return judged ? new GateFailure(message) : new Error(message);
  }
}

const reasonFrom = (notes: readonly string[]) => (notes.length === 0 ? {} : { reason: notes.join("; ") });

function refuseSurprises(actual: ActualRollout, request: MoveRequest): void {
  const { service } = request.shape;
  if (actual.foreign && !request.takeOver) throw new Refusal(foreignWeights(service, actual.foreign));
  if (actual.live !== request.seen && actual.live !== request.to) {
    const [now, then] = [actual.live ?? "no color", request.seen ?? "no color"];
    throw new Refusal(`${service}: ${now} is live, but the plan was made when ${then} was. Plan again`);
  }
}

/** Nothing moves unless the color that is to take the traffic stands proven, whole, and with the release asked for. */
function arm(actual: ActualRollout, request: MoveRequest): ColorFact {
  const { service } = request.shape;
  const fact = actual.colors[request.to];
  if (!fact || fact.missing) throw new Refusal(`${service}: there is no workload on ${request.to}`);
  if (fact.release.id !== request.release) {
    const found = describeRelease(fact.release);
    throw new Refusal(
      `${service}: ${request.to} runs ${found}, but the plan was made for ${request.release}. Plan again`,
    );
  }
  if (!fact.proven)
    throw new Refusal(`${service}: ${describeRelease(fact.release)} did not pass its verification on ${request.to}`);
  if (fact.ready === 0 || fact.ready < fact.desired) {
    throw new Refusal(`${service}: ${fact.ready} of ${fact.desired} pods of ${request.to} are ready; all must be`);
  }
  return fact;
}

export const foreignWeights = (
  service: string,
  foreign: { readonly weights: Weights; readonly writer: string },
): string =>
  `${service}: ${foreign.writer} set the weights to blue ${foreign.weights.blue}, green ${foreign.weights.green}, ` +
  `which is not what the last move left. If that may be overwritten, deploy again with --take-over ` +
  `(plain pulumi: config hms:takeOver)`;
