import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { hmsHome } from "../../platform/home";
import { Progress } from "../../platform/progress";
import { ensureDebianTool, NATS_SERVER } from "../../platform/toolchain/debianTool";
import { endOf } from "./endOf";

/** A real NATS server with JetStream, Debian's, on a port of loopback that it chooses. */
export class NatsServer {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-nats-"));
  private child: ChildProcess | undefined;
  private said = "";
  readonly token = randomBytes(12).toString("hex");
  address = "";

  async start(): Promise<void> {
    const context = { home: hmsHome(), progress: new Progress(process.stderr) };
    const [command, ...args] = await ensureDebianTool(NATS_SERVER, context);
    const own = ["--jetstream", "--store_dir", this.folder, "--addr", "127.0.0.1", "--port", "-1"];
    const rights = ["--auth", this.token];
    const child = spawn(command, [...args, ...own, ...rights], { stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    const giveUp = Date.now() + 60_000;
    while (!/Server is ready/.test(this.said)) {
      if (child.exitCode !== null || Date.now() > giveUp) throw new Error(`NATS is not ready: ${this.said}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    const listening = /Listening for client connections on (\S+)/.exec(this.said)?.[1];
    if (listening === undefined) throw new Error(`NATS names no port: ${this.said}`);
    this.address = `nats://${listening}`;
  }

  /** A stream keeps from now on what is published under the subject. */
  async keep(subject: string): Promise<void> {
    await this.during(async (client, connection) => {
      const manager = await client.jetstreamManager(connection);
      await manager.streams.add({ name: STREAM, subjects: [subject] });
    });
  }

  /** Texts of all messages that the stream has. */
  async kept(): Promise<string[]> {
    return this.during(async (client, connection) => {
      const manager = await client.jetstreamManager(connection);
      const { state } = await manager.streams.info(STREAM);
      const texts: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq++)
        texts.push((await manager.streams.getMessage(STREAM, { seq })).string());
      return texts;
    });
  }

  async stop(): Promise<void> {
    await endOf(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async during<T>(act: (client: Client, connection: Connection) => Promise<T>): Promise<T> {
    const modules = [import("@nats-io/transport-node"), import("@nats-io/jetstream")];
    const [transport, streams] = (await Promise.all(modules)) as unknown as readonly [Client, Client];
    const connection = await transport.connect({ servers: this.address, token: this.token });
    try {
      return await act(streams, connection);
    } finally {
      await connection.close();
    }
  }
}

const STREAM = "of-a-test";

/** What the tests use of NATS' client, whose own types are behind `exports`. */
interface Client {
  connect(options: object): Promise<Connection>;
  jetstreamManager(connection: Connection): Promise<{
    readonly streams: {
      add(stream: object): Promise<unknown>;
      info(name: string): Promise<{ readonly state: { readonly first_seq: number; readonly last_seq: number } }>;
      getMessage(name: string, query: { seq: number }): Promise<{ string(): string }>;
    };
  }>;
}

interface Connection {
  close(): Promise<void>;
}
