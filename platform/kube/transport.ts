/** HTTP to the API server over kept-alive connections. */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Agents, ClusterAccess } from "./access";
import { KubeUnreachableError } from "./errors";

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when a string, else as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Until the whole answer is there. @default 30000 */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;

export class Transport {
  constructor(readonly access: ClusterAccess) {}

  /** One request, whatever status it is answered with. @throws KubeUnreachableError without an answer. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await this.attempt(method, path, options);
    if (answer.status !== 401) return answer;
    this.access.forget();
    return this.attempt(method, path, options);
  }

  /** The answer as soon as its head is there; its end may be far away. The caller destroys it. */
  async open(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    return this.start("GET", path, options, undefined, "held");
  }

  private async attempt(method: string, path: string, options: RequestOptions): Promise<Answer> {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const response = await this.start(method, path, options, deadline);
    try {
      return { status: response.statusCode ?? 0, headers: response.headers, text: await bodyOf(response) };
    } catch (error) {
      throw this.unreachable(error, options.signal);
    }
  }

  private async start(
    method: string,
    path: string,
    { query = {}, headers = {}, body, signal }: RequestOptions,
    deadline: AbortSignal | undefined,
    connection: keyof Agents = "pooled",
  ): Promise<IncomingMessage> {
    signal?.throwIfAborted();
    const credentials = await this.access.credentials();
    const url = new URL(this.access.server + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const contentType = text === undefined ? {} : { "Content-Type": "application/json" };
    const length = text === undefined ? {} : { "Content-Length": String(Buffer.byteLength(text)) };
    const signals = [signal, deadline].filter((one) => one !== undefined);
    const options = {
      method,
      agent: credentials.agents[connection],
      headers: { Accept: "application/json", ...contentType, ...credentials.headers, ...headers, ...length },
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    };
    const again = method === "GET";
    return new Promise((done, fail) => {
      const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, done);
      request.on("error", (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection just as it was used again: the request never arrived.
        if (again && request.reusedSocket && error.code === "ECONNRESET") {
          this.start(method, path, { query, headers, body, signal }, deadline, connection).then(done, fail);
        } else fail(this.unreachable(error, signal));
      });
      request.end(text);
    });
  }

  private unreachable(error: unknown, signal: AbortSignal | undefined): Error {
    if (signal?.aborted) return signal.reason instanceof Error ? signal.reason : new Error("stopped");
    const message = error instanceof Error ? error.message : String(error);
    return new KubeUnreachableError(
      `cannot reach the Kubernetes API server ${this.access.server} (context ${this.access.context}): ${isTimeout(error) ? "no answer in time" : message}`,
      { cause: error },
    );
  }
}

/** An aborted request's own error is an AbortError; which signal aborted it shows in its cause. */
export function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError" || isTimeout(error.cause))
  );
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
