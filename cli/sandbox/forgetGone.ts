import { reasonOf } from "../../platform/errors";
import { destroy } from "./destroy";
import { knownStacks, type KnownStack } from "./engine";
import { standingSandboxes } from "./place";
import { readStackFile, sandboxFiles } from "./stackFile";
import type { SandboxSession } from "./session";

/** A creation may be on its way to its first object. */
const YOUNG_MS = 5 * 60_000;

/**
 * Removes records and files of sandboxes that the cluster has nothing of any more: its own reaper cannot reach the
 * engine's records. Whatever somebody works on, or has just begun, stays. @returns their names.
 */
export async function forgetGone(session: SandboxSession): Promise<readonly string[]> {
  const { place, engine, removers } = session;
  const [stacks, clones] = await Promise.all([knownStacks(engine), removers.databases.list(engine.signal)]);
  const standing = await standingSandboxes(place, engine.signal);
  const there = new Set([...standing.map(({ name }) => name), ...clones]);
  const names = new Set([...stacks.map(({ name }) => name), ...sandboxFiles(place)]);
  const forgotten: string[] = [];
  for (const name of [...names].sort()) {
    if (
      there.has(name) ||
      isYoung(
        session,
        name,
        stacks.find((one) => one.name === name),
      )
    )
      continue;
    try {
      await destroy(place, name, removers, engine);
      forgotten.push(name);
    } catch (error) {
      engine.signal.throwIfAborted();
      engine.onLine(reasonOf(error));
    }
  }
  return forgotten;
}

function isYoung({ place }: SandboxSession, name: string, stack: KnownStack | undefined): boolean {
  if (stack?.busy === true) return true;
  const since = Date.now() - YOUNG_MS;
  try {
    const created = readStackFile(place, name)?.identity.createdAt;
    if (created !== undefined) return created.getTime() > since;
  } catch {
    // A file that cannot be read is no reason to keep it.
  }
  return stack?.lastUpdate !== undefined && Date.parse(stack.lastUpdate) > since;
}
