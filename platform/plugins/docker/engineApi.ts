import { readFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest, type RequestOptions } from "node:http";
import { request as tlsRequest } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { isRecord } from "./json";

/** Where the Docker Engine listens, and with which keys. */
export interface EngineAddress {
  /** `unix:///…`, `tcp://host:port` or `http(s)://host:port` */
  readonly host: string;
  /** Folder with ca.pem, cert.pem and key.pem. */
  readonly certPath?: string;
}

export class EngineUnreachable extends Error {
  override readonly name = "EngineUnreachable";
}

/** An answer of the engine that is no success. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Buffer>;
  readonly signal?: AbortSignal;
}

/** The Docker Engine over its HTTP API; one connection a call, so that hanging up stops what the call began. */
export class EngineApi {
  constructor(private readonly address: EngineAddress) {}

  /** @throws EngineUnreachable, EngineRefusal, or the signal's reason */
  async call(call: Call): Promise<IncomingMessage> {
    const response = await this.send(call).catch((error: unknown) => {
      if (call.signal?.aborted === true) throw call.signal.reason;
      if (error instanceof EngineRefusal) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new EngineUnreachable(`no Docker Engine at ${this.address.host}: ${why}`);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw new EngineRefusal(status, reasonIn(await text(response)) || `the Docker Engine answered ${status}`);
  }

  async json(call: Call): Promise<unknown> {
    const answer: unknown = JSON.parse(await text(await this.call(call)));
    return answer;
  }

  private send({ method, path, query = {}, headers = {}, body, signal }: Call): Promise<IncomingMessage> {
    const { secure, options } = connection(this.address);
    const search = new URLSearchParams(query).toString();
    return new Promise((answered, failed) => {
      const sent = (secure ? tlsRequest : plainRequest)({
        ...options,
        method,
        path: search === "" ? path : `${path}?${search}`,
        headers: { host: "docker", ...headers, ...(body === undefined ? {} : { "content-type": "application/x-tar" }) },
        ...(signal === undefined ? {} : { signal }),
      });
      sent.on("response", answered).on("error", failed);
      if (body === undefined) sent.end();
      // The engine may refuse before it has read everything; its answer counts then, not the broken pipe.
      else
        pipeline(Readable.from(body), sent).catch((error: unknown) => {
          if (!isBrokenPipe(error)) failed(error instanceof Error ? error : new Error(String(error)));
        });
    });
  }
}

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_PREMATURE_CLOSE");

function connection({ host, certPath }: EngineAddress): { readonly secure: boolean; readonly options: RequestOptions } {
  if (host.startsWith("unix://")) return { secure: false, options: { socketPath: host.slice("unix://".length) } };
  const url = URL.canParse(host) ? new URL(host.replace(/^tcp:/, "http:")) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new EngineUnreachable(
      `the Docker host is "${host}"; allowed are unix://, tcp://, http:// and https:// addresses`,
    );
  }
  const options = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port };
  if (certPath === undefined) return { secure: url.protocol === "https:", options };
  const pem = (name: string) => readFileSync(join(certPath, `${name}.pem`));
  return { secure: true, options: { ...options, ca: pem("ca"), cert: pem("cert"), key: pem("key") } as RequestOptions };
}

function reasonIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed) && typeof parsed.message === "string") return parsed.message;
  } catch {
    // not JSON: the text itself is the reason
  }
  return body.trim();
}
