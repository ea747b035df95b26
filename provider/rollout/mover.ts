import { setTimeout as sleep } from "node:timers/promises";
import { sameWeights, weightsFor, type Color, type Weights } from "../../core/rollout/color";
import type { ActualRollout, ColorFact } from "../../core/rollout/plan";
import {
  withDeployment,
  withFailure,
  withFence,
  withMove,
  withRepair,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import type { RouteShape } from "../../core/rollout/route";
import type { MoveStep } from "../../core/rollout/strategy";
import type { DataPlane } from "./dataPlane";
import { Fenced, GateFailure, messageOf, Refusal } from "./errors";
import { describeHolder } from "../../core/rollout/lease";
import type { HeldLease } from "./lease";
import { StaleWrite, type RolloutStore } from "./store";

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
}

export interface MoverParts {
  readonly store: RolloutStore;
  readonly lease: HeldLease;
  readonly dataPlane: DataPlane;
  /** Called at each change of state; must not throw. */
  readonly progress: (message: string) => void;
  readonly now?: () => Date;
}

export interface MoveResult {
  readonly record: RolloutRecord;
  readonly convergedMs: number;
}

/** How long the data plane may take to work with a patch before the traffic goes back. */
const CONVERGENCE_DEADLINE_MS = 10_000;
/** A restore is tried until this has passed; a failing API server is waited out, not given up at the first error. */
const RESTORE_DEADLINE_MS = 120_000;

/**
 * The weight state machine of one service: arm, step, prove, commit; on any doubt one patch puts the weights back.
 * Every write carries the fencing token's record and misses when anybody else wrote in between.
 */
export class Mover {
  private routeVersion: string | undefined;
  private record: RolloutRecord | undefined;
  private marker = "";
  /** Somebody else's weights that this move was told to take over. */
  private accepted: Weights | undefined;

  constructor(private readonly parts: MoverParts) {}

  /**
   * @throws Refusal when nothing was done; GateFailure when the release was judged and the traffic is back;
   *   the signal's reason when it was stopped and the traffic is back.
   */
  async run(request: MoveRequest, signal: AbortSignal): Promise<MoveResult> {
    const { actual, routeVersion } = await this.parts.store.read();
    this.routeVersion = routeVersion;
    this.refuseSurprises(actual, request);
    this.record = withFence(actual.record, this.parts.lease.token, describeHolder(this.parts.lease.holder));
    if (actual.live === request.to) return this.repair(actual, request, signal);
    const fact = this.arm(actual, request);
    const stop = AbortSignal.any([signal, this.parts.lease.lost]);
    try {
      return await this.move(request, fact, stop);
    } catch (error) {
      // What was interrupted only says "aborted"; the signal knows why.
      throw await this.restore(request, fact, stop.aborted ? stop.reason : error);
    }
  }

  private refuseSurprises(actual: ActualRollout, request: MoveRequest): void {
    const { service } = request.shape;
    if (actual.foreign && !request.takeOver) throw new Refusal(foreignWeights(service, actual.foreign));
    this.accepted = actual.foreign?.weights;
    if (actual.live !== request.seen && actual.live !== request.to) {
      const [now, then] = [actual.live ?? "no color", request.seen ?? "no color"];
      throw new Refusal(`${service}: ${now} is live, but the plan was made when ${then} was. Plan again`);
    }
  }

  /** The live color is the wanted one: whatever is different about the route is put right by one patch, never in steps. */
  private async repair(actual: ActualRollout, request: MoveRequest, signal: AbortSignal): Promise<MoveResult> {
    const act = { at: this.now(), by: this.by(), reason: "the route was not as recorded" };
    const wanted = weightsFor(request.to);
    const differs = this.routeVersion === undefined || !sameWeights(actual.weights ?? wanted, wanted) || actual.foreign;
    const record = this.known();
    await this.write(request.shape, wanted, differs ? withRepair(record, request.to, act) : record, this.nextMarker(0));
    const { ms } = await this.converge(request, request.to, signal);
    return { record: this.known(), convergedMs: ms };
  }

