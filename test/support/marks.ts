import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CLUSTER } from "../../platform/local/layout";

/** One run of a command in a pod, as it told this process. */
export interface Mark {
  readonly what: string;
  readonly version: string;
}

/**
 * Where commands in pods report that they run: a database that keeps count, of which a test decides when it answers and
 * what. Pods reach it at the address that this machine has on their bridge.
 */
export class Marks {
  readonly all: Mark[] = [];
  /** Asked for each run before it is answered; resolves to whether the run is to succeed. */
  answer: (mark: Mark) => Promise<boolean> = () => Promise.resolve(true);
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void this.take(request, response);
    });
  }

  async start(): Promise<void> {
    this.server.listen(0, CLUSTER.address);
    await once(this.server, "listening");
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get url(): string {
    return `http://${CLUSTER.address}:${(this.server.address() as AddressInfo).port}`;
  }

  /** What ran for a version, in order. */
  of(version: string): readonly string[] {
    return this.all.filter((mark) => mark.version === version).map(({ what }) => what);
  }

  /** Keeps the next run waiting. @returns its mark as soon as it runs, and what lets it end. */
  hold(): { readonly began: Promise<Mark>; readonly release: (ok?: boolean) => void } {
    let begin: (mark: Mark) => void = () => undefined;
    let end: (ok: boolean) => void = () => undefined;
    const began = new Promise<Mark>((resolve) => (begin = resolve));
    const ended = new Promise<boolean>((resolve) => (end = resolve));
    const before = this.answer;
    this.answer = (mark) => {
      this.answer = before;
      begin(mark);
      return ended;
    };
    return {
      began,
      release: (ok = true) => {
        this.answer = before;
        end(ok);
      },
    };
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, what = "", version = ""] = (request.url ?? "").split("/");
    const mark = { what, version };
    this.all.push(mark);
    const ok = await this.answer(mark).catch(() => false);
    response.writeHead(ok ? 200 : 500).end();
  }
}

/** A program that reports its run, prints what it was given, and fails when it is told to. The service's REGION is its version. */
export const MARKING_PROGRAM = `
const { MARKS, REGION, PGPASSWORD } = process.env;
const what = process.argv[1];
console.log(what + " of " + REGION + " with password " + PGPASSWORD);
require("node:http").get(MARKS + "/" + what + "/" + REGION, (answer) => {
  answer.resume();
  answer.on("end", () => {
    console.log(answer.statusCode === 200 ? "all statements ran" : "ERROR: relation payout already exists");
    process.exit(answer.statusCode === 200 ? 0 : 3);
  });
});
`;
