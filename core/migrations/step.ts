import type { MigrationNote } from "./note";

export type Direction = "up" | "down";

/** A run as its Job tells. */
export interface RunSeen {
  /** Name of its Job. */
  readonly job: string;
  readonly direction: Direction;
  /** Runs of a release are counted from 1, whatever their direction. */
  readonly run: number;
  readonly state: "active" | "complete" | "failed";
}

/**
 * - `done`: it is known that the database is where it is wanted.
 * - `wait`: a run is under way, by whomever it was started.
 * - `note`: a run has ended and that is not written down yet. The Job is the proof, so it is kept until it is.
 * - `start`: nothing is under way and nothing unknown; a run with this number may begin.
 */
export type MigrationStep =
  | { readonly kind: "done" }
  | { readonly kind: "wait"; readonly seen: RunSeen }
  | { readonly kind: "note"; readonly seen: RunSeen }
  | { readonly kind: "start"; readonly run: number };

/** What comes next for one release. Pure: the same note and Jobs give the same step, in whichever process asks. */
export function nextStep(
  note: Pick<MigrationNote, "state" | "run"> | undefined,
  runs: readonly RunSeen[],
  wanted: Direction,
): MigrationStep {
  const known = note?.run ?? 0;
  const [newest] = runs.filter(({ run }) => run > known).sort((a, b) => b.run - a.run);
  if (newest) return newest.state === "active" ? { kind: "wait", seen: newest } : { kind: "note", seen: newest };
  return note?.state === wanted ? { kind: "done" } : { kind: "start", run: known + 1 };
}

/** A run whose end nobody has written down: of a mover that died, or that was stopped while it ran. */
export const isUnsettled = (note: Pick<MigrationNote, "run">, runs: readonly RunSeen[]): boolean =>
  runs.some(({ run }) => run > note.run);

/** The note after a run that has ended. */
export function noted(
  note: MigrationNote,
  { run, direction, state }: RunSeen,
  { at, by }: { readonly at: string; readonly by: string },
): MigrationNote {
  const failed = state !== "complete";
  const ended = [...note.ended, { run, direction, failed, at, by }];
  return { ...note, run, state: failed ? `${direction} failed` : direction, at, ended };
}
