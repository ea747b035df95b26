/** Messages to the engine's display. They never delay, fail or outlive an operation: the engine may be gone. */
import { credentials, Metadata } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /** Shown in red, yet fails nothing: throw to fail. */
  error(message: string): void;
  /** The status column of the resource's row: the last one wins, nothing is kept. The same text twice is sent once. */
  status(message: string): void;
}

/** How long one message may take before it is given up. */
const SEND_MS = 2_000;
/** How long the answer of an operation waits for its messages to be shown before it. */
const FLUSH_MS = 500;

export class EngineLog {
  private client: EngineClient | undefined;
  private queue: Promise<void> = Promise.resolve();
  /** Of the engine, once it is known. */
  address: string | undefined;

  connect(address: string): void {
    this.address ??= address;
    this.client ??= new EngineClient(address, credentials.createInsecure());
  }

  forResource(urn: string): Log {
    let shown = "";
    return {
      debug: (message) => {
        this.send(urn, LogSeverity.DEBUG, message);
      },
      info: (message) => {
        this.send(urn, LogSeverity.INFO, message);
      },
      warn: (message) => {
        this.send(urn, LogSeverity.WARNING, message);
      },
      error: (message) => {
        this.send(urn, LogSeverity.ERROR, message);
      },
      status: (message) => {
        if (message === shown) return;
        shown = message;
        this.send(urn, LogSeverity.INFO, message, true);
      },
    };
  }

  /** Waits, but not for long, until the messages so far have been shown. */
  async flush(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => (timer = setTimeout(done, FLUSH_MS)));
    await Promise.race([this.queue, late]);
    clearTimeout(timer);
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
  }

  /** One after the other, so that they are shown in the order they were written. */
  private send(urn: string, severity: LogSeverity, message: string, ephemeral = false): void {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    this.queue = this.queue.then(
      () =>
        new Promise((done) => {
          if (!this.client) {
            done();
            return;
          }
          this.client.log(request, new Metadata(), { deadline: Date.now() + SEND_MS }, () => {
            done();
          });
        }),
    );
  }
}
