import { setTimeout as sleep } from "node:timers/promises";
import type { ChaosOptions } from "../../core/chaos/options";
import { clockText, readyText, secondsText, soFar } from "../../core/chaos/text";
import { isWhole, type ColorSeen, type NamedColor } from "../../core/chaos/victims";
import { durationText } from "../../core/service/duration";
import { reasonOf } from "../../platform/errors";
import { KubeApiError, KubeUnreachableError } from "../../platform/kube/errors";
import type { Aim, ChaosPlace } from "./aim";
import { StackPods } from "./pods";
import { Watched } from "./watched";

const POLL_MS = 250;
/** A line at least so often. */
const SILENT_SECONDS = 30;
/** Beside the start itself a pod needs a node, an image and a probe. */
const SCHEDULING_SECONDS = 60;

/** All that a run looks at: its streams of requests, the colors behind them, and the clock its lines are told by. */
export class Scene {
  readonly pods: StackPods;
  readonly watched: readonly Watched[];
  private readonly colors: readonly NamedColor[];
  private begun = performance.now();
  private spokeAt = 0;
  private trouble = "";

  constructor(
    { session, namespace }: ChaosPlace,
    options: ChaosOptions,
    aims: readonly Aim[],
    private readonly progress: (line: string) => void,
  ) {
    this.pods = new StackPods(session.kube, namespace);
    this.watched = aims.map((aim) => new Watched(aim, options));
    this.colors = aims.flatMap(({ service, colors }) => colors.map((color) => ({ service: service.name, color })));
  }

  /** Seconds since the load began. */
  get elapsed(): number {
    return (performance.now() - this.begun) / 1000;
  }

  startLoad(): void {
    this.begun = performance.now();
    for (const one of this.watched) one.start();
  }

  async stopLoad(): Promise<void> {
    await Promise.all(this.watched.map((one) => one.stop()));
  }

  see(signal: AbortSignal): Promise<readonly ColorSeen[]> {
    return this.pods.see(this.colors, signal);
  }

  /**
   * Sees the pods, and says which colors are whole again; `undefined` when the cluster does not answer now.
   * @throws Error when it refuses to answer.
   */
  async look(signal: AbortSignal): Promise<readonly ColorSeen[] | undefined> {
    try {
      const seen = await this.see(signal);
      for (const color of seen) {
        const took = this.of(color)?.settle(color, performance.now());
        if (took === undefined) continue;
        const since = `is whole again after ${secondsText(took)}, ${readyText(color)}`;
        this.say(`${color.service}: ${color.color} ${since}; ${this.soFar(color)}`);
      }
      this.trouble = "";
      return seen;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!passes(error)) throw error;
      const reason = reasonOf(error);
      if (this.trouble !== reason) this.say(`cannot see the pods: ${reason}`);
      this.trouble = reason;
      return undefined;
    }
  }

  /**
   * Waits, for a bounded time, until no color lacks a pod.
   * @param signal ends the waiting; without one, whoever stopped the run waits.
   * @returns whether that was seen.
   */
  async untilWhole(signal?: AbortSignal): Promise<boolean> {
    const limit = Math.max(...this.watched.map(({ aim }) => aim.service.startupSeconds)) + SCHEDULING_SECONDS;
    const timeout = AbortSignal.timeout(limit * 1000);
    const giveUp = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let last: readonly ColorSeen[] | undefined;
    while (!giveUp.aborted) {
      const seen = await this.look(giveUp);
      if (seen?.every(isWhole)) {
        this.say(`every color is whole: ${stateText(seen)}`);
        return true;
      }
      if (last === undefined) this.say(`waiting until every color is whole again, at most ${durationText(limit)}`);
      last = seen ?? last ?? [];
      await sleep(POLL_MS);
    }
    if (signal?.aborted) return false;
    this.noteRoom(last ?? []);
    this.say(`not every color is whole after ${durationText(limit)}: ${stateText(last ?? [])}`);
    return false;
  }

  /** A color that has no room to come back says nothing about its release. */
  private noteRoom(seen: readonly ColorSeen[]): void {
    for (const color of seen) {
      const waiting = color.pods.filter(({ waitsForRoom }) => waitsForRoom === true).length;
      const one = this.of(color);
      if (waiting > 0 && one) one.hindrance ??= `no node has room for ${waiting} of the pods of ${color.color}`;
    }
  }

  /** Waits a little, less when `until` comes first; a line for the reader when there was none for long. */
  async wait(until: number, signal: AbortSignal): Promise<void> {
    if (this.elapsed - this.spokeAt > SILENT_SECONDS)
      for (const { aim, tally } of this.watched) this.say(`${aim.service.name}: ${soFar(tally.sent, tally.lost)}`);
    const left = (until - this.elapsed) * 1000;
    await sleep(Math.max(1, Math.min(POLL_MS, left)), undefined, { signal }).catch(() => undefined);
  }

  of(color: NamedColor): Watched | undefined {
    return this.watched.find((one) => one.isOf(color));
  }

  soFar(color: NamedColor): string {
    const tally = this.of(color)?.tally;
    return tally ? soFar(tally.sent, tally.lost) : "";
  }

  say(text: string): void {
    this.spokeAt = this.elapsed;
    this.progress(`${clockText(this.elapsed)}  ${text}`);
  }
}

const stateText = (seen: readonly ColorSeen[]): string =>
  seen.map((one) => `${one.service} ${one.color} has ${readyText(one)}`).join(", ") || "the cluster does not answer";

/** The cluster did not answer, and will again. */
export const passes = (error: unknown): boolean =>
  error instanceof KubeUnreachableError ||
  (error instanceof KubeApiError && (error.status === 429 || error.status >= 500));
