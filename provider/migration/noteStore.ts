import { asObject, asString } from "../../core/json";
import { notesWith, parseNotes, type MigrationNote, type MigrationNotes } from "../../core/migrations/note";
import { FIELD_MANAGER, migrationNotesName } from "../../core/rollout/names";
import type { KubeClient } from "../../platform/kube/client";
import { isConflict } from "../../platform/kube/errors";

/**
 * What is known of the migrations of one service: a ConfigMap with a key for each release. It goes with its namespace and
 * with nothing less, for what was done to a database stays done.
 */
export class NoteStore {
  constructor(
    private readonly kube: KubeClient,
    private readonly service: string,
    private readonly namespace: string,
  ) {}

  async read(): Promise<MigrationNotes> {
    return (await this.look()).notes;
  }

  /** Writes one note; the others stay. Whoever else writes in between is not overwritten. */
  async write(release: string, note: MigrationNote): Promise<void> {
    for (;;) {
      const { notes, version } = await this.look();
      const { ref, where: _where, ...object } = this.object();
      const metadata = { ...object.metadata, ...(version === undefined ? {} : { resourceVersion: version }) };
      try {
        await this.kube.apply(
          { apiVersion: ref.apiVersion, kind: ref.kind, metadata, data: notesWith(notes, release, note) },
          { fieldManager: FIELD_MANAGER.migration, force: true },
        );
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  private async look(): Promise<{ readonly notes: MigrationNotes; readonly version: string | undefined }> {
    const { ref, where } = this.object();
    const found = await this.kube.get(ref);
    const data = Object.entries(asObject(found?.data) ?? {}).map(([key, value]) => [key, asString(value) ?? ""]);
    return {
      notes: parseNotes(Object.fromEntries(data) as Record<string, string>, where),
      version: found?.metadata.resourceVersion,
    };
  }

  private object() {
    const name = migrationNotesName(this.service);
    const { namespace } = this;
    return {
      ref: { apiVersion: "v1", kind: "ConfigMap", name, namespace },
      metadata: { name, namespace },
      where: `ConfigMap ${namespace}/${name}`,
    };
  }
}
