import { z } from "zod";

/**
 * The boundaries of a rollout: the points between two effects on the world, in the order in which it comes to them. A
 * mover notes each in the journal when it gets there, so that a process that died can be found to have died between two
 * of them. What to put back is told by the record on the route, written in the same patch as the weights; the journal
 * decides nothing, it tells.
 */
const BEFORE_THE_MOVE = [
  /** The idle color is emptied next, where another release comes to it. */
  "lease-taken",
  "color-emptied",
  /** Workload and Service stand; verification asks them next. */
  "workload-up",
  /** Chaos comes next, where it is asked for; then that the release is proven is noted on its workload. */
  "verification-passed",
  "proven",
  /** Nothing speaks against the move, and whoever watches it from outside is there. */
  "armed",
] as const;

/** Those of them that a release which stands proven has behind it. */
const OF_A_NEW_COLOR: readonly string[] = ["color-emptied", "workload-up", "verification-passed", "proven"];

const OF_A_STEP = [
  /** The step's weights are written next. */
  "begun",
  "written",
  /** The gateway was seen to work with them; gates look next. */
  "in-force",
  "passed",
] as const;

/** How a move ends: with all the traffic moved, waiting for its promotion, or with the traffic back. */
type End = "committed" | "parked" | "restored";

/** Everything is written; the lease is given back next. */
const LAST = "lease-returning";

/**
 * Only where the release has a migration, after "color-emptied": its Job is there, has ended well, and that is noted.
 * A release that stands proven comes to them too, if its migration was taken back meanwhile.
 */
export const MIGRATION_BOUNDARIES = ["migration-started", "migration-ran", "migrated"] as const;
type MigrationBoundary = (typeof MIGRATION_BOUNDARIES)[number];

type StepPhase = (typeof OF_A_STEP)[number];
export type Boundary =
  | (typeof BEFORE_THE_MOVE)[number]
  /** Only where chaos is asked for: the color came through it and is whole again, and that is noted on its workload. */
  | "chaos-survived"
  | MigrationBoundary
  | `step-${number}-${StepPhase}`
  | End
  | typeof LAST;

/** @param index of the step in its strategy, from 0; people count from 1. */
export const stepBoundary = (index: number, phase: StepPhase): Boundary => `step-${index + 1}-${phase}`;

/** Every boundary that a new release comes to when all goes well, in order. */
export function boundariesOf(steps: number, end: End = "committed"): readonly Boundary[] {
  const indexes = Array.from({ length: steps }, (_, index) => index);
  const ofSteps = indexes.flatMap((index) => OF_A_STEP.map((phase) => stepBoundary(index, phase)));
  return [...BEFORE_THE_MOVE, ...ofSteps, end, LAST];
}

/** The boundaries of a move whose release stands proven already: a promotion, or a way back. */
export const boundariesOfMove = (steps: number): readonly Boundary[] =>
  boundariesOf(steps).filter((boundary) => !OF_A_NEW_COLOR.includes(boundary));

/** Whether traffic moves right after it: where that cannot be noted, it does not move. */
export const isIntent = (boundary: Boundary): boolean => boundary.endsWith("-begun");

const entrySchema = z.object({
  at: z.string(),
  boundary: z.string(),
  /** Fencing token of the lease under which it was noted: another one is another process. */
  token: z.number().int(),
  release: z.string(),
});

export type JournalEntry = Readonly<z.infer<typeof entrySchema>>;
export type Journal = readonly JournalEntry[];

/** Enough for the longest sensible strategy and for what an earlier, dead mover left; an annotation is small. */
export const KEPT_ENTRIES = 60;

/** The newest entry last. What cannot be read counts as nothing: no decision is made by it. */
export function parseJournal(text: string | undefined): Journal {
  if (text === undefined) return [];
  try {
    return z.array(entrySchema).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

export const withEntry = (journal: Journal, entry: JournalEntry): Journal => [...journal, entry].slice(-KEPT_ENTRIES);
