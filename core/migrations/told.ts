import type { FactPlace } from "../ledger/facts";
import type { LedgerFact } from "../ledger/entry";
import type { MigrationNote, MigrationNotes } from "./note";
import type { Direction } from "./step";

/** A run that is about to begin or has ended. */
interface RunFact {
  readonly event: "migrating" | "migrated" | "migration-failed";
  readonly direction: Direction;
  readonly run: number;
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
}

/** What a ledger says of one run. No weights are in it: a migration moves no traffic. */
export function factOfRun(
  { service, namespace }: FactPlace,
  release: string,
  { tag, work }: Pick<MigrationNote, "tag" | "work">,
  { event, direction, run, at, by }: RunFact,
): LedgerFact {
  return {
    ...{ event, at, by, service, namespace },
    release: { id: release, tag, image: null },
    weights: { before: null, after: null },
    ...{ gates: [], decisions: [] },
    reason: `${direction}, with ${work.image}`,
    origin: `migration of ${release}, run ${run}`,
  };
}

/** Ends of runs that the ledger was not told of, in the order in which they came. */
export const owedFacts = (place: FactPlace, notes: MigrationNotes): readonly LedgerFact[] =>
  [...notes]
    .flatMap(([release, note]) =>
      note.ended.map(({ failed, ...end }) =>
        factOfRun(place, release, note, { event: failed ? "migration-failed" : "migrated", ...end }),
      ),
    )
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
