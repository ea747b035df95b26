import { createHash } from "node:crypto";
import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError } from "./errors";

/**
 * Runs `body` while no other process of this machine holds the lock of that name.
 *
 * The lock is a listening socket in the kernel's abstract name space: it is free the moment its holder is gone,
 * however it went, so there is no stale lock to judge. It answers a connection with the holder's process id.
 */
export async function withLock<T>(
  name: string,
  onWait: (holder: string) => void,
  signal: AbortSignal | undefined,
  body: () => Promise<T>,
): Promise<T> {
  const address = `\0hms-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  let told = false;
  let server = await tryListen(address);
  while (server === undefined) {
    if (signal?.aborted === true) throw new CancelledError();
    if (!told) {
      told = true;
      onWait(await holderOf(address));
    }
    await sleep(150);
    server = await tryListen(address);
  }
  try {
    return await body();
  } finally {
    server.close();
  }
}

/** Whether some process holds the lock now. */
export async function isLocked(name: string): Promise<boolean> {
  const address = `\0hms-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  const server = await tryListen(address);
  server?.close();
  return server === undefined;
}

function tryListen(address: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`process ${process.pid}`);
    });
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}

function holderOf(address: string): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const socket = net.connect(address);
    socket.setTimeout(500, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(said === "" ? "another process" : said);
    });
  });
}
