import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HTTP, type CloudEvent } from "cloudevents";

/** A consumer that reads what comes with CloudEvents' own SDK. */
export class Webhook {
  readonly got: { readonly event: CloudEvent; readonly authorization: string | undefined }[] = [];
  answer: (response: ServerResponse, event: CloudEvent) => void = (response) => response.end();
  private server: Server | undefined;
  url = "";

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.take(request, response));
    this.server = server;
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  }

  types(): string[] {
    return this.got.map(({ event }) => event.type.split(".").at(-1) ?? "");
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((closed) => this.server?.close(closed));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const event = HTTP.toEvent({ headers: request.headers, body }) as CloudEvent;
    this.got.push({ event, authorization: request.headers.authorization });
    this.answer(response, event);
  }
}
