import http from "node:http";
import https from "node:https";

/** Header of every request that is made to measure, with what made it as its value: no user's request has it. */
export const SYNTHETIC_HEADER = "x-hms-synthetic";

export interface LoadAim {
  /** Where the gateway listens, e.g. `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Host name of the service there. */
  readonly host: string;
  /** PEM of the authority that must vouch for an https address. @default - those that Node.js trusts */
  readonly authority?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with POST, and as JSON, where method and headers do not say otherwise. */
  readonly body?: string;
  /** @default GET, or POST with a body */
  readonly method?: string;
}

export interface LoadPace {
  readonly requestsPerSecond: number;
  /** Share of requests on a connection of their own, 0..1; the others share kept ones. */
  readonly newConnections: number;
  /** The load ends after this even if nobody stops it. */
  readonly maxSeconds: number;
  /** From the sending of a request to the end of its answer. */
  readonly timeoutMs: number;
}

/** What became of one request: an answer to its end, or what stood in its way. */
export interface Outcome {
  /** Milliseconds since the load began. */
  readonly sentAt: number;
  readonly tookMs: number;
  readonly result: { readonly status: number; readonly headers: http.IncomingHttpHeaders } | { readonly error: string };
}

const TICK_MS = 10;
/** So many kept connections at most, as a proxy or a client's pool has. */
const POOL = 64;

/**
 * Open-loop load: requests leave at a set rate whether or not earlier ones were answered, so that a stall shows as late
 * and lost requests instead of as a pause. Stops by itself.
 */
export class OpenLoad {
  private readonly begun = performance.now();
  private readonly target: URL;
  private readonly pool: http.Agent;
  private readonly timer: NodeJS.Timeout;
  private readonly open = new Set<http.ClientRequest>();
  private begunRequests = 0;

  private constructor(
    private readonly aims: readonly [LoadAim, ...LoadAim[]],
    private readonly pace: LoadPace,
    private readonly onOutcome: (outcome: Outcome) => void,
  ) {
    this.target = new URL(aims[0].address);
    const settings = { keepAlive: true, maxSockets: POOL, scheduling: "fifo" } as const;
    this.pool = this.isSecure ? new https.Agent({ ...settings, ...this.trust }) : new http.Agent(settings);
    this.timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  /** @param aims asked in turn; address and authority of the first are those of all. */
  static start(
    aims: LoadAim | readonly [LoadAim, ...LoadAim[]],
    pace: LoadPace,
    onOutcome: (outcome: Outcome) => void,
  ): OpenLoad {
    return new OpenLoad("address" in aims ? [aims] : aims, pace, onOutcome);
  }

  /** Milliseconds since the load began. */
  get elapsed(): number {
    return performance.now() - this.begun;
  }

  /** Requests begun, also those still under way. */
  get sent(): number {
    return this.begunRequests;
  }

  /** Sends no more, and waits for what is under way: as long as a request may take. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    while (this.open.size > 0) await new Promise((done) => setTimeout(done, 20));
    this.pool.destroy();
  }

  private get isSecure(): boolean {
    return this.target.protocol === "https:";
  }

  private get trust(): { readonly ca?: string } {
    const { authority } = this.aims[0];
    return authority === undefined ? {} : { ca: authority };
  }

  private tick(): void {
    const { maxSeconds, requestsPerSecond } = this.pace;
    if (this.elapsed > maxSeconds * 1000) {
      clearInterval(this.timer);
      return;
    }
    const due = Math.floor((this.elapsed / 1000) * requestsPerSecond);
    // After a stall of this process not everything is sent at once: that would test the stall, not the gateway.
    const behind = Math.min(due - this.begunRequests, Math.max(1, requestsPerSecond / 4));
    for (let i = 0; i < behind; i++) this.send();
  }

  private send(): void {
    const index = this.begunRequests++;
    const { host, path, headers, body, method } = this.aims[index % this.aims.length] ?? this.aims[0];
    const { hostname, port } = this.target;
    const { newConnections, timeoutMs } = this.pace;
    const fresh = newConnections > 0 && index % Math.max(1, Math.round(1 / newConnections)) === 0;
    const content =
      body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const begun = performance.now();
    const request = (this.isSecure ? https : http).request({
      hostname,
      path,
      ...(port === "" ? {} : { port }),
      ...(this.isSecure ? { servername: host, ...this.trust } : {}),
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: { ...content, ...headers, host },
      agent: fresh ? false : this.pool,
    });
    this.open.add(request);
    // Not the socket's own timeout: that leaves out the wait for a connection of the pool.
    const deadline = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    const end = (result: Outcome["result"]) => {
      if (!this.open.delete(request)) return;
      clearTimeout(deadline);
      this.onOutcome({ sentAt: begun - this.begun, tookMs: performance.now() - begun, result });
    };
    const fail = (error: Error) => {
      end({ error: error.message });
    };
    request.on("response", (response) => {
      response.on("error", fail);
      response.on("end", () => {
        end({ status: response.statusCode ?? 0, headers: response.headers });
      });
      response.resume();
    });
    request.on("error", fail);
    request.end(body);
  }
}