  /** Nothing moves unless the color that is to take the traffic stands proven, whole, and with the release asked for. */
  private arm(actual: ActualRollout, request: MoveRequest): ColorFact {
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

  private async move(request: MoveRequest, fact: ColorFact, signal: AbortSignal): Promise<MoveResult> {
    const { to, shape, steps, release } = request;
    let convergedMs = 0;
    for (const [index, step] of steps.entries()) {
      signal.throwIfAborted();
      const weights = weightsFor(to, step.weight);
      this.parts.progress(`${step.weight} % to ${to} (${describeRelease(fact.release)})`);
      await this.write(shape, weights, withMove(this.known(), to, release, index, weights), this.nextMarker(index));
      const { ms } = await this.converge(request, step.weight === 100 ? to : undefined, signal);
      convergedMs = ms;
      await sleep(step.holdSeconds * 1000, undefined, { signal });
    }
    signal.throwIfAborted();
    const act = { at: this.now(), by: this.by() };
    const reason = `rolled back to ${describeRelease(fact.release)}`;
    const record =
      request.intent === "rollback"
        ? withRollback(this.known(), to, fact.release, { ...act, reason })
        : withDeployment(this.known(), to, fact.release, act);
    await this.write(shape, weightsFor(to), record, this.marker);
    this.parts.progress(`${to} is live with ${describeRelease(fact.release)} (in force after ${convergedMs} ms)`);
    return { record, convergedMs };
  }

  private async converge(request: MoveRequest, color: Color | undefined, signal: AbortSignal) {
    const { dataPlane } = this.parts;
    const want = { marker: this.marker, path: request.probePath, deadlineMs: CONVERGENCE_DEADLINE_MS, signal };
    return dataPlane.converged(color === undefined ? want : { ...want, color });
  }

  /** Puts the traffic back. @returns the error that the caller is to throw. */
  private async restore(request: MoveRequest, fact: ColorFact, cause: unknown): Promise<unknown> {
    const { service } = request.shape;
    if (cause instanceof Fenced || cause instanceof ForeignWriter) {
      return new Refusal(
        `${service}: ${messageOf(cause)}; it decides where the traffic goes now, so it was left as it is`,
      );
    }
    const judged = cause instanceof GateFailure;
    const act = { at: this.now(), by: this.by(), reason: messageOf(cause) };
    const back = judged ? withFailure(this.known(), fact.release, act) : withStop(this.known(), fact.release, act);
    try {
      await this.writeBack(request, back);
    } catch (error) {
      return new Error(`${service}: ${messageOf(cause)}; the traffic could not be put back: ${messageOf(error)}`);
    }
    const where = back.live === null ? "nothing is public" : `the traffic is back on ${back.live}`;
    const message = `${service}: ${messageOf(cause)}; ${where}${judged ? `; ${describeRelease(fact.release)} is held` : ""}`;
    this.parts.progress(message);
    return judged ? new GateFailure(message) : new Error(message);
  }

  /** The restoring patch: tried again while the API server does not answer, given up only to another writer. */
  private async writeBack({ shape }: MoveRequest, back: RolloutRecord): Promise<void> {
    const giveUp = performance.now() + RESTORE_DEADLINE_MS;
    for (;;) {
      try {
        if (back.live !== null) {
          await this.write(shape, weightsFor(back.live), back, this.nextMarker(99));
          return;
        }
        await this.parts.store.remove(); // a first release: no color to go back to, so nothing is to be public
        await this.parts.store.updateRecord(() => back);
        return;
      } catch (error) {
        if (error instanceof Fenced || error instanceof ForeignWriter || performance.now() > giveUp) throw error;
        await sleep(200);
      }
    }
  }

  /**
   * One guarded patch. The route changes for many reasons (the gateway notes its status there), so a miss is looked
   * at: the weights as we left them mean try again, others mean that somebody else moves the traffic.
   */
  private async write(shape: RouteShape, weights: Weights, record: RolloutRecord, marker: string): Promise<void> {
    for (;;) {
      try {
        this.routeVersion = await this.parts.store.writeRoute(shape, weights, record, marker, this.routeVersion);
        this.record = record;
        this.marker = marker;
        return;
      } catch (error) {
        if (!(error instanceof StaleWrite)) throw error;
        const { actual, routeVersion } = await this.parts.store.read();
        if (actual.record.fence > this.parts.lease.token) throw new Fenced(`${actual.record.writer} took over`);
        const { foreign } = actual;
        const isNew = foreign && !(this.accepted && sameWeights(foreign.weights, this.accepted));
        if (routeVersion !== undefined && isNew) throw new ForeignWriter(`${foreign.writer} changed the weights`);
        this.routeVersion = routeVersion;
      }
    }
  }

  private nextMarker(step: number): string {
    return `${this.parts.lease.token}.${this.known().sequence}.${step}`;
  }

  private known(): RolloutRecord {
    if (!this.record) throw new Error("a move writes only after it has read");
    return this.record;
  }

  private now(): string {
    return (this.parts.now?.() ?? new Date()).toISOString();
  }

  private by(): string {
    return describeHolder(this.parts.lease.holder);
  }
}

/** Somebody who is no mover wrote the weights in the middle of a move: perhaps an emergency act, so it stands. */
class ForeignWriter extends Error {
  override readonly name = "ForeignWriter";
}

export const foreignWeights = (
  service: string,
  foreign: { readonly weights: Weights; readonly writer: string },
): string =>
  `${service}: ${foreign.writer} set the weights to blue ${foreign.weights.blue}, green ${foreign.weights.green}, ` +
  `which is not what the last move left. If that may be overwritten, deploy again with --take-over ` +
  `(plain pulumi: config hms:takeOver)`;
