import { type Color } from "../../core/rollout/color";
import { withFailure, withGivenUp, withStop, type RolloutRecord } from "../../core/rollout/record";
import { describeRelease } from "../../core/rollout/release";
import { describeSchedule, withCancelled } from "../../core/rollout/scheduled";
import type { DataPlane } from "./dataPlane";
import { Refusal } from "./errors";
import type { Note } from "./journal";
import type { HeldLease } from "./lease";
import { describeRestored, RouteWriter } from "./routeWriter";
import type { RolloutStore } from "./store";

export interface AbandonParts {
  readonly store: RolloutStore;
  readonly lease: HeldLease;
  /** Absent: the data plane is not asked whether it follows. */
  readonly dataPlane?: DataPlane;
  readonly probePath?: string;
  /** Notes that the traffic is back. */
  readonly note?: Note;
  readonly now?: () => Date;
}

export interface Abandoned {
  /** Color that has all the traffic again; `null` when the service was not public before. */
  readonly back: Color | null;
  /** The release that lost its share. */
  readonly release: { readonly id: string; readonly tag: string };
  /** For people: what was done and how long it took. */
  readonly message: string;
}

/**
 * - `failed`: a gate said no, the release may not go live again by itself.
 * - `given up`: a person left it.
 * - `nobody's fault`: its mover died or its time ran out; the next update may try again.
 */
export type Blame = "failed" | "given up" | "nobody's fault";

const BACK = { failed: withFailure, "given up": withGivenUp, "nobody's fault": withStop } as const;

/**
 * Puts the traffic of an unfinished move back by one patch, from any state: moving, parked, or left by a dead mover.
 * Needs the API server and nothing else.
 * @throws Refusal when there is nothing to put back.
 */
export async function abandonMove(parts: AbandonParts, why: string, blame: Blame): Promise<Abandoned> {
  const { store, lease, dataPlane, probePath = "/" } = parts;
  const writer = new RouteWriter(store, lease, parts.now);
  const { actual, shape } = await writer.read();
  const { move } = writer.record;
  if (!move || !shape) throw new Refusal(`${store.service}: no move is under way`);
  const release = releaseOf(actual.colors[move.to]?.release, move.release);
  // Who ends a rollback stays where they are; the release that it went to is as good as before.
  const end = move.intent === "rollback" ? withStop : BACK[blame];
  const ended = end(writer.record, release, { ...writer.act(), reason: why });
  const { scheduled } = ended;
  // A way back to what waits for an instant says nothing of that; a person who gives up means all of it.
  const isGivenUp = scheduled !== undefined && blame === "given up";
  const back: RolloutRecord = isGivenUp ? withCancelled(ended, { ...writer.act(), reason: why }) : ended;
  await writer.putBack(shape, back);
  await parts.note?.("restored");
  const where = await describeRestored(writer, back.live, dataPlane, probePath);
  return {
    back: back.live,
    release,
    message:
      `${store.service}: ${why}; ${where}; ${describeRelease(release)} has no traffic` +
      (isGivenUp ? `; ${describeSchedule(scheduled)}, does not go live then` : ""),
  };
}

const releaseOf = (found: { readonly id: string; readonly tag: string } | undefined, id: string) =>
  found?.id === id ? { id, tag: found.tag } : { id, tag: id };
