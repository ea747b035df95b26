import { setTimeout as sleep } from "node:timers/promises";
import { sessionProofs, type SessionProof } from "../../core/rollout/affinity";
import { sameWeights, weightsFor, type Color, type Weights } from "../../core/rollout/color";
import { describeHolder } from "../../core/rollout/lease";
import { withFence, type RolloutRecord } from "../../core/rollout/record";
import type { RouteShape } from "../../core/rollout/route";
import type { Convergence, DataPlane } from "./dataPlane";
import { Fenced, messageOf } from "./errors";
import type { HeldLease } from "./lease";
import { StaleWrite, type RolloutStore, type Snapshot } from "./store";

/** Somebody who is no mover wrote the weights in the middle of a move: perhaps an emergency act, so it stands. */
export class ForeignWriter extends Error {
  override readonly name = "ForeignWriter";
}

/** A restore is tried until this has passed; a failing API server is waited out, not given up at the first error. */
const RESTORE_DEADLINE_MS = 120_000;
/** How long the data plane may take to work with a patch. */
export const CONVERGENCE_DEADLINE_MS = 10_000;

/**
 * Writes the weights of one service, one guarded patch at a time: each carries the record, is fenced by the lease's
 * token, and misses when anybody else wrote since this writer last looked.
 */
export class RouteWriter {
  private routeVersion: string | undefined;
  private current: RolloutRecord | undefined;
  /** Somebody else's weights that this writer was told to take over. */
  private accepted: Weights | undefined;
  private lastMarker = "";
  private wrote = false;
  /** What proves that sessions are led as the last patch says, or not any more. */
  private proofs: readonly SessionProof[] = [];

  constructor(
    private readonly store: RolloutStore,
    private readonly lease: HeldLease,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Looks at the cluster; what is written after this is refused when it changed in between. */
  async read(): Promise<Snapshot> {
    const snapshot = await this.store.read();
    this.routeVersion = snapshot.routeVersion;
    this.accepted = snapshot.actual.foreign?.weights;
    this.lastMarker = snapshot.marker ?? "";
    this.current = withFence(snapshot.actual.record, this.lease.token, this.by());
    return snapshot;
  }

  get record(): RolloutRecord {
    if (!this.current) throw new Error("a writer writes only after it has read");
    return this.current;
  }

  /** Whether there is a route to write to. */
  get hasRoute(): boolean {
    return this.routeVersion !== undefined;
  }

  /** Whether this writer has changed anything. */
  get hasWritten(): boolean {
    return this.wrote;
  }

  /** Marker of the weights that this writer wrote last. */
  get marker(): string {
    return this.lastMarker;
  }

  act(): { readonly at: string; readonly by: string } {
    return { at: this.now().toISOString(), by: this.by() };
  }

  nextMarker(step: number): string {
    return `${this.lease.token}.${this.record.sequence}.${step}`;
  }

  /**
   * One guarded patch. The route changes for many reasons (the gateway notes its status there), so a miss is looked
   * at: the weights as we left them mean try again, others mean that somebody else moves the traffic.
   * @throws Fenced, ForeignWriter
   */
  async write(shape: RouteShape, weights: Weights, record: RolloutRecord, marker: string): Promise<void> {
    for (;;) {
      try {
        this.routeVersion = await this.store.writeRoute(shape, weights, record, marker, this.routeVersion);
        this.wrote = true;
        this.proofs = sessionProofs(shape.service, weights, record.move ?? this.record.move);
        this.current = record;
        this.lastMarker = marker;
        return;
      } catch (error) {
        if (!(error instanceof StaleWrite)) throw error;
        const { actual, routeVersion } = await this.store.read();
        if (actual.record.fence > this.lease.token) throw new Fenced(`${actual.record.writer} took over`);
        const { foreign } = actual;
        const isNew = foreign && !(this.accepted && sameWeights(foreign.weights, this.accepted));
        if (routeVersion !== undefined && isNew) throw new ForeignWriter(`${foreign.writer} changed the weights`);
        this.routeVersion = routeVersion;
      }
    }
  }

  /** The restoring patch: tried again while the API server does not answer, given up only to another writer. */
  async putBack(shape: RouteShape, back: RolloutRecord): Promise<void> {
    const giveUp = performance.now() + RESTORE_DEADLINE_MS;
    for (;;) {
      try {
        if (back.live !== null) {
          await this.write(shape, weightsFor(back.live), back, this.nextMarker(99));
          return;
        }
        await this.store.remove(); // a first release: no color to go back to, so nothing is to be public
        this.current = await this.store.updateRecord(() => back);
        return;
      } catch (error) {
        if (error instanceof Fenced || error instanceof ForeignWriter || performance.now() > giveUp) throw error;
        await sleep(200);
      }
    }
  }

  /** Until the data plane works with the last patch; with `color`, until that color alone answers. */
  converged(dataPlane: DataPlane, path: string, color?: Color, signal?: AbortSignal): Promise<Convergence> {
    return dataPlane.converged({
      marker: this.lastMarker,
      sessions: this.proofs,
      path,
      deadlineMs: CONVERGENCE_DEADLINE_MS,
      ...(color === undefined ? {} : { color }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Whether somebody else decides where the traffic goes now, so that nothing is to be put back. */
  static isOverruled(cause: unknown): boolean {
    return cause instanceof Fenced || cause instanceof ForeignWriter;
  }

  private by(): string {
    return describeHolder(this.lease.holder);
  }
}

/** "the traffic is back on blue" with the time it took, as far as the data plane could be asked. */
export async function describeRestored(
  writer: RouteWriter,
  back: Color | null,
  dataPlane: DataPlane | undefined,
  path: string,
): Promise<string> {
  if (back === null) return "nothing is public";
  if (!dataPlane) return `the traffic is back on ${back}`;
  try {
    const { ms } = await writer.converged(dataPlane, path, back);
    return `the traffic is back on ${back} (in force after ${ms} ms)`;
  } catch (error) {
    return `the weights are back on ${back}, but the gateway was not seen to follow: ${messageOf(error)}`;
  }
}
