import { otherColor, type Color, type Weights } from "./color";
import { zonedText } from "../schedule/zone";
import { describeHold, findHold, type Hold, type RolloutRecord, type Scheduled } from "./record";
import { describeRelease, type BoundRelease, type Release } from "./release";

/** What one color is at this moment, as far as the cluster and the record know. */
export interface ColorFact {
  readonly release: BoundRelease;
  /** Pods that answer. */
  readonly ready: number;
  /** Pods asked for. */
  readonly desired: number;
  /** The release passed its Verification on this color. */
  readonly proven: boolean;
  /** Set: its pods read the mutable ConfigMap of their color, as an earlier version made them. */
  readonly sharedConfigMap?: true;
  /** The Deployment itself is gone; the release is known from the record. */
  readonly missing: boolean;
  /** Beside which releases of needed services it was proven, in words. */
  readonly provenWith?: readonly string[];
}

/** What is, read from the cluster. */
export interface ActualRollout {
  /** The color with the traffic; `null` before the first release. */
  readonly live: Color | null;
  readonly weights: Weights | null;
  /** Present when the weights on the route are not those that we last wrote. */
  readonly foreign: { readonly weights: Weights; readonly writer: string } | null;
  readonly colors: { readonly blue: ColorFact | null; readonly green: ColorFact | null };
  readonly record: RolloutRecord;
}

/** What is wanted. */
export interface Wish {
  readonly release: Release;
  /** Lifts a hold on just this release. */
  readonly retry: boolean;
  /** Earliest instant of its move, as it was said and, where that can be told now, as ISO 8601. */
  readonly schedule?: { readonly text: string; readonly at?: string };
  /** Set: it goes back, which waits for no instant that was said before either. */
  readonly goesBack?: true;
}

/** The release a color is to run; `image` is absent until it is built. */
export type PlannedColor = Release & { readonly image?: string };

/**
 * - `first`: no release is live yet.
 * - `settled`: the wish is live.
 * - `switch`: the idle color stands proven with the wish; only weights move.
 * - `deploy`: the idle color gets the wish, then the weights move.
 * - `scheduled`: the wish stands proven and waits for the instant that was said before; nothing moves, nothing changes.
 * - `parked`: the wish waits at a smaller weight for its promotion; nothing moves, nothing changes.
 * - `kept`: somebody rolled back from the wish; the live release stays, with a warning.
 * - `refused`: the wish failed its gates; nothing may be built or moved.
 */
export type PlanKind = "first" | "settled" | "switch" | "deploy" | "scheduled" | "parked" | "kept" | "refused";

export interface RolloutPlan {
  readonly kind: PlanKind;
  /** The color that is to be live when the plan is done. */
  readonly live: Color;
  /** The color that is live now. */
  readonly from: Color | null;
  readonly colors: { readonly blue: PlannedColor | null; readonly green: PlannedColor | null };
  /** The color whose workload the plan may change; `null` when none. Never the live one. */
  readonly changes: Color | null;
  readonly hold: Hold | null;
  /** Percent of the traffic that the color which is not live keeps, while its move is parked. */
  readonly parkedShare?: number;
  /** One sentence for the plan's reader. */
  readonly why: string;
}

/** Decides which color runs what and which is to be live. Pure: the same facts and wish give the same plan. */
export function planRollout(actual: ActualRollout, wish: Wish): RolloutPlan {
  const { live } = actual;
  const wanted = describeRelease(wish.release);
  const hold = wish.retry ? undefined : findHold(actual.record, wish.release.id);
  const asIs = { blue: planned(actual.colors.blue), green: planned(actual.colors.green) };

  if (live !== null && actual.colors[live]?.release.id === wish.release.id) {
    return {
      kind: "settled",
      live,
      from: live,
      colors: asIs,
      changes: null,
      hold: null,
      why: `${wanted} is live on ${live}`,
    };
  }
  const waiting = keptSchedule(actual, wish);
  if (live !== null && waiting) {
    const when = zonedText(waiting.at, waiting.zone);
    const why = `${wanted} stands proven on ${waiting.color} and is scheduled for ${when}`;
    return { kind: "scheduled", live, from: live, colors: asIs, changes: null, hold: null, why };
  }
  if (hold?.kind === "failed") {
    const colors = live === null ? { blue: null, green: null } : asIs;
    return { kind: "refused", live: live ?? "blue", from: live, colors, changes: null, hold, why: describeHold(hold) };
  }
  if (live === null) {
    const colors = { blue: bindIfSame(wish.release, actual.colors.blue), green: null };
    return {
      kind: "first",
      live: "blue",
      from: null,
      colors,
      changes: "blue",
      hold: null,
      why: `first release: ${wanted}`,
    };
  }
  if (hold) {
    return { kind: "kept", live, from: live, colors: asIs, changes: null, hold, why: describeHold(hold) };
  }
  const idle = otherColor(live);
  const parked = parkedShare(actual, idle);
  if (parked !== undefined && actual.record.move?.release === wish.release.id && !wish.retry) {
    const until = actual.record.move.parked?.until ?? "";
    const why = `${wanted} is parked on ${idle} with ${parked} % of the traffic until ${until}`;
    return { kind: "parked", live, from: live, colors: asIs, changes: null, hold: null, parkedShare: parked, why };
  }
  const standing = actual.colors[idle];
  const colors =
    live === "blue"
      ? { ...asIs, green: bindIfSame(wish.release, standing) }
      : { ...asIs, blue: bindIfSame(wish.release, standing) };
  if (standing?.release.id === wish.release.id && standing.proven && !standing.missing) {
    return {
      kind: "switch",
      live: idle,
      from: live,
      colors,
      changes: null,
      hold: null,
      why: `${wanted} stands proven on ${idle}`,
    };
  }
  return { kind: "deploy", live: idle, from: live, colors, changes: idle, hold: null, why: `${idle} gets ${wanted}` };
}

/** The schedule that the wish leaves as it is: one of the same release, unless another instant is wanted. */
function keptSchedule(
  { record, live, colors }: ActualRollout,
  { release, schedule, goesBack }: Wish,
): Scheduled | undefined {
  const { scheduled } = record;
  if (!scheduled || goesBack || scheduled.release !== release.id || scheduled.color === live) return undefined;
  const standing = colors[scheduled.color];
  if (standing?.release.id !== release.id || standing.missing) return undefined;
  const same = !schedule || schedule.text === scheduled.text || schedule.at === scheduled.at;
  return same ? scheduled : undefined;
}

/** What the idle color carries while its move waits on purpose. */
function parkedShare({ record, colors }: ActualRollout, idle: Color): number | undefined {
  const { move, weights } = record;
  if (!move?.parked || move.to !== idle || colors[idle]?.release.id !== move.release) return undefined;
  return weights[idle] > 0 && weights[idle] < 100 ? weights[idle] : undefined;
}

const planned = (fact: ColorFact | null): PlannedColor | null => (fact ? fact.release : null);

/** A color that runs the wish already keeps its image: nothing has to be built or looked up for it. */
const bindIfSame = (release: Release, fact: ColorFact | null): PlannedColor =>
  fact?.release.id === release.id ? { ...release, image: fact.release.image } : release;
