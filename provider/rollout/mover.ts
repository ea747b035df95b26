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
  type Said,
} from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import type { RouteShape } from "../../core/rollout/route";
import { withMoot } from "../../core/rollout/scheduled";
import type { MoveStep } from "../../core/rollout/strategy";
import { RefusedError } from "../../platform/errors";
import type { DataPlane } from "./dataPlane";
import { arm, refuseSurprises } from "./arm";
import { GateFailure, HoldHere, messageOf, Refusal } from "./errors";
import { gatesFor, watchStep, type GateKeeper } from "./gateWatch";
import type { StartSynthetic } from "./syntheticLoad";
import type { Note } from "./journal";
import type { HeldLease } from "./lease";
import type { Permit, WeightChange } from "./permit";
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
  /** Set: the move was scheduled for that instant, and its event says so. */
  readonly scheduled?: { readonly at: string; readonly reason: string };
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
  /** Comes to its end when the first weight may be written; called when all is ready for it. */
  readonly instant?: (signal: AbortSignal) => Promise<void>;
  /** Each may stop a write of weights that gives the color traffic; asked in this order. */
  readonly permits?: readonly (Permit | undefined)[];
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

/** Where a move is to wait, and what its record says of that. */
interface Parking {
  readonly weight: number;
  readonly until: Date;
  readonly notes: readonly string[];
  readonly evidence: readonly Said[];
  readonly convergedMs: number;
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
    await this.parts.instant?.(stop);
    try {
      return await this.move(request, fact, actual.weights, stop);
    } catch (error) {
      if (!this.writer.hasWritten && error instanceof RefusedError) throw new Refusal(error.message);
      // What was interrupted only says "aborted"; the signal knows why.
      throw await this.restore(request, fact, stop.aborted ? stop.reason : error);
    }
  }

  /** The live color is the wanted one: what differs is put right by one patch, never in steps, and no move to it waits. */
  private async repair(actual: ActualRollout, request: MoveRequest, signal: AbortSignal): Promise<MoveResult> {
    const { writer } = this;
    const parked = request.parkedShare !== undefined;
    const wanted = weightsFor(request.to, 100 - (request.parkedShare ?? 0));
    const act = { ...writer.act(), reason: "the route was not as recorded" };
    const differs = !writer.hasRoute || !sameWeights(actual.weights ?? wanted, wanted) || actual.foreign;
    const settled = withMoot(writer.record, actual, act);
    const record = differs && !parked ? withRepair(settled, request.to, act) : settled;
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

  private async move(
    request: MoveRequest,
    fact: ColorFact,
    found: Weights | null,
    signal: AbortSignal,
  ): Promise<MoveResult> {
    const { to, shape, steps, release } = request;
    const { writer, parts } = this;
    let convergedMs = 0;
    let before = found;
    let evidence: readonly Said[] = [];
    const notes: string[] = [...(request.scheduled ? [request.scheduled.reason] : []), ...(fact.provenWith ?? [])];
    for (const [index, step] of steps.entries()) {
      signal.throwIfAborted();
      const weights: Weights = weightsFor(to, step.weight);
      const held = await this.askPermits(request, fact, { step: index, before, after: weights, evidence }, signal);
      if (held) return this.park(request, fact, { ...held, weight: before?.[to] ?? 0, evidence, convergedMs });
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
      const judged = await watchStep(watched, step, to, signal);
      evidence = kept(judged);
      before = weights;
      const stoodIn = syntheticNote(step.weight, judged);
      notes.push(...stoodIn);
      await parts.note?.(stepBoundary(index, "passed"));
      if (step.pauseSeconds !== undefined) {
        const until = new Date(Date.parse(writer.act().at) + step.pauseSeconds * 1000);
        return this.park(request, fact, { until, notes: stoodIn, weight: step.weight, evidence, convergedMs });
      }
    }
    signal.throwIfAborted();
    const reason = `rolled back to ${describeRelease(fact.release)}`;
    const record =
      request.intent === "rollback"
        ? withRollback(writer.record, to, fact.release, { ...writer.act(), reason })
        : withDeployment(writer.record, to, fact.release, {
            ...writer.act(),
            ...reasonFrom(notes),
            ...scheduledFrom(request),
            gates: evidence,
          });
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

  /** @returns that the move is to wait where it is. @throws Refusal and whatever else speaks against the change. */
  private async askPermits(
    { shape: { service, namespace }, to, intent }: MoveRequest,
    fact: ColorFact,
    change: Pick<WeightChange, "step" | "before" | "after" | "evidence">,
    signal: AbortSignal,
  ): Promise<{ readonly until: Date; readonly notes: readonly string[] } | undefined> {
    const { writer } = this;
    const { release } = fact;
    const rest = {
      service,
      namespace,
      release,
      to,
      intent,
      marker: writer.nextMarker(change.step),
      by: writer.act().by,
    };
    try {
      const decisions: string[] = [];
      for (const permit of this.parts.permits ?? []) {
        const decided = await permit?.({ ...change, ...rest, decisions }, signal);
        if (decided !== undefined) decisions.push(decided);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof HoldHere) || !writer.hasWritten) throw error;
      return { until: error.until, notes: [withoutName(service, error.message)] };
    }
  }

  private async park(request: MoveRequest, fact: ColorFact, parking: Parking): Promise<MoveResult> {
    const { writer } = this;
    const { shape, to } = request;
    const { weight, notes, evidence, convergedMs } = parking;
    const until = parking.until.toISOString();
    const act = { ...writer.act(), ...reasonFrom(notes), ...scheduledFrom(request), gates: evidence };
    const record = withParked(writer.record, fact.release, { until, evidence: [...evidence] }, act);
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
    const why = withoutName(service, messageOf(cause));
    if (RouteWriter.isOverruled(cause)) {
      return new Refusal(`${service}: ${why}; it decides where the traffic goes now, so it was left as it is`);
    }
    const judged = cause instanceof GateFailure;
    const gates = judged ? kept(cause.evidence) : [];
    const act = { ...writer.act(), reason: why, gates };
    const back = (judged ? withFailure : withStop)(writer.record, fact.release, act);
    try {
      await writer.putBack(request.shape, back);
      await this.parts.note?.("restored");
    } catch (error) {
      return new Error(`${service}: ${why}; the traffic could not be put back: ${messageOf(error)}`);
    }
    const where = await describeRestored(writer, back.live, this.parts.dataPlane, request.probePath);
    const message = `${service}: ${why}; ${where}${judged ? `; ${describeRelease(fact.release)} is held` : ""}`;
    this.parts.progress(message);
    return judged ? new GateFailure(message) : new Error(message);
  }
}

/** What a refusal says, for a sentence or record that names the service already. */
const withoutName = (service: string, text: string): string =>
  text.startsWith(`${service}: `) ? text.slice(service.length + 2) : text;

/** What is kept of evidence. */
const kept = (evidence: readonly Evidence[]): Said[] =>
  evidence.map(({ gate, value, samples, synthetic }) => ({
    ...{ gate, value, samples },
    ...(synthetic === undefined ? {} : { synthetic }),
  }));

const scheduledFrom = ({ scheduled }: MoveRequest) => (scheduled ? { scheduled: scheduled.at } : {});

const reasonFrom = (notes: readonly string[]) => (notes.length === 0 ? {} : { reason: notes.join("; ") });
