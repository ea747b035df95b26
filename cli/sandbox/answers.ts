import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { RefusedError } from "../../platform/errors";

const DEADLINE_MS = 60_000;
const ASK_MS = 2_000;

/**
 * Waits until the gateway answers with the sandbox's own route at each of its paths.
 * @param address of the gateway; the sandbox's name goes with each request, so no name service has to know it.
 * @throws RefusedError with what was answered last.
 */
export async function untilItAnswers(
  address: string,
  host: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const giveUp = performance.now() + DEADLINE_MS;
  for (const path of paths) {
    for (;;) {
      const said = await ask(address, host, path, signal);
      if (said === undefined) break;
      if (performance.now() > giveUp)
        throw new RefusedError(`${host}${path} does not answer after ${DEADLINE_MS / 1000} s: ${said}`);
      await sleep(100, undefined, { signal });
    }
  }
}

/** `undefined` when the sandbox, or who keeps its door, has answered; else what came instead. */
function ask(address: string, host: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { request } = address.startsWith("https:") ? https : http;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
    const asked = request(new URL(path, address), { headers: { host }, signal: limit }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.resume();
      const door = status === 401 || status === 403 || (status >= 300 && status < 400);
      // Only the route's own answers carry this header.
      const own = answer.headers["x-robots-tag"] !== undefined && ![502, 503, 504].includes(status);
      resolve(door || own ? undefined : `status ${status}`);
    });
    asked.on("error", (error) => {
      resolve(error.message);
    });
    asked.end();
  });
}
