import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionProof } from "../../core/rollout/affinity";
import type { Color } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import { messageOf } from "./errors";

export interface GatewayRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the proxies were seen to do with a patch. */
export interface Convergence {
  /** From the first question to the first of the unbroken run of right answers, in ms. */
  readonly ms: number;
  readonly asked: number;
}

interface Wanted {
  /** Of the patch that is to be in force. */
  readonly marker: string;
  /** Color that alone answers requests without a cookie. */
  readonly color?: Color;
  readonly sessions?: readonly SessionProof[];
  readonly path: string;
}

/**
 * Right answers in a row, each on a connection of its own, before a patch counts as in force. Of several gateway
 * instances each gets its share of the connections, and while one lags there are some fifty rows a second that may miss it.
 */
const ANSWERS_IN_A_ROW = 32;

/** The gateway as a client sees it: every question travels the way that users' requests travel. */
export class DataPlane {
  private readonly address: URL;

  /** @param address where the gateway listens, e.g. `http://127.0.0.1:8080`. @param host name of the service there. */
  constructor(
    address: string,
    private readonly host: string,
  ) {
    this.address = new URL(address);
  }

  /** One request on a connection of its own. @throws Error when no answer comes. */
  ask(request: GatewayRequest): Promise<GatewayAnswer> {
    const { method = "GET", path, headers, body, timeoutMs = 5000, signal } = request;
    const { protocol, hostname, port } = this.address;
    return new Promise((resolve, reject) => {
      const options: https.RequestOptions = {
        method,
        hostname,
        path,
        agent: false,
        headers: { host: this.host, connection: "close", ...headers },
        timeout: timeoutMs,
        servername: this.host,
        ...(port === "" ? {} : { port }),
        ...(signal ? { signal } : {}),
      };
      const outgoing = (protocol === "https:" ? https : http).request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const answered = Object.entries(incoming.headers).map(([k, v]) => [
            k,
            Array.isArray(v) ? v.join(", ") : (v ?? ""),
          ]);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(answered) as Record<string, string>,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        });
      });
      outgoing.on("timeout", () =>
        outgoing.destroy(new Error(`no answer from ${this.address.host} within ${timeoutMs} ms`)),
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  /**
   * Waits until the data plane works with the patch that carries `marker`. With `color`, until that color alone answers;
   * with `sessions`, until each of their cookies is answered by its color. These questions take turns: a proxy has all
   * rules of a patch or none, so each right answer counts for the whole.
   * @throws Error with the last wrong answer when `deadlineMs` passes.
   */
  async converged(want: Wanted & { readonly deadlineMs: number; readonly signal?: AbortSignal }): Promise<Convergence> {
    const questions: readonly (SessionProof | undefined)[] = [undefined, ...(want.sessions ?? [])];
    const begun = performance.now();
    let inARow = 0;
    let asked = 0;
    let firstRight = 0;
    let wrong = "no answer yet";
    while (performance.now() - begun < want.deadlineMs) {
      want.signal?.throwIfAborted();
      asked++;
      const problem = await this.wrongAnswer(want, questions[inARow % questions.length]);
      if (problem === undefined) {
        if (inARow === 0) firstRight = performance.now();
        inARow++;
        if (inARow === ANSWERS_IN_A_ROW) return { ms: Math.round(firstRight - begun), asked };
      } else {
        inARow = 0;
        wrong = problem;
        await sleep(10, undefined, want.signal ? { signal: want.signal } : {});
      }
    }
    throw new Error(
      `the gateway did not take the new weights within ${want.deadlineMs / 1000} s; last answer: ${wrong}`,
    );
  }

  private async wrongAnswer(want: Wanted, session: SessionProof | undefined): Promise<string | undefined> {
    try {
      const headers = session === undefined ? {} : { headers: { cookie: session.cookie } };
      const { status, headers: answered } = await this.ask({ path: want.path, timeoutMs: 2000, ...headers });
      const color = answered[HEADER.color];
      if (color === undefined) return `status ${status} without the header ${HEADER.color}`;
      if (answered[HEADER.move] !== want.marker) return `${color} under older weights`;
      const expected = session?.color ?? want.color;
      if (expected === undefined || color === expected) return undefined;
      return session === undefined ? `${color} answered` : `${color} answered the cookie ${session.cookie}`;
    } catch (error) {
      return messageOf(error);
    }
  }
}
