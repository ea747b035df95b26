import { setTimeout as sleep } from "node:timers/promises";
import type { Color } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import { probeHeader } from "../../core/rollout/route";
import type { DataPlane } from "./dataPlane";
import { messageOf, Refusal } from "./errors";
import type { RolloutStore } from "./store";

export interface EmptyParts {
  readonly store: RolloutStore;
  readonly dataPlane: DataPlane;
  readonly progress: (message: string) => void;
}

/** Unanswered questions in a row before the gateway counts as knowing no pod of the color any more. */
const SILENCES_IN_A_ROW = 4;
const DEADLINE_MS = 20_000;

/**
 * Takes the idle color's workload away before another release comes up there, and waits until neither the Service nor
 * the gateway knows a pod of it. Old pods that go on answering for a moment would be taken for the new release: a bad
 * one would be proven by them, and a good one refused.
 * @throws Refusal when the color has traffic, or the gateway does not let go of it.
 */
export async function emptyColor(
  parts: EmptyParts,
  { color, release, healthPath }: { readonly color: Color; readonly release: string; readonly healthPath: string },
  signal: AbortSignal,
): Promise<void> {
  const { store, progress } = parts;
  const { actual } = await store.read();
  const share = actual.weights?.[color] ?? 0;
  if (actual.live === color || share > 0)
    throw new Refusal(`${store.service}: ${color} has traffic, it cannot be emptied`);
  const standing = actual.colors[color];
  if (standing && !standing.missing) {
    if (standing.release.id === release) return; // tried again: whoever answers is of this release already
    progress(`emptying ${color} of ${standing.release.tag}`);
    await store.removeWorkload(color);
  }
  const giveUp = performance.now() + DEADLINE_MS;
  while ((await store.readyEndpoints(color)) > 0) {
    if (performance.now() > giveUp)
      throw new Refusal(`${store.service}: pods of ${color} are still ready behind its Service`);
    await sleep(50, undefined, { signal });
  }
  const token = await store.probeToken();
  if (token !== undefined)
    await silent(
      parts,
      color,
      { path: healthPath, headers: { [HEADER.probe]: probeHeader(color, token) } },
      giveUp,
      signal,
    );
}

async function silent(
  { store, dataPlane }: EmptyParts,
  color: Color,
  question: { readonly path: string; readonly headers: Readonly<Record<string, string>> },
  giveUp: number,
  signal: AbortSignal,
): Promise<void> {
  let inARow = 0;
  let last = "";
  while (inARow < SILENCES_IN_A_ROW) {
    if (performance.now() > giveUp) {
      throw new Refusal(`${store.service}: the gateway still reaches pods of ${color} that are gone (${last})`);
    }
    try {
      const { status } = await dataPlane.ask({ ...question, signal });
      last = `status ${status}`;
      // A pod that was ready answered its health path with success, so any failure is the gateway's own.
      inARow = status >= 500 ? inARow + 1 : 0;
    } catch (error) {
      signal.throwIfAborted();
      last = messageOf(error);
      inARow = 0;
    }
    await sleep(20, undefined, { signal });
  }
}
