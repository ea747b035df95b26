import { owedDowns } from "../core/migrations/owed";
import { CancelledError, reasonOf } from "../platform/errors";
import { downText, migratorOf } from "../provider/migration/takeBack";
import { NoteStore } from "../provider/migration/noteStore";
import type { Io } from "./command";
import type { OpenStack } from "./stack";

/**
 * Runs the `down` that releases of the open services owe, now that traffic is where it is to stay. One service's trouble
 * keeps no other from it.
 */
export async function takeBackAll(
  open: OpenStack,
  io: Io,
): Promise<{ readonly taken: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let taken = 0;
  for (const { name } of open.services) {
    const progress = (message: string) => io.err.write(`${name}: ${message}\n`);
    try {
      const releases = await takeBack(open, name, io.signal, progress);
      if (releases.length > 0) io.out.write(`${name}: ${downText(releases)}\n`);
      taken += releases.length;
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      failures.push(reasonOf(error));
    }
  }
  return { taken, failures };
}

async function takeBack(
  { config, session }: OpenStack,
  service: string,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<readonly string[]> {
  const store = session.store(service, config.namespace);
  const [notes, { actual }] = await Promise.all([
    new NoteStore(session.kube, service, config.namespace).read(),
    store.read(),
  ]);
  // Looked at without the lease first: where nothing is owed, nobody is kept from anything.
  if (owedDowns(notes, actual).length === 0 && ![...notes.values()].some(({ state }) => state === "begun")) return [];
  const lease = await session.lease(store, signal);
  try {
    return await migratorOf({ session, store, lease, progress }).downs(undefined, signal);
  } finally {
    await session.releaseLease(store).catch(() => undefined); // a lease that cannot be given back expires
  }
}

/** Whether what a release needs done to its database is not done any more, so that it cannot simply get its traffic back. */
export async function lacksMigration(
  { config, session }: OpenStack,
  service: string,
  release: string,
): Promise<boolean> {
  const note = (await new NoteStore(session.kube, service, config.namespace).read()).get(release);
  return note !== undefined && note.state !== "up";
}
