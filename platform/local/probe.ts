import * as dns from "node:dns/promises";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";

/** Why something does not answer as it should; undefined if it does. */
export type Verdict = string | undefined;

interface Target {
  readonly url?: string;
  readonly socketPath?: string;
  readonly path?: string;
  /** Certificate files; without an authority the server is taken as it is (its own loopback certificate). */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const TIMEOUT_MS = 1500;

/** Asks for a document that must be answered with 2xx. */
export function probeHttp(target: Target): Promise<Verdict> {
  return new Promise((resolve) => {
    const read = (file: string | undefined) => (file === undefined ? undefined : fs.readFileSync(file));
    const where = target.url ?? target.socketPath ?? "";
    const answered = (response: http.IncomingMessage) => {
      response.resume();
      const code = response.statusCode ?? 0;
      resolve(code >= 200 && code < 300 ? undefined : `${where} answers ${code}`);
    };
    try {
      const options = { timeout: TIMEOUT_MS, agent: false as const };
      const request =
        target.socketPath !== undefined
          ? http.get({ socketPath: target.socketPath, path: target.path ?? "/", ...options }, answered)
          : target.url?.startsWith("https:") === true
            ? https.get(
                target.url,
                {
                  ...options,
                  ca: read(target.tls?.ca),
                  cert: read(target.tls?.cert),
                  key: read(target.tls?.key),
                  rejectUnauthorized: target.tls?.ca !== undefined,
                },
                answered,
              )
            : http.get(target.url ?? "", options, answered);
      request.on("timeout", () => request.destroy(new Error("no answer in time")));
      request.on("error", (error) => {
        resolve(`${where}: ${error.message === "" ? "no connection" : error.message}`);
      });
    } catch (error) {
      resolve(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** Connects, and sees whether the other side takes the call. */
export function probeSocket(socketPath: string): Promise<Verdict> {
  return converse({ path: socketPath }, undefined);
}

/** Asks PostgreSQL whether it speaks TLS: any server of its protocol answers with one letter. */
export function probePostgres(port: number): Promise<Verdict> {
  const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
  return converse({ host: "127.0.0.1", port }, sslRequest, /^[SN]/);
}

function converse(to: net.NetConnectOpts, say: Buffer | undefined, expect?: RegExp): Promise<Verdict> {
  return new Promise((resolve) => {
    const where = "path" in to ? to.path : `port ${to.port}`;
    const socket = net.connect(to);
    const end = (verdict: Verdict) => {
      resolve(verdict);
      socket.destroy();
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      end(`${where}: no answer in time`);
    });
    socket.on("error", (error) => {
      end(`${where}: ${error.message}`);
    });
    socket.on("connect", () => {
      if (say === undefined) end(undefined);
      else socket.write(say);
    });
    socket.on("data", (data) => {
      end(expect?.test(data.toString("latin1")) === true ? undefined : `${where}: an unexpected answer`);
    });
    socket.on("close", () => {
      resolve(`${where}: closed without an answer`);
    });
  });
}

/** Looks a name up at a given server: proves the service network, the pod network and the name server at once. */
export async function probeDns(server: string, name: string): Promise<Verdict> {
  const resolver = new dns.Resolver({ timeout: 700, tries: 2 });
  resolver.setServers([server]);
  try {
    await resolver.resolve4(name);
    return undefined;
  } catch (error) {
    return `${name} is not resolved by ${server}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
