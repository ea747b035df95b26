import { describeRelease } from "../../core/rollout/release";
import type { Log, Properties, ResourceHandler } from "../../platform/rpc";
import { refuseFrozen } from "../freeze/refuse";
import { downText, migratorOf } from "../migration/takeBack";
import { journalOf } from "../rollout/journal";
import { NoteStore } from "../migration/noteStore";
import { owedDowns } from "../../core/migrations/owed";
import type { Session } from "../session";
import { resourceId, splitId } from "./id";
import { inputFailures, migrationInputs, parseInputs } from "./inputs";
import { liveRelease, movedProperties } from "./live";

/**
 * `hms:rollout:Migration`: creating or updating it brings the database to a release, before a pod of it runs. What a
 * release without traffic is to take back is taken back first.
 */
export function migration(session: Session): ResourceHandler {
  const migrate = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const { service, namespace, release, tag, freeze, work } = parseInputs(migrationInputs, inputs);
    const store = session.store(service, namespace);
    const isHeld = session.held(store) !== undefined;
    const lease = await session.lease(store, signal);
    const note = journalOf(session.kube, store, lease, release);
    const progress = (message: string) => {
      log.status(message);
    };
    try {
      const migrator = migratorOf({ session, store, lease, note, progress });
      const taken = await migrator.downs(release, signal);
      if (taken.length > 0) log.info(`${service}: ${downText(taken)}`);
      if (work === undefined) return inputs;
      // Asked when the lease was taken too, but an image may have been built for minutes since.
      const permit = () => refuseFrozen(session, service, namespace, freeze, "nothing was migrated", signal);
      const ran = await migrator.up({ id: release, tag }, work, signal, permit);
      log.status(ran ? `up of ${tag} has run` : `up of ${describeRelease({ id: release, tag })} ran before`);
      return inputs;
    } finally {
      // Without a move nobody else in this update gives it back.
      if (!isHeld) await session.releaseLease(store).catch(() => undefined);
    }
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(migrationInputs, news) }),
    async diff({ olds, news }) {
      const moved = movedProperties(olds, news);
      const { service, namespace, release } = parseInputs(migrationInputs.omit({ work: true }).loose(), news);
      const [notes, { actual }] = await Promise.all([
        new NoteStore(session.kube, service, namespace).read(),
        session.store(service, namespace).read(),
      ]);
      // Shown as a change although nothing that was written down is another: somebody went back, or a watcher did.
      if (moved.changes || owedDowns(notes, actual, release).length === 0) return moved;
      return { ...moved, changes: true, detailed: { release: { kind: "update" } } };
    },
    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const id = resourceId(parseInputs(migrationInputs, inputs));
      return { id, outputs: await migrate(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async update({ inputs, preview, signal, log }) {
      return { outputs: preview ? inputs : await migrate(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const { actual } = await session.store(service, namespace).read();
      const live = liveRelease(actual);
      if (!live) return undefined; // nothing is live, so it is looked at again whether its up has run
      return { id, inputs: { ...inputs, ...live }, outputs: { ...olds, ...live }, refreshBeforeUpdate: true };
    },
    /** What was done to the database stays done, and so do the notes of it; they go with the namespace. */
    delete: () => undefined,
  };
}
