import { OpenLoad, type LoadAim } from "../../../platform/load/openLoad";
import { fateOf } from "./outcome";
import { Tally } from "./tally";

interface Kind {
  readonly name: string;
  /** Share of the rate. */
  readonly share: number;
  readonly path: string;
  readonly body?: string;
  readonly newConnections: number;
  /** The answer takes its time by itself. */
  readonly isSlow?: boolean;
}

const LARGE_BODY = JSON.stringify({ input: { filler: "x".repeat(256 * 1024) } });

/**
 * All kinds at once, as users come. The shares are crooked on purpose: a gateway that deals out every hundredth request
 * would otherwise give a small color always the same kind.
 */
const KINDS: readonly Kind[] = [
  { name: "new-connection", share: 0.1213, path: "/v1/data/load/answer", newConnections: 1 },
  { name: "slow", share: 0.0193, path: "/v1/data/load/slow", newConnections: 0, isSlow: true },
  { name: "large-body", share: 0.0307, path: "/v1/data/load/answer", newConnections: 0, body: LARGE_BODY },
  // Several pools, as several clients have: one alone would queue where the gateway does not.
  ...[0.2741, 0.2763, 0.2783].map((share) => ({
    name: "keep-alive",
    share,
    path: "/v1/data/load/answer",
    newConnections: 0,
  })),
];

const TIMEOUT_MS = 15_000;

/** Where the gateway listens, and the host name of the service there. */
export type Aim = Pick<LoadAim, "address" | "host">;

/** Open-loop load of several kinds on the local gateway; ends by itself after `maxSeconds`. */
export class Traffic {
  readonly tally = new Tally();
  private readonly loads: readonly OpenLoad[];
  private readonly ends: number[] = KINDS.map(() => 0);
  /** Told of each end: of which load, and when it was sent. */
  private readonly listeners = new Set<(index: number, sentAt: number) => void>();

  /** @throws Error for any other address than this machine's loopback. */
  constructor(
    aim: Aim,
    readonly perSecond: number,
    private readonly maxSeconds: number,
  ) {
    const { hostname } = new URL(aim.address);
    if (hostname !== "127.0.0.1") throw new Error(`load may only aim at 127.0.0.1, got ${hostname}`);
    this.loads = KINDS.map(({ name, share, path, body, newConnections, isSlow }, index) =>
      OpenLoad.start(
        { ...aim, path, ...(body === undefined ? {} : { body }) },
        { requestsPerSecond: perSecond * share, newConnections, maxSeconds, timeoutMs: TIMEOUT_MS },
        (outcome) => {
          this.tally.count(name, fateOf(outcome), outcome.tookMs, Date.now(), isSlow !== true);
          this.ends[index] = (this.ends[index] ?? 0) + 1;
          for (const listener of [...this.listeners]) listener(index, outcome.sentAt);
        },
      ),
    );
  }

  get sent(): number {
    return this.loads.reduce((sum, load) => sum + load.sent, 0);
  }

  /** Requests sent and neither answered nor lost yet. */
  get inFlight(): number {
    return this.loads.reduce((sum, _, index) => sum + this.inFlightOf(index), 0);
  }

  /** Waits until whatever is under way now has its answer or is lost: as long as a request may take. */
  async untilAnswered(): Promise<void> {
    const marks = this.loads.map((load, index) => ({ before: load.elapsed, left: this.inFlightOf(index) }));
    const isDone = () => marks.every(({ left }) => left === 0);
    if (isDone()) return;
    await new Promise<void>((resolve) => {
      const listener = (index: number, sentAt: number) => {
        const mark = marks[index];
        if (mark && sentAt <= mark.before) mark.left--;
        if (!isDone()) return;
        this.listeners.delete(listener);
        resolve();
      };
      this.listeners.add(listener);
    });
  }

  /** Seconds since the load began. */
  get seconds(): number {
    return (this.loads[0]?.elapsed ?? 0) / 1000;
  }

  /** Whether it ended by itself, so that what came after was not measured. */
  get isOver(): boolean {
    return this.seconds > this.maxSeconds;
  }

  /** Sends no more and waits for what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop()));
  }

  private inFlightOf(index: number): number {
    return (this.loads[index]?.sent ?? 0) - (this.ends[index] ?? 0);
  }
}
