import { HEADER } from "../../core/rollout/names";
import { OpenLoad, type Outcome } from "../../platform/load/openLoad";

/** Open-loop load (platform/load) of the tests: aims at loopback only, and an answer is right with status 200 alone. */
export interface LoadOptions {
  /** Gateway, e.g. `http://127.0.0.1:8080`; any other host than loopback is refused. */
  readonly address: string;
  readonly host: string;
  /** PEM of the authority that must vouch for an https address. */
  readonly authority?: string;
  readonly path: string;
  /** Sent with POST when given. */
  readonly body?: string;
  readonly requestsPerSecond: number;
  /** Share of requests on a connection of their own, 0..1. */
  readonly newConnections: number;
  /** The load ends after this even if nobody stops it. */
  readonly maxSeconds: number;
}

export interface Lost {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly why: string;
}

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  readonly lost: readonly Lost[];
  readonly byColor: Readonly<Record<string, number>>;
  /** Milliseconds since the load began of the last answer of each color. */
  readonly lastAnswer: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** Longer than any queue of a busy machine, so that what is lost was lost on the way. */
const REQUEST_TIMEOUT_MS = 60_000;

export class Load {
  private readonly lost: Lost[] = [];
  private readonly byColor: Record<string, number> = {};
  private readonly lastAnswer: Record<string, number> = {};
  private readonly latencies: number[] = [];
  private readonly load: OpenLoad;
  private answered = 0;

  private constructor({ address, host, authority, path, body, ...pace }: LoadOptions) {
    const { hostname } = new URL(address);
    if (hostname !== "127.0.0.1") throw new Error(`load may only aim at 127.0.0.1, got ${hostname}`);
    const aim = {
      ...{ address, host, path },
      ...(authority === undefined ? {} : { authority }),
      ...(body === undefined ? {} : { body }),
    };
    this.load = OpenLoad.start(aim, { ...pace, timeoutMs: REQUEST_TIMEOUT_MS }, (outcome) => {
      this.count(outcome);
    });
  }

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  /** Milliseconds since the load began. */
  get elapsed(): number {
    return this.load.elapsed;
  }

  /** Sends no more, waits for what is under way, and counts. */
  async stop(): Promise<LoadReport> {
    const seconds = this.elapsed / 1000;
    await this.load.stop();
    const sorted = this.latencies.sort((a, b) => a - b);
    const quantile = (q: number): number => Math.round((sorted[Math.floor(sorted.length * q)] ?? 0) * 10) / 10;
    const { answered, lost, byColor, lastAnswer } = this;
    const { sent } = this.load;
    return { sent, answered, lost, byColor, lastAnswer, seconds, p50: quantile(0.5), p99: quantile(0.99) };
  }

  private count({ sentAt, tookMs, result }: Outcome): void {
    const lose = (why: string) => void this.lost.push({ at: Math.round(sentAt), why });
    if ("error" in result) {
      lose(result.error);
      return;
    }
    const color = String(result.headers[HEADER.color] ?? "unmarked");
    if (result.status !== 200) {
      lose(`status ${result.status} from ${color}`);
      return;
    }
    this.answered++;
    this.byColor[color] = (this.byColor[color] ?? 0) + 1;
    this.lastAnswer[color] = Math.round(sentAt + tookMs);
    this.latencies.push(tookMs);
  }
}
