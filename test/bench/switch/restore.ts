import type { Color } from "../../../core/rollout/color";
import type { Notes } from "./notes";
import type { Stage } from "./stage";
import type { Traffic } from "./traffic";

/** For requests that were under way to get their answers. */
export const STRAGGLERS_MS = 2000;

/**
 * Notes how long users still met the release that lost its share. The record dates the decision, before the patch is
 * written; the load saw the answers, by the same machine's clock.
 */
export async function noteRestore(stage: Stage, traffic: Traffic, notes: Notes, left: Color): Promise<void> {
  await stage.pause(STRAGGLERS_MS);
  const { record } = await stage.actual();
  const decided = record.events.findLast(({ kind }) => kind === "restore");
  if (!decided) throw new Error("the record tells of no restore");
  const { at, quickAt } = traffic.tally.lastAnswer(left);
  const since = Date.parse(decided.at);
  notes.restoreMs.push(Math.max(0, quickAt - since));
  notes.drainMs.push(Math.max(0, at - since));
}
