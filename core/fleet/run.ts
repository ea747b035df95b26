import type { Waves } from "./waves";

/** Waves of members that are updated each for itself, so that some may fail. */
export interface FleetWaves extends Waves {
  /** So many members may fail before no further one is begun. */
  readonly maxFailures: number;
}

/** How a member of a fleet's run stands. `undone`: it was updated, and taken back because others failed. */
export type Outcome = "waiting" | "running" | "done" | "failed" | "undone";

export interface Next {
  /** Members to begin now. */
  readonly start: readonly string[];
  /** A wave (from 0) is whole, and is to be watched so many seconds before the next one begins. */
  readonly soak?: { readonly wave: number; readonly seconds: number };
  /** Nothing is left to begin or to wait for. */
  readonly over: boolean;
  /** Why later waves do not begin; absent: they do. */
  readonly stopped?: string;
}

/**
 * What comes next in a run. Pure: it may be asked again and again, after an interruption too.
 * @param outcomes of the members that were begun; the others wait.
 * @param soaked number of waves whose soak is over.
 * @param parallel so many members run at once.
 */
export function nextOf(
  waves: FleetWaves,
  outcomes: ReadonlyMap<string, Outcome>,
  soaked: number,
  parallel: number,
): Next {
  const stateOf = (member: string): Outcome => outcomes.get(member) ?? "waiting";
  const membersIn = (outcome: Outcome): string[] => waves.order.flat().filter((member) => stateOf(member) === outcome);
  const running = membersIn("running").length;
  const failed = membersIn("failed");
  if (failed.length > waves.maxFailures)
    return { start: [], over: running === 0, stopped: `${failed.join(", ")} failed; ${waves.maxFailures} may` };
  const current = waves.order.findIndex((wave) => wave.some((member) => /waiting|running/.test(stateOf(member))));
  const wave = waves.order[current];
  if (wave === undefined) return { start: [], over: true };
  const waiting = wave.filter((member) => stateOf(member) === "waiting");
  const isBegun = waiting.length < wave.length;
  if (current > 0 && !isBegun && soaked < current)
    return { start: [], soak: { wave: current - 1, seconds: waves.soakSeconds }, over: false };
  return { start: waiting.slice(0, Math.max(0, parallel - running)), over: false };
}

/** One line of a run's table. */
export interface Row {
  readonly member: string;
  readonly wave: number;
  readonly outcome: Outcome;
  /** How long it took; `null` where it did not run now. */
  readonly seconds: number | null;
  /** Why it failed, or what is live now; one line. */
  readonly said: string;
}

/** The table of a run, for people: every member, in the order of the waves. */
export function runTable(rows: readonly Row[]): string[] {
  const cells = rows.map(({ member, wave, outcome, seconds, said }) => [
    `wave ${wave + 1}`,
    member,
    outcome === "waiting" ? "not begun" : outcome,
    seconds === null ? "" : `${Math.round(seconds)} s`,
    said.replace(/\s*\n\s*/g, " "),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) =>
        column === 4 ? cell : column === 3 ? cell.padStart(widths[3] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
