import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, RefusedError } from "../errors";
import type { Progress } from "../progress";
import { isCurrent, runningDaemon, startDaemon, stopDaemon, tailOf } from "./daemon";
import type { Layout } from "./layout";
import type { Part } from "./part";
import { isAlive } from "./procfs";
import type { Verdict } from "./probe";

/** How a part was found: as it should be, or what has to be done about it. */
export type Finding = "healthy" | "stopped" | "outdated" | { readonly sick: string };

/** Longest time a part may take from its start until it answers. */
const START_MS = 90_000;
/** A process that runs but does not answer may just be starting, or busy. */
const PATIENCE_MS = 5_000;
/** What a killed process leaves holds up its successor for a moment: its children, its port, its lock naming a corpse. */
const STARTS = 3;
const BETWEEN_STARTS_MS = 1_000;

export async function examine(layout: Layout, part: Part): Promise<Finding> {
  const record = runningDaemon(layout, part.name);
  if (record === undefined) return "stopped";
  if (!isCurrent(record, part.spec())) return "outdated";
  const verdict = await part.probe();
  return verdict === undefined ? "healthy" : { sick: verdict };
}

/** Brings one part to health, doing no more than it takes. Its `needs` must be healthy already. */
export async function repair(
  layout: Layout,
  part: Part,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<"unchanged" | "started" | "restarted"> {
  let finding = await examine(layout, part);
  if (finding === "healthy") return "unchanged";
  if (typeof finding === "object" && (await becomesHealthy(part.probe, PATIENCE_MS, signal)) === undefined)
    return "unchanged";
  const fresh = finding === "stopped";
  const why = typeof finding === "object" ? finding.sick : finding === "outdated" ? "its settings changed" : undefined;
  const step = progress.step(why === undefined ? `start ${part.name}` : `restart ${part.name} (${why})`);
  try {
    // What does not answer will hardly tidy up either.
    await stopDaemon(layout, part.name, typeof finding === "object" ? 2_000 : undefined);
    await part.prepare?.();
    const verdict = await start(layout, part, signal);
    finding = verdict === undefined ? "healthy" : { sick: verdict };
    if (verdict !== undefined)
      throw new RefusedError(
        `${part.name} did not become healthy: ${verdict}. Its last words (hms local logs ${part.name}):\n${tailOf(layout, part.name)}`,
      );
    step.done();
    return fresh ? "started" : "restarted";
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error;
  }
}

/** Starts a part, and again if it ends at once. @returns why it is not healthy, if it is not. */
async function start(layout: Layout, part: Part, signal: AbortSignal | undefined): Promise<Verdict> {
  for (let attempt = 1; ; attempt++) {
    const record = startDaemon(layout, part.spec());
    const verdict = await becomesHealthy(part.probe, START_MS, signal, () => isAlive(record));
    if (verdict === undefined || isAlive(record) || attempt === STARTS) return verdict;
    await sleep(BETWEEN_STARTS_MS);
  }
}

/** Waits until a probe is content; the last reason if it never is. */
export async function becomesHealthy(
  probe: () => Promise<Verdict>,
  withinMs: number,
  signal: AbortSignal | undefined,
  stillWorth: () => boolean = () => true,
): Promise<Verdict> {
  const until = Date.now() + withinMs;
  for (let wait = 25; ; wait = Math.min(wait * 1.5, 250)) {
    if (signal?.aborted === true) throw new CancelledError();
    const verdict = await probe();
    if (verdict === undefined) return undefined;
    if (!stillWorth()) return "the process ended";
    if (Date.now() > until) return verdict;
    await sleep(wait);
  }
}

/** Runs each task once all that it needs are done; independent ones at the same time. The first failure is thrown. */
export async function inOrder(
  tasks: readonly { readonly name: string; readonly needs: readonly string[]; readonly run: () => Promise<unknown> }[],
  onWaiting: (names: readonly string[]) => void,
): Promise<void> {
  const running = new Map<string, Promise<unknown>>();
  const waiting = new Set(tasks.map(({ name }) => name));
  for (const task of tasks) {
    const needed = task.needs.map((name) => {
      const before = running.get(name);
      if (before === undefined) throw new Error(`${task.name} needs ${name}, which is not before it`);
      return before;
    });
    const work = Promise.all(needed).then(() => {
      waiting.delete(task.name);
      onWaiting([...waiting]);
      return task.run();
    });
    // Each is awaited below; a failure must not count as unhandled until then.
    work.catch(() => undefined);
    running.set(task.name, work);
  }
  const results = await Promise.allSettled(running.values());
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Forgets what an earlier boot left in the run folder: pid files, sockets, mounts' places, pods' addresses. */
export function forgetEarlierBoot(layout: Layout, bootId: string): void {
  fs.mkdirSync(layout.run, { recursive: true, mode: 0o700 });
  const file = `${layout.run}/boot`;
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === bootId) return;
  fs.rmSync(layout.run, { recursive: true, force: true });
  fs.mkdirSync(layout.run, { recursive: true, mode: 0o700 });
  fs.writeFileSync(file, bootId);
}
