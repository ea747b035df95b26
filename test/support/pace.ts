import { setTimeout as sleep } from "node:timers/promises";

/** Looks until something holds, and notes how slow this machine was meanwhile. */
export interface Watched {
  readonly holds: boolean;
  /** Milliseconds that the slowest look took, with how late its timer was. */
  readonly slowest: number;
}

const EVERY_MS = 300;

/** @param patienceMs after which it is given up. */
export async function watchUntil(holds: () => Promise<boolean>, patienceMs: number): Promise<Watched> {
  const giveUp = performance.now() + patienceMs;
  for (let slowest = 0; ;) {
    const began = performance.now();
    if (await holds()) return { holds: true, slowest };
    if (began > giveUp) return { holds: false, slowest };
    await sleep(EVERY_MS);
    slowest = Math.max(slowest, performance.now() - began - EVERY_MS);
  }
}
