import {
  createServer,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Places {
  /** Port by first label of the host: the gate's pages, the stand-in. */
  readonly byLabel: Readonly<Record<string, number>>;
  /** Where it asks who may pass. */
  readonly auth: number;
}

/** What reached a sandbox's program. */
export interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Asks the gate as a gateway does before it hands a request on; behind it every sandbox is one program that notes what reaches it. */
export class TestGateway {
  readonly reached: Reached[] = [];
  places: Places | undefined;
  private readonly server: Server = createServer((incoming, answer) => {
    this.handle(incoming, answer).catch(() => {
      answer.writeHead(500).end();
    });
  });

  async listen(): Promise<number> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { host = "", cookie, accept } = incoming.headers;
    const { byLabel = {}, auth = 0 } = this.places ?? {};
    const port = byLabel[host.split(".")[0] ?? ""];
    if (port !== undefined) {
      const headers = { ...incoming.headers, "x-forwarded-proto": "http", "x-forwarded-host": host };
      const { status, headers: answered, body } = await pass(port, incoming.url ?? "/", headers, incoming);
      answer.writeHead(status, answered).end(body);
      return;
    }
    // Only these of the client's headers go on, as the sandbox's Middleware says.
    const asked = await pass(auth, "/forward-auth", {
      ...(cookie === undefined ? {} : { cookie }),
      ...(accept === undefined ? {} : { accept }),
      "x-forwarded-host": host,
      "x-forwarded-uri": incoming.url,
      "x-forwarded-method": incoming.method,
      "x-forwarded-proto": "http",
    });
    if (asked.status !== 200) {
      answer.writeHead(asked.status, asked.headers).end(asked.body);
      return;
    }
    const headers = { ...incoming.headers, cookie: asked.headers.cookie as string | undefined };
    this.reached.push({ method: incoming.method ?? "", url: incoming.url ?? "", headers });
    answer.writeHead(200).end("from the sandbox");
  }
}

function pass(port: number, path: string, headers: OutgoingHttpHeaders, from?: IncomingMessage) {
  const method = from?.method ?? "GET";
  return new Promise<{ status: number; headers: OutgoingHttpHeaders; body: Buffer }>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { connection: _, "transfer-encoding": __, ...rest } = response.headers;
        resolve({ status: response.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    if (from) from.pipe(asked);
    else asked.end();
  });
}
