import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { messageOf } from "../rollout/errors";

/** Where users connect, as reached from here, and the name they ask for. */
export interface Door {
  readonly address: string;
  readonly port: number;
  readonly host: string;
}

const TIMEOUT_MS = 5000;
/** Right answers in a row, each on a connection of its own: of several gateway instances each is asked. */
const ANSWERS_IN_A_ROW = 8;
const DEADLINE_MS = 15_000;

/** Serial number of the certificate that a new connection is shown. @throws Error when none is. */
export function servedSerial({ address, port, host }: Door, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // Looked at, not believed: whoever asks for a service trusts its authority, this only wants to know which is shown.
    const socket = connect({ host: address, port, servername: host, rejectUnauthorized: false });
    const stop = () => socket.destroy(new Error("cancelled"));
    signal?.addEventListener("abort", stop, { once: true });
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy(new Error(`${address}:${port} showed no certificate within ${TIMEOUT_MS / 1000} s`));
    });
    socket.once("secureConnect", () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.end();
      resolve(serialNumber);
    });
    socket.once("error", reject);
    socket.once("close", () => {
      signal?.removeEventListener("abort", stop);
      reject(new Error(`${address}:${port} closed the connection`));
    });
  });
}

/** Waits until new connections are shown that certificate and no other. @throws Error with what was shown last. */
export async function untilServed(door: Door, serial: string, signal?: AbortSignal): Promise<number> {
  const begun = performance.now();
  let shown = "nothing";
  for (let inARow = 0; performance.now() - begun < DEADLINE_MS;) {
    signal?.throwIfAborted();
    shown = await servedSerial(door, signal).catch((error: unknown) => `nothing (${messageOf(error)})`);
    inARow = shown === serial ? inARow + 1 : 0;
    if (inARow === ANSWERS_IN_A_ROW) return Math.round(performance.now() - begun);
    // Stopped while it sleeps: the next round says why.
    if (inARow === 0) await sleep(50, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
  throw new Error(
    `${door.host}: the gateway did not show the certificate ${serial} within ${DEADLINE_MS / 1000} s, but ${shown}`,
  );
}
