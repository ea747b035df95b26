import http from "node:http";
import { HEADER } from "../../core/rollout/names";

/**
 * Open-loop load: requests leave at a set rate whether or not earlier ones were answered, so that a stall shows as late
 * and lost requests instead of as a pause. Aims at loopback only, and stops by itself.
 */
export interface LoadOptions {
  /** Gateway, e.g. `http://127.0.0.1:8080`; any other host than loopback is refused. */
  readonly address: string;
  readonly host: string;
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

const TICK_MS = 10;
const REQUEST_TIMEOUT_MS = 15_000;

export class Load {
  private readonly begun = performance.now();
  private readonly pool = new http.Agent({ keepAlive: true, maxSockets: 64, scheduling: "fifo" });
  private readonly lost: Lost[] = [];
  private readonly byColor: Record<string, number> = {};
  private readonly lastAnswer: Record<string, number> = {};
  private readonly latencies: number[] = [];
  private readonly timer: NodeJS.Timeout;
  private sent = 0;
  private answered = 0;
  private open = 0;

  private constructor(private readonly options: LoadOptions) {
    const { hostname } = new URL(options.address);
    if (hostname !== "127.0.0.1") throw new Error(`load may only aim at 127.0.0.1, got ${hostname}`);
    this.timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  /** Milliseconds since the load began. */
  get elapsed(): number {
    return performance.now() - this.begun;
  }

  /** Sends no more, waits for what is under way, and counts. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.timer);
    const seconds = this.elapsed / 1000;
    while (this.open > 0) await new Promise((done) => setTimeout(done, 20));
    this.pool.destroy();
    const sorted = this.latencies.sort((a, b) => a - b);
    const quantile = (q: number): number => Math.round((sorted[Math.floor(sorted.length * q)] ?? 0) * 10) / 10;
    const { sent, answered, lost, byColor, lastAnswer } = this;
    return { sent, answered, lost, byColor, lastAnswer, seconds, p50: quantile(0.5), p99: quantile(0.99) };
  }

  private tick(): void {
    if (this.elapsed > this.options.maxSeconds * 1000) {
      clearInterval(this.timer);
      return;
    }
    const due = Math.floor((this.elapsed / 1000) * this.options.requestsPerSecond);
    // After a stall of this process not everything is sent at once: that would test the stall, not the gateway.
    const behind = Math.min(due - this.sent, this.options.requestsPerSecond / 4);
    for (let i = 0; i < behind; i++) this.send();
  }

  private send(): void {
    const { address, host, path, body, newConnections } = this.options;
    const { hostname, port } = new URL(address);
    const index = this.sent++;
    const fresh = newConnections > 0 && index % Math.max(1, Math.round(1 / newConnections)) === 0;
    const sentAt = performance.now();
    this.open++;
    let over = false;
    const end = (why?: string) => {
      if (over) return;
      over = true;
      this.open--;
      if (why !== undefined) this.lost.push({ at: Math.round(sentAt - this.begun), why });
    };
    const request = http.request(
      {
        hostname,
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: {
          host,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        },
        agent: fresh ? false : this.pool,
        timeout: REQUEST_TIMEOUT_MS,
      },
      (response) => {
        response.on("error", (error) => {
          end(error.message);
        });
        response.on("end", () => {
          const color = String(response.headers[HEADER.color] ?? "unmarked");
          if (response.statusCode !== 200) {
            end(`status ${response.statusCode ?? 0} from ${color}`);
            return;
          }
          this.answered++;
          this.byColor[color] = (this.byColor[color] ?? 0) + 1;
          this.lastAnswer[color] = Math.round(performance.now() - this.begun);
          this.latencies.push(performance.now() - sentAt);
          end();
        });
        response.resume();
      },
    );
    request.on("timeout", () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
    request.on("error", (error) => {
      end(error.message);
    });
    request.end(body);
  }
}
