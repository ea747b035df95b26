import { once } from "node:events";
import { createServer } from "node:net";

/** Below what the kernel gives to whoever asks for any port, and below NodePorts: nobody else picks from here. */
const [FIRST, COUNT] = [16_000, 13_000];

/** Of this process: a caller that asks for several gets several. */
const given = new Set<number>();

/**
 * A port of loopback that nobody listens on, for a program that has to be told one. It is nobody's until that program
 * listens: one that the kernel chose could be given to another process meanwhile, or to a connection.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
