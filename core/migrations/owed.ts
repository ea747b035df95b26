import { COLORS } from "../rollout/color";
import type { ActualRollout } from "../rollout/plan";
import { findHold } from "../rollout/record";
import { describeRelease } from "../rollout/release";
import type { MigrationNotes } from "./note";

/**
 * Releases whose `down` is to run, in the order in which it is to: what was done last is taken back first. It is owed by a
 * release that asked for it, that has no traffic, and that
 * - is held: it failed, or somebody went back from it; or
 * - never went live, while another one is wanted.
 *
 * Never by one that the live release was deployed after: that may build on it.
 * @param wanted release that is to go live next; absent when none is.
 */
export function owedDowns(notes: MigrationNotes, actual: ActualRollout, wanted?: string): readonly string[] {
  const { record } = actual;
  const neverLive = (id: string) => !record.deployments.some(({ release }) => release.id === id);
  return [...notes]
    .filter(([id, { state, work }]) => {
      const toTakeBack = (state === "up" || state === "down failed") && work.downOnRestore && work.down !== undefined;
      return toTakeBack && id !== wanted && !isInUse(actual, id);
    })
    .filter(([, { since }]) => record.current <= since)
    .filter(([id]) => findHold(record, id) !== undefined || (wanted !== undefined && neverLive(id)))
    .sort(([, a], [, b]) => b.serial - a.serial)
    .map(([id]) => id);
}

/** The same for people, by tag and id. */
export const describeOwed = (notes: MigrationNotes, actual: ActualRollout): readonly string[] =>
  owedDowns(notes, actual).map((id) => describeRelease({ id, tag: notes.get(id)?.tag ?? id }));

/** Whether a release has traffic, is on its way to it, or waits for it: then its `down` never runs. */
export function isInUse({ live, weights, colors, record }: ActualRollout, release: string): boolean {
  if (record.move?.release === release || record.scheduled?.release === release) return true;
  return COLORS.some(
    (color) => colors[color]?.release.id === release && (live === color || (weights?.[color] ?? 0) > 0),
  );
}
