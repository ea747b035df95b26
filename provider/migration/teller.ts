import type { LedgerFact } from "../../core/ledger/entry";
import type { MigrationNote } from "../../core/migrations/note";
import type { Direction } from "../../core/migrations/step";
import { factOfRun, owedFacts } from "../../core/migrations/told";
import { messageOf, Refusal } from "../rollout/errors";
import type { NoteStore } from "./noteStore";

/** Keeps facts for good. */
export type Tell = (facts: readonly LedgerFact[]) => Promise<void>;

/** Tells the ledger of the migrations of one service. Ends of runs wait in the notes until it has them. */
export class Teller {
  /** @param tell absent where there is no ledger: ends wait for whoever has one. */
  constructor(
    private readonly place: { readonly service: string; readonly namespace: string },
    private readonly notes: Pick<NoteStore, "read" | "write">,
    private readonly tell: Tell | undefined,
    private readonly progress: (message: string) => void,
  ) {}

  /**
   * That a run is about to begin, after everything that is owed. One of `down`, which belongs to a way back, is not kept
   * from it by the ledger. @throws Refusal for an `up` that cannot be recorded.
   */
  async beginning(release: string, note: MigrationNote, direction: Direction, run: number, by: string): Promise<void> {
    const { place } = this;
    const fact = factOfRun(place, release, note, { event: "migrating", direction, run, at: note.at, by });
    try {
      await this.tell?.([...owedFacts(place, await this.notes.read()), fact]);
    } catch (error) {
      if (direction === "up")
        throw new Refusal(
          `${place.service}: the migration cannot be recorded, and none begins without a record: ${messageOf(error)}`,
        );
      this.progress(`${direction} of ${note.tag}: going on without the ledger: ${messageOf(error)}`);
    }
  }

  /** Of ends that it does not know. What fails now is done by the next command. */
  async owed(): Promise<void> {
    if (!this.tell) return;
    const notes = await this.notes.read();
    const owed = owedFacts(this.place, notes);
    if (owed.length === 0) return;
    try {
      await this.tell(owed);
    } catch (error) {
      this.progress(`the ledger was not told of a migration (the next command tries again): ${messageOf(error)}`);
      return;
    }
    for (const [id, note] of notes) if (note.ended.length > 0) await this.notes.write(id, { ...note, ended: [] });
  }
}
